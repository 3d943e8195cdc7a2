// The Go client of seictl, whose requests agent/test/seictl-requests holds. The three modules of sei-protocol come from their repositories:
// record.sh puts them beside this file.
module nodetask.dev/testbed/seictl-client

go 1.26.0

require (
	github.com/cosmos/btcutil v1.0.5
	github.com/google/uuid v1.6.0
	github.com/oapi-codegen/runtime v1.2.0
	github.com/robfig/cron/v3 v3.0.1
	github.com/sei-protocol/sei-config v0.0.0
	github.com/sei-protocol/seictl v0.0.0
	github.com/sei-protocol/seilog v0.0.0
)

replace (
	github.com/sei-protocol/sei-config => ./sei-config
	github.com/sei-protocol/seictl => ./seictl
	github.com/sei-protocol/seilog => ./seilog
)
