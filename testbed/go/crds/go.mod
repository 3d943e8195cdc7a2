// CustomResourceDefinitions of others, which come inside their modules: what the chart and the examples make of them is checked against the real ones.
module nodetask.dev/testbed/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/source-controller v1.9.6
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
