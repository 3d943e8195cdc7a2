// A minimal operator for one-shot NodeTasks with a named pod, as a Go team would write it on controller-runtime: it makes the same calls to
// the same agents, and the same writes, as the NodeTask operator does for such a task. bench/scale.ts drives both in one run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type settings struct {
	agentTokenFile string
	listen         string
	leaseNamespace string
	concurrency    int
}

func main() {
	var given settings
	flag.StringVar(&given.agentTokenFile, "agent-token-file", "", "file with the bearer token of the agents")
	flag.StringVar(&given.listen, "listen", "127.0.0.1:8081", "address of /healthz and /readyz")
	flag.StringVar(&given.leaseNamespace, "lease-namespace", "default", "namespace of the Lease that holds the fence")
	flag.IntVar(&given.concurrency, "concurrency", 16, "NodeTasks in work at the same time")
	flag.Parse() // With controller-runtime's own -kubeconfig.
	if err := run(given); err != nil {
		fmt.Fprintln(os.Stderr, "go-operator:", err)
		os.Exit(1)
	}
}

func run(given settings) error {
	ctrl.SetLogger(zap.New())
	ctx := ctrl.SetupSignalHandler()
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// No limit on the client's side: the API server has its own.
	config.QPS = -1

	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), addToScheme(scheme)); err != nil {
		return err
	}
	mgr, err := manager.New(config, manager.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: given.listen,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&corev1.Pod{}: {Label: labels.SelectorFromSet(labels.Set{"nodetask.dev/agent": "enabled"})},
			},
		},
	})
	if err != nil {
		return err
	}

	token, err := os.ReadFile(given.agentTokenFile)
	if err != nil {
		return err
	}
	fence, err := takeFence(ctx, mgr.GetAPIReader(), mgr.GetClient(), given.leaseNamespace)
	if err != nil {
		return fmt.Errorf("taking the Lease: %w", err)
	}
	reconciler := newReconciler(mgr, newAgentClient(strings.TrimSpace(string(token)), fence), fence)
	if err := reconciler.setUp(mgr, given.concurrency); err != nil {
		return err
	}
	synced := func(*http.Request) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}
	if err := mgr.AddReadyzCheck("caches", synced); err != nil {
		return err
	}
	return mgr.Start(ctx)
}
