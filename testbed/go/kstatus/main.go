// Judges Kubernetes objects as Flux and Helm 4 do, by the library that both use; with an argument as a Flux Kustomization does that has
// healthCheckExprs, of which the argument is one as JSON: {"current":"…","failed":"…","inProgress":"…"}.
//
// One object as JSON on each line of standard input; on standard output a line for each, in the same order:
// {"status":"Current","message":"…"}. Ends with standard input; an object that cannot be judged ends it with code 1.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	compute := status.Compute
	if len(os.Args) > 1 {
		byExpressions, err := expressions(os.Args[1])
		if err != nil {
			fail(err)
		}
		compute = byExpressions
	}
	if err := judge(compute, os.Stdin, os.Stdout); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "kstatus:", err)
	os.Exit(1)
}

type computeStatus func(*unstructured.Unstructured) (*status.Result, error)

func expressions(text string) (computeStatus, error) {
	var parsed kustomize.HealthCheckExpressions
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, err
	}
	evaluator, err := cel.NewStatusEvaluator(&parsed)
	if err != nil {
		return nil, err
	}
	return func(object *unstructured.Unstructured) (*status.Result, error) {
		return evaluator.Evaluate(context.Background(), object)
	}, nil
}

// judge reads the numbers of an object as the API machinery does: a whole number is an int64, and kstatus ignores a generation of another type.
func judge(compute computeStatus, objects io.Reader, verdicts io.Writer) error {
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
		result, err := compute(object)
		if err != nil {
			return fmt.Errorf("line %d, %s %s: %w", number, object.GetKind(), object.GetName(), err)
		}
		if err := encoder.Encode(verdict{Status: result.Status.String(), Message: result.Message}); err != nil {
			return err
		}
	}
}
