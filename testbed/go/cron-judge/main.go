// Tells when a schedule fires, as the parser of Kubernetes' CronJobs has it.
//
// One question as JSON on each line of standard input: {"cron":"0 3 * * *","timeZone":"Etc/UTC","after":"2026-01-01T00:00:00Z","count":3};
// on standard output a line for each, in the same order: {"times":["…"]} with the next times, or {"error":"…"}. Ends with standard input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

type question struct {
	Cron     string    `json:"cron"`
	TimeZone string    `json:"timeZone"`
	After    time.Time `json:"after"`
	Count    int       `json:"count"`
}

type answer struct {
	Times []time.Time `json:"times,omitempty"`
	Error string      `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fail(err)
		}
		if err := encoder.Encode(times(asked)); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "cron-judge:", err)
	os.Exit(1)
}

func times(asked question) answer {
	zone, err := time.LoadLocation(asked.TimeZone)
	if err != nil {
		return answer{Error: err.Error()}
	}
	schedule, err := cron.ParseStandard(asked.Cron)
	if err != nil {
		return answer{Error: err.Error()}
	}
	// A schedule without a zone of its own fires in that of the time that it is asked with.
	next := asked.After.In(zone)
	found := []time.Time{}
	for range asked.Count {
		if next = schedule.Next(next); next.IsZero() {
			break
		}
		found = append(found, next.UTC())
	}
	if len(found) == 0 {
		return answer{Error: "it never fires"}
	}
	return answer{Times: found}
}
