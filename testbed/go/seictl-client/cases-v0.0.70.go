package main

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	seiconfig "github.com/sei-protocol/sei-config"
	"github.com/sei-protocol/seictl/sidecar/client"
)

func cases() []namedCase {
	account := "sei1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq703fpu"
	id := uuid.MustParse("3d1a7bb0-5a8e-4c35-8f0d-0d6f2a6f9a10")
	withID := client.MarkReadyTask{}.ToTaskRequest()
	withID.Id = &id
	withNil := client.MarkReadyTask{}.ToTaskRequest()
	withNil.Id = &uuid.Nil
	return []namedCase{
		built("least", client.SnapshotRestoreTask{}),
		built("all", client.SnapshotRestoreTask{TargetHeight: 1000}),
		built("least", client.SnapshotUploadTask{}),
		built("least", client.SnapshotUploadOnceTask{}),
		built("least", client.ConfigureGenesisTask{}),
		built("all", client.ConfigureGenesisTask{ExpectedGenesisHash: "d7ce8349b9e26573951c8c19afe018ee721cddcedb2d5a8df6f712ecbccc3428"}),
		built("two files", client.ConfigPatchTask{Files: map[string]map[string]any{
			"config.toml": {"p2p": map[string]any{"max-connections": 55, "pex": true}},
			"app.toml":    {"pruning": "nothing"},
		}}),
		built("least", client.ConfigureStateSyncTask{}),
		built("all", client.ConfigureStateSyncTask{UseLocalSnapshot: true, TrustPeriod: "168h0m0s", BackfillBlocks: 100, RpcServers: []string{"rpc-a.example.com:443", "rpc-b.example.com:26657"}}),
		built("one server", client.ConfigureStateSyncTask{RpcServers: []string{"rpc-a.example.com:26657"}}),
		built("least", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Mode: seiconfig.ModeFull}}),
		built("incremental", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Incremental: true, Overrides: map[string]string{"evm.http_port": "8545"}}}),
		built("all", client.ConfigApplyTask{Intent: seiconfig.ConfigIntent{Mode: seiconfig.ModeFull, Overrides: map[string]string{"evm.http_port": "8545"}, TargetVersion: 2}}),
		built("least", client.ConfigValidateTask{}),
		built("all", client.ConfigReloadTask{Fields: map[string]string{"logging.level": "debug"}}),
		built("least", client.MarkReadyTask{}),
		{"mark-ready with an id", withID},
		{"mark-ready with the id of zeros", withNil},
		built("least", client.ResultExportTask{Bucket: "sei-results", Region: "eu-central-1"}),
		built("plain", client.ResultExportTask{Bucket: "sei-results", Prefix: "pacific-1", Region: "eu-central-1"}),
		built("all", client.ResultExportTask{Bucket: "sei-results", Prefix: "shadow", Region: "eu-central-1", CanonicalRPC: "https://rpc.example.com",
			MigrationMode: true, ContinueOnDivergence: true, ShadowEVMRPC: "http://localhost:8545", CanonicalEVMRPC: "https://evm.example.com", TraceRPC: "https://trace.example.com"}),
		built("height", client.AwaitConditionTask{Condition: client.ConditionHeight, TargetHeight: 1000, Action: client.ActionSIGTERM}),
		built("caught up", client.AwaitConditionTask{Condition: client.ConditionCatchingUp}),
		built("least", client.RestartSeidTask{}),
		built("least", client.StopSeidTask{}),
		built("least", client.ResetDataTask{}),
		built("least", client.MarkNotReadyTask{}),
		built("all", client.GenerateIdentityTask{ChainID: "test-1", Moniker: "node-0"}),
		built("all", client.GenerateGentxTask{ChainID: "test-1", StakingAmount: "1usei", AccountBalance: "10usei"}),
		built("all", client.UploadGenesisArtifactsTask{NodeName: "node-0"}),
		built("least", client.SetGenesisPeersTask{}),
		built("all", client.AssembleAndUploadGenesisTask{AccountBalance: "10usei", Namespace: "sei", Nodes: []client.GenesisNodeParam{{Name: "node-0"}},
			Accounts:  []client.GenesisAccountEntry{{Address: account, Balance: "5usei", Vesting: &client.GenesisAccountVesting{Amount: "1usei", EndTime: 1893456000}}},
			Overrides: map[string]json.RawMessage{"gov.voting_params.voting_period": json.RawMessage(`"60s"`)}}),
		built("all", client.GovVoteTask{ChainID: "test-1", KeyName: "validator", ProposalID: 1, Option: "yes", Memo: "m", Fees: "2000usei", Gas: 200000}),
		built("all", client.GovSoftwareUpgradeTask{ChainID: "test-1", KeyName: "validator", Title: "t", Description: "d", UpgradeName: "v7", UpgradeHeight: 1000, UpgradeInfo: "i", InitialDeposit: "1usei", Memo: "m", Fees: "2000usei", Gas: 200000}),
		built("all", client.GovParamChangeTask{ChainID: "test-1", KeyName: "validator", Title: "t", Description: "d",
			Changes:        []client.ParamChangeInput{{Subspace: "gov", Key: "votingparams", Value: json.RawMessage(`{"voting_period":"60s"}`)}},
			InitialDeposit: "1usei", Memo: "m", Fees: "2000usei", Gas: 200000}),
		// The client has no struct for it.
		{"evm-logical-digest without params", client.TaskRequest{Type: "evm-logical-digest"}},
	}
}

func calls() []namedCall {
	return []namedCall{{"node-id", func(ctx context.Context, sidecar *client.SidecarClient) error {
		_, err := sidecar.GetNodeID(ctx)
		return err
	}}}
}
