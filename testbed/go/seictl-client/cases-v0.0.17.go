package main

import (
	seiconfig "github.com/sei-protocol/sei-config"
	"github.com/sei-protocol/seictl/sidecar/client"
)

func cases() []namedCase {
	cron, height := "0 3 * * *", int64(1000)
	schedule := &client.AsyncConfig{Schedule: &client.ScheduleConfig{Cron: &cron}}
	atHeight := &client.AsyncConfig{Schedule: &client.ScheduleConfig{BlockHeight: &height}}
	daemon := &client.AsyncConfig{Daemon: &client.DaemonConfig{}}
	ec2 := client.PeerSource{Type: client.PeerSourceEC2Tags, Region: "eu-central-1", Tags: map[string]string{"ChainIdentifier": "pacific-1", "Component": "state-syncer"}}
	static := client.PeerSource{Type: client.PeerSourceStatic, Addresses: []string{"0123456789abcdef0123456789abcdef01234567@198.51.100.7:26656"}}
	return []namedCase{
		built("all", client.SnapshotRestoreTask{Bucket: "sei-snapshots", Prefix: "state-sync/", Region: "eu-central-1", ChainID: "pacific-1"}),
		built("least", client.SnapshotUploadTask{Bucket: "sei-snapshots", Region: "eu-central-1"}),
		built("all, by cron", client.SnapshotUploadTask{Bucket: "sei-snapshots", Prefix: "state-sync", Region: "eu-central-1", Async: schedule}),
		built("as a daemon", client.SnapshotUploadTask{Bucket: "sei-snapshots", Region: "eu-central-1", Async: daemon}),
		built("at a height", client.SnapshotUploadTask{Bucket: "sei-snapshots", Region: "eu-central-1", Async: atHeight}),
		built("with an empty async", client.SnapshotUploadTask{Bucket: "sei-snapshots", Region: "eu-central-1", Async: &client.AsyncConfig{}}),
		built("least", client.ConfigureGenesisTask{}),
		built("all", client.ConfigureGenesisTask{URI: "s3://sei-genesis/pacific-1/genesis.json", Region: "eu-central-1"}),
		built("by tags", client.DiscoverPeersTask{Sources: []client.PeerSource{ec2}}),
		built("static", client.DiscoverPeersTask{Sources: []client.PeerSource{static}}),
		built("both", client.DiscoverPeersTask{Sources: []client.PeerSource{ec2, static}}),
		built("least", client.ConfigPatchTask{}),
		built("two files", client.ConfigPatchTask{Files: map[string]map[string]any{
			"config.toml": {"p2p": map[string]any{"max-connections": 55, "pex": true}},
			"app.toml":    {"pruning": "nothing"},
		}}),
		built("another file", client.ConfigPatchTask{Files: map[string]map[string]any{"wasm.toml": {"cache": 100}}}),
		built("least", client.ConfigureStateSyncTask{}),
		built("all", client.ConfigureStateSyncTask{UseLocalSnapshot: true, TrustPeriod: "168h0m0s", BackfillBlocks: 100}),
		built("least", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Mode: seiconfig.ModeFull}}),
		built("incremental", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Incremental: true, Overrides: map[string]string{"evm.http_port": "8545"}}}),
		built("all", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Mode: seiconfig.ModeFull, Overrides: map[string]string{"evm.http_port": "8545"}, TargetVersion: 1}}),
		built("least", client.ConfigValidateTask{}),
		built("all", client.ConfigReloadTask{Fields: map[string]string{"logging.level": "debug"}}),
		built("least", client.MarkReadyTask{}),
		built("least", client.ResultExportTask{Bucket: "sei-results", Region: "eu-central-1"}),
		built("all, as a daemon", client.ResultExportTask{Bucket: "sei-results", Prefix: "pacific-1", Region: "eu-central-1", Async: daemon}),
		built("by cron", client.ResultExportTask{Bucket: "sei-results", Region: "eu-central-1", Async: schedule}),
	}
}

// It has no call beside tasks that the agent is to answer in a way of its own.
func calls() []namedCall {
	return nil
}
