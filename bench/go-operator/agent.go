package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	maxAnswerBytes = 2 << 20
	maxResultBytes = 16 << 10
	defaultPort    = 7777
)

// busyError: the agent runs another task.
type busyError struct{ retryAfter time.Duration }

func (e *busyError) Error() string {
	return fmt.Sprintf("the agent is busy, again in %s", e.retryAfter)
}

type agentClient struct {
	token string
	fence string
	http  *http.Client
}

func newAgentClient(token string, fence int64) *agentClient {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 4
	transport.MaxIdleConns = 0
	return &agentClient{
		token: token,
		fence: strconv.FormatInt(fence, 10),
		http:  &http.Client{Transport: transport, Timeout: 10 * time.Second},
	}
}

type submitRequest struct {
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	Params json.RawMessage `json:"params,omitempty"`
	Ref    reference       `json:"ref"`
}

type reference struct {
	Namespace      string    `json:"namespace"`
	Name           string    `json:"name"`
	UID            types.UID `json:"uid"`
	MaxResultBytes int       `json:"maxResultBytes"`
}

// submit hands a task to the agent of a pod; the same request again is answered the same and runs nothing twice.
func (c *agentClient) submit(ctx context.Context, pod *corev1.Pod, task *NodeTask, id string) error {
	body, err := json.Marshal(submitRequest{
		ID:     id,
		Type:   task.Spec.Type,
		Params: task.Spec.Params,
		Ref:    reference{task.Namespace, task.Name, task.UID, maxResultBytes},
	})
	if err != nil {
		return err
	}
	url := "http://" + net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(portOf(pod))) + "/v0/tasks"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-NodeTask-Fence", c.fence)
	request.Header.Set("X-NodeTask-Pod-UID", string(pod.UID))
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if uid := response.Header.Get("X-NodeTask-Pod-UID"); uid != "" && uid != string(pod.UID) {
		return fmt.Errorf("another pod answers at the address of %s (UID %s)", pod.Name, uid)
	}
	switch {
	case response.StatusCode == http.StatusAccepted:
		return nil
	case response.StatusCode == http.StatusConflict && bytes.Contains(answer, []byte(`"code":"busy"`)):
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return &busyError{max(time.Duration(seconds)*time.Second, 250*time.Millisecond)}
	default:
		return fmt.Errorf("the agent of pod %s answered %s: %.300s", pod.Name, response.Status, answer)
	}
}

// taskID is computed, never remembered: UUIDv5 in the namespace of the NodeTask's UID.
func taskID(task *NodeTask) (string, error) {
	namespace, err := uuid.Parse(string(task.UID))
	if err != nil {
		return "", err
	}
	name, err := json.Marshal([]any{"", task.Spec.Target.PodName, 1})
	if err != nil {
		return "", err
	}
	return uuid.NewSHA1(namespace, name).String(), nil
}

func portOf(pod *corev1.Pod) int {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == "nodetask" {
				return int(port.ContainerPort)
			}
		}
	}
	return defaultPort
}
