// Judges Kubernetes objects as Flux and Helm 4 do, by the library that both use.
//
// One object as JSON on each line of standard input; on standard output a line for each, in the same order:
// {"status":"Current","message":"…"}. Ends with standard input; an object that cannot be judged ends it with code 1.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := judge(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

// judge reads the numbers of an object as the API machinery does: a whole number is an int64, and kstatus ignores a generation of another type.
func judge(objects io.Reader, verdicts io.Writer) error {
	lines := bufio.NewReader(objects)
	encoder := json.NewEncoder(verdicts)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", number, err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		result, err := status.Compute(object)
		if err != nil {
			return fmt.Errorf("line %d, %s %s: %w", number, object.GetKind(), object.GetName(), err)
		}
		if err := encoder.Encode(verdict{Status: result.Status.String(), Message: result.Message}); err != nil {
			return err
		}
	}
}
