module nodetask.dev/agent/known-keys

go 1.26

require github.com/cometbft/cometbft v0.37.18

require (
	github.com/go-kit/log v0.2.1 // indirect
	github.com/go-logfmt/logfmt v0.6.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
)
