package main

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// lines keeps, for each pod, the NodeTasks that want its agent: an agent runs one task at a time. The first in line has the agent.
type lines struct {
	mutex sync.Mutex
	byPod map[types.NamespacedName][]types.NamespacedName
}

func newLines() *lines {
	return &lines{byPod: map[types.NamespacedName][]types.NamespacedName{}}
}

// enter puts a task at the end of the line, unless it stands there. Its position is 0 when it has the agent; else first is who has it.
func (l *lines) enter(pod, task types.NamespacedName) (position int, first types.NamespacedName) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	line := l.byPod[pod]
	position = slices.Index(line, task)
	if position < 0 {
		position = len(line)
		line = append(line, task)
		l.byPod[pod] = line
	}
	return position, line[0]
}

// leave takes a task out of the line; next is who has the agent from now on, if the task had it.
func (l *lines) leave(pod, task types.NamespacedName) (next types.NamespacedName, ok bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	line := l.byPod[pod]
	position := slices.Index(line, task)
	if position < 0 {
		return next, false
	}
	line = slices.Delete(line, position, position+1)
	if len(line) == 0 {
		delete(l.byPod, pod)
		return next, false
	}
	l.byPod[pod] = line
	return line[0], position == 0
}
