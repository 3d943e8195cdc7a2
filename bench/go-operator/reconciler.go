package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const (
	fieldOwner = client.FieldOwner("nodetask-operator")
	finalizer  = "nodetask.dev/cancel"
	// "Running" is written only when the result has not come after this time, as the NodeTask operator does.
	settle = 250 * time.Millisecond
	// Nothing has come of a pod or an agent yet.
	lookAgain = time.Second
)

type reconciler struct {
	client.Client
	agents *agentClient
	fence  int64
	events events.EventRecorder
	lines  *lines
	// Who has an agent now: they are reconciled at once.
	next chan event.TypedGenericEvent[*NodeTask]
	// When a task was handed to its agent, by UID.
	dispatched sync.Map
}

func newReconciler(mgr manager.Manager, agents *agentClient, fence int64) *reconciler {
	return &reconciler{
		Client: mgr.GetClient(),
		agents: agents,
		fence:  fence,
		events: mgr.GetEventRecorder("nodetask.dev/go-operator"),
		lines:  newLines(),
		next:   make(chan event.TypedGenericEvent[*NodeTask], 1024),
	}
}

func (r *reconciler) setUp(mgr manager.Manager, concurrency int) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&NodeTask{}).
		WatchesRawSource(source.Channel(r.next, &handler.TypedEnqueueRequestForObject[*NodeTask]{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var task NodeTask
	if err := r.Get(ctx, request.NamespacedName, &task); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	podName := types.NamespacedName{Namespace: task.Namespace, Name: task.Spec.Target.PodName}
	switch {
	case task.finished() || !task.DeletionTimestamp.IsZero():
		r.leave(podName, request.NamespacedName)
		r.dispatched.Delete(task.UID)
		return ctrl.Result{}, r.removeFinalizer(ctx, &task)
	case task.Spec.Async != nil || podName.Name == "":
		// Schedules, daemons and selectors are not what this operator is for.
		return ctrl.Result{}, nil
	}

	id, err := taskID(&task)
	if err != nil {
		return ctrl.Result{}, err
	}
	if result := task.result(id); result != nil && result.CompletedAt != "" {
		return ctrl.Result{}, r.finish(ctx, &task, podName, id, result)
	}
	if at, ok := r.dispatched.Load(task.UID); ok {
		return r.settle(ctx, &task, id, at.(time.Time))
	}
	return r.start(ctx, &task, podName, id)
}

// start hands the task to its agent, once that is free.
func (r *reconciler) start(ctx context.Context, task *NodeTask, podName types.NamespacedName, id string) (ctrl.Result, error) {
	var pod corev1.Pod
	if err := r.Get(ctx, podName, &pod); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	} else if err != nil || pod.Status.PodIP == "" {
		return ctrl.Result{RequeueAfter: lookAgain}, nil
	}
	if position, first := r.lines.enter(podName, client.ObjectKeyFromObject(task)); position > 0 {
		return ctrl.Result{}, r.queue(ctx, task, &pod, id, position, first)
	}
	if controllerutil.AddFinalizer(task, finalizer) {
		if err := r.patchFinalizers(ctx, task); err != nil {
			return ctrl.Result{}, err
		}
	}
	err := r.agents.submit(ctx, &pod, task, id)
	if busy := (*busyError)(nil); errors.As(err, &busy) {
		return ctrl.Result{RequeueAfter: busy.retryAfter}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	r.dispatched.Store(task.UID, time.Now())
	r.events.Eventf(task, nil, corev1.EventTypeNormal, "Dispatched", "Dispatch", "dispatched to pod %s as task %s", pod.Name, id)
	return ctrl.Result{RequeueAfter: settle}, nil
}

// settle says "Running" when the end does not come soon.
func (r *reconciler) settle(ctx context.Context, task *NodeTask, id string, at time.Time) (ctrl.Result, error) {
	if left := settle - time.Since(at); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	if task.Status.Phase == "Running" {
		return ctrl.Result{}, nil
	}
	status := r.status(task, "Running", r.row(task, id, "Running", ""), "Running", "running on "+task.Spec.Target.PodName)
	status.StartedAt = rfc3339(at)
	status.Targets[0].StartedAt = status.StartedAt
	status.Counts = &Counts{Desired: 1, Running: 1}
	return ctrl.Result{}, r.applyStatus(ctx, task, status)
}

// queue says who is before the task.
func (r *reconciler) queue(ctx context.Context, task *NodeTask, pod *corev1.Pod, id string, position int, first types.NamespacedName) error {
	if task.Status.Phase == "Queued" {
		return nil
	}
	message := fmt.Sprintf("waits for the agent of pod %s behind %s, place %d", pod.Name, first, position)
	status := r.status(task, "Queued", r.row(task, id, "Queued", message), "AgentBusy", message)
	status.Targets[0].PodUID = string(pod.UID)
	status.BlockedBy = first.String()
	status.QueuePosition = position
	return r.applyStatus(ctx, task, status)
}

// finish tells how the task ended, and lets the next one have the agent.
func (r *reconciler) finish(ctx context.Context, task *NodeTask, podName types.NamespacedName, id string, result *Result) error {
	r.leave(podName, client.ObjectKeyFromObject(task))
	phase, condition, reason, message := "Succeeded", "Complete", "Succeeded", "succeeded on "+podName.Name
	counts := &Counts{Desired: 1, Succeeded: 1}
	if result.Status != "completed" {
		phase, condition, reason, message = "Failed", "Failed", "TaskFailed", podName.Name+": "+result.Error
		counts = &Counts{Desired: 1, Failed: 1}
	}
	status := r.status(task, phase, r.row(task, id, phase, ""), reason, message)
	status.Targets[0].StartedAt, status.Targets[0].CompletedAt = result.SubmittedAt, result.CompletedAt
	status.StartedAt, status.CompletedAt = result.SubmittedAt, rfc3339(time.Now())
	status.Counts = counts
	status.Summary = fmt.Sprintf("%d/1", counts.Succeeded)
	for _, met := range []string{condition, "Finished"} {
		meta.SetStatusCondition(&status.Conditions, r.condition(task, met, metav1.ConditionTrue, reason, message))
	}
	if err := r.applyStatus(ctx, task, status); err != nil {
		return err
	}
	r.events.Eventf(task, nil, corev1.EventTypeNormal, "Completed", "Complete", "%s", message)
	return r.removeFinalizer(ctx, task)
}

// leave lets the next in line have the agent, if the task had it.
func (r *reconciler) leave(pod, task types.NamespacedName) {
	if next, ok := r.lines.leave(pod, task); ok {
		r.next <- event.TypedGenericEvent[*NodeTask]{
			Object: &NodeTask{ObjectMeta: metav1.ObjectMeta{Namespace: next.Namespace, Name: next.Name}},
		}
	}
}

// status as far as all phases have it in common.
func (r *reconciler) status(task *NodeTask, phase string, row TargetStatus, reason, message string) NodeTaskStatus {
	status := NodeTaskStatus{
		ObservedGeneration: task.Generation,
		Fence:              r.fence,
		Phase:              phase,
		Targets:            []TargetStatus{row},
		Counts:             &Counts{Desired: 1},
		Summary:            "0/1",
	}
	for _, old := range task.Status.Conditions {
		if old.Type == "Ready" || old.Type == "Reconciling" {
			status.Conditions = append(status.Conditions, old)
		}
	}
	switch phase {
	case "Succeeded":
		meta.SetStatusCondition(&status.Conditions, r.condition(task, "Ready", metav1.ConditionTrue, reason, message))
		meta.RemoveStatusCondition(&status.Conditions, "Reconciling")
	case "Failed":
		meta.SetStatusCondition(&status.Conditions, r.condition(task, "Ready", metav1.ConditionFalse, reason, message))
		meta.SetStatusCondition(&status.Conditions, r.condition(task, "Stalled", metav1.ConditionTrue, reason, message))
		meta.RemoveStatusCondition(&status.Conditions, "Reconciling")
	default:
		meta.SetStatusCondition(&status.Conditions, r.condition(task, "Ready", metav1.ConditionFalse, reason, message))
		meta.SetStatusCondition(&status.Conditions, r.condition(task, "Reconciling", metav1.ConditionTrue, reason, message))
	}
	return status
}

func (r *reconciler) condition(task *NodeTask, name string, value metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: name, Status: value, ObservedGeneration: task.Generation, Reason: reason, Message: message}
}

func (r *reconciler) row(task *NodeTask, id, phase, message string) TargetStatus {
	return TargetStatus{Pod: task.Spec.Target.PodName, Phase: phase, Attempt: 1, TaskID: id, Message: message}
}

// applyStatus applies this operator's part of the status: result belongs to the agent.
func (r *reconciler) applyStatus(ctx context.Context, task *NodeTask, status NodeTaskStatus) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
	if err != nil {
		return err
	}
	body := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": groupVersion.String(),
		"kind":       "NodeTask",
		"metadata":   map[string]any{"namespace": task.Namespace, "name": task.Name, "uid": string(task.UID)},
		"status":     content,
	}}
	if err := r.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(body), fieldOwner, client.ForceOwnership); err != nil {
		return err
	}
	task.ResourceVersion = body.GetResourceVersion()
	return nil
}

func (r *reconciler) removeFinalizer(ctx context.Context, task *NodeTask) error {
	if !controllerutil.RemoveFinalizer(task, finalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.patchFinalizers(ctx, task))
}

// patchFinalizers writes the finalizers of exactly this version of the task.
func (r *reconciler) patchFinalizers(ctx context.Context, task *NodeTask) error {
	patch := fmt.Sprintf(`{"metadata":{"resourceVersion":%q,"finalizers":%s}}`, task.ResourceVersion, finalizersOf(task))
	return r.Patch(ctx, task, client.RawPatch(types.MergePatchType, []byte(patch)), fieldOwner)
}

func finalizersOf(task *NodeTask) string {
	if len(task.Finalizers) == 0 {
		return "[]"
	}
	text, err := json.Marshal(task.Finalizers)
	if err != nil {
		// A list of strings always has a JSON.
		panic(err)
	}
	return string(text)
}

func rfc3339(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
