// Command pause holds the namespaces of a pod, as the program of that name in Kubernetes does: it waits to be ended, and buries the children
// of others where the pod shares its process namespace.
// https://github.com/kubernetes/kubernetes/blob/master/build/pause/linux/pause.c
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			// Several children may have ended for one signal.
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 && err != syscall.EINTR {
				break
			}
		}
	}
}
