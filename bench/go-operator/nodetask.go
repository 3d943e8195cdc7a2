package main

import (
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "nodetask.dev", Version: "v1alpha1"}

// NodeTask, as far as this operator reads and writes it.
type NodeTask struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   NodeTaskSpec   `json:"spec"`
	Status NodeTaskStatus `json:"status,omitzero"`
}

type NodeTaskSpec struct {
	Type   string          `json:"type"`
	Target Target          `json:"target"`
	Params json.RawMessage `json:"params,omitempty"`
	Async  json.RawMessage `json:"async,omitempty"`
}

type Target struct {
	PodName string `json:"podName,omitempty"`
}

type NodeTaskStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Fence              int64              `json:"fence"`
	Phase              string             `json:"phase,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	Targets            []TargetStatus     `json:"targets,omitempty"`
	Counts             *Counts            `json:"counts,omitempty"`
	Summary            string             `json:"summary,omitempty"`
	StartedAt          string             `json:"startedAt,omitempty"`
	CompletedAt        string             `json:"completedAt,omitempty"`
	BlockedBy          string             `json:"blockedBy,omitempty"`
	QueuePosition      int                `json:"queuePosition,omitempty"`
}

type TargetStatus struct {
	Pod         string `json:"pod"`
	PodUID      string `json:"podUID,omitempty"`
	Phase       string `json:"phase,omitempty"`
	Attempt     int    `json:"attempt,omitempty"`
	TaskID      string `json:"taskID,omitempty"`
	Message     string `json:"message,omitempty"`
	StartedAt   string `json:"startedAt,omitempty"`
	CompletedAt string `json:"completedAt,omitempty"`
	// The agent's field: never applied by this operator.
	Result *Result `json:"result,omitempty"`
}

type Result struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	Error       string `json:"error,omitempty"`
	SubmittedAt string `json:"submittedAt"`
	CompletedAt string `json:"completedAt,omitempty"`
}

type Counts struct {
	Desired   int `json:"desired"`
	Running   int `json:"running"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
}

type NodeTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeTask `json:"items"`
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &NodeTask{}, &NodeTaskList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}

// result is what the agent of the task's pod has reported for the id.
func (t *NodeTask) result(id string) *Result {
	for _, row := range t.Status.Targets {
		if row.Pod == t.Spec.Target.PodName && row.Result != nil && row.Result.ID == id {
			return row.Result
		}
	}
	return nil
}

func (t *NodeTask) finished() bool {
	return slices.ContainsFunc(t.Status.Conditions, func(c metav1.Condition) bool {
		return c.Type == "Finished" && c.Status == metav1.ConditionTrue
	})
}

// DeepCopyObject as controller-gen would write it.
func (t *NodeTask) DeepCopyObject() runtime.Object { return t.DeepCopy() }

func (t *NodeTask) DeepCopy() *NodeTask {
	out := *t
	out.ObjectMeta = *t.ObjectMeta.DeepCopy()
	out.Spec.Params = slices.Clone(t.Spec.Params)
	out.Spec.Async = slices.Clone(t.Spec.Async)
	out.Status.Conditions = make([]metav1.Condition, len(t.Status.Conditions))
	for i := range t.Status.Conditions {
		t.Status.Conditions[i].DeepCopyInto(&out.Status.Conditions[i])
	}
	out.Status.Targets = slices.Clone(t.Status.Targets)
	for i := range out.Status.Targets {
		if result := out.Status.Targets[i].Result; result != nil {
			copied := *result
			out.Status.Targets[i].Result = &copied
		}
	}
	if t.Status.Counts != nil {
		counts := *t.Status.Counts
		out.Status.Counts = &counts
	}
	return &out
}

func (l *NodeTaskList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]NodeTask, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return &out
}
