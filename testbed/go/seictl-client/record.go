// Sends every request that the Go client of seictl can make to a server that answers 201, and prints what came in. The cases are in a file
// of their own for each version of the client. record.sh puts it together.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/sei-protocol/seictl/sidecar/client"
)

// Name says which fields of the client's struct were set.
type namedCase struct {
	name    string
	request client.TaskRequest
}

type recorded struct {
	Name        string          `json:"name"`
	Method      string          `json:"method"`
	Path        string          `json:"path"`
	ContentType string          `json:"contentType"`
	Body        json.RawMessage `json:"body"`
}

// A call of the client that is no task.
type namedCall struct {
	name string
	call func(context.Context, *client.SidecarClient) error
}

// built refuses what the client itself would refuse to send.
func built(name string, task client.TaskBuilder) namedCase {
	if err := task.Validate(); err != nil {
		fail(fmt.Errorf("%s of %s: %w", name, task.TaskType(), err))
	}
	return namedCase{task.TaskType() + " " + name, task.ToTaskRequest()}
}

func main() {
	var last recorded
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			fail(err)
		}
		last = recorded{Method: r.Method, Path: r.URL.Path, ContentType: r.Header.Get("Content-Type")}
		if len(body) > 0 {
			last.Body = body
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"nodeId":"0123456789012345678901234567890123456789"}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"7b9f3c1e-4f0d-4b57-9d3c-2f6f2f0f6a11"}`)
	}))
	defer server.Close()
	sidecar, err := client.NewSidecarClient(server.URL)
	if err != nil {
		fail(err)
	}
	requests := []recorded{}
	for _, one := range cases() {
		if _, err := sidecar.SubmitTask(context.Background(), one.request); err != nil {
			fail(fmt.Errorf("%s: %w", one.name, err))
		}
		last.Name = one.name
		requests = append(requests, last)
	}
	for _, one := range calls() {
		if err := one.call(context.Background(), sidecar); err != nil {
			fail(fmt.Errorf("%s: %w", one.name, err))
		}
		last.Name = one.name
		requests = append(requests, last)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(map[string]any{"source": os.Args[1:], "requests": requests}); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
