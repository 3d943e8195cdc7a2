package main

import (
	runtimemodulev1 "cosmossdk.io/api/cosmos/app/runtime/v1alpha1"
	appv1 "cosmossdk.io/api/cosmos/app/v1alpha1"
	authmodulev1 "cosmossdk.io/api/cosmos/auth/module/v1"
	bankmodulev1 "cosmossdk.io/api/cosmos/bank/module/v1"
	consensusmodulev1 "cosmossdk.io/api/cosmos/consensus/module/v1"
	genutilmodulev1 "cosmossdk.io/api/cosmos/genutil/module/v1"
	stakingmodulev1 "cosmossdk.io/api/cosmos/staking/module/v1"
	txconfigv1 "cosmossdk.io/api/cosmos/tx/config/v1"
	"cosmossdk.io/core/appconfig"
	"cosmossdk.io/depinject"
	"cosmossdk.io/log/v2"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	_ "github.com/cosmos/cosmos-sdk/x/auth"
	_ "github.com/cosmos/cosmos-sdk/x/auth/tx/config"
	_ "github.com/cosmos/cosmos-sdk/x/bank"
	_ "github.com/cosmos/cosmos-sdk/x/consensus"
	_ "github.com/cosmos/cosmos-sdk/x/genutil"
	_ "github.com/cosmos/cosmos-sdk/x/staking"
)

// modules is the whole application: each name stands for a module of the SDK, and the SDK wires them by what they need from each other.
func modules() depinject.Config {
	return appconfig.Compose(&appv1.Config{Modules: []*appv1.ModuleConfig{
		named("runtime", &runtimemodulev1.Module{
			AppName:       "sdk-node",
			BeginBlockers: []string{"staking"},
			EndBlockers:   []string{"bank", "staking"},
			// Staking looks for the coins of its pools, so bank comes before it.
			InitGenesis:       []string{"auth", "bank", "staking", "genutil", "consensus"},
			OverrideStoreKeys: []*runtimemodulev1.StoreKeyConfig{{ModuleName: "auth", KvStoreKey: "acc"}},
		}),
		named("auth", &authmodulev1.Module{
			Bech32Prefix: "cosmos",
			ModuleAccountPermissions: []*authmodulev1.ModuleAccountPermission{
				{Account: "fee_collector"},
				{Account: "bonded_tokens_pool", Permissions: []string{"burner", "staking"}},
				{Account: "not_bonded_tokens_pool", Permissions: []string{"burner", "staking"}},
				{Account: "key_rotation_fee_pool", Permissions: []string{"burner"}},
			},
		}),
		named("bank", &bankmodulev1.Module{}),
		named("staking", &stakingmodulev1.Module{}),
		named("genutil", &genutilmodulev1.Module{}),
		named("consensus", &consensusmodulev1.Module{}),
		named("tx", &txconfigv1.Config{}),
	}})
}

func named(name string, config proto.Message) *appv1.ModuleConfig {
	return &appv1.ModuleConfig{Name: name, Config: appconfig.WrapAny(config)}
}

// newApplication is what the SDK's commands call with the opened application.db and the settings of app.toml.
func newApplication(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	var builder *runtime.AppBuilder
	if err := depinject.Inject(depinject.Configs(modules(), depinject.Supply(logger)), &builder); err != nil {
		panic(err)
	}
	// Snapshots, pruning and the rest of app.toml.
	app := builder.Build(db, server.DefaultBaseappOptions(options)...)
	if err := app.Load(true); err != nil {
		panic(err)
	}
	return app
}

// codecs is what commands need of the application without a database.
type codecs struct {
	codec        codec.Codec
	interfaces   codectypes.InterfaceRegistry
	transactions client.TxConfig
	basics       module.BasicManager
}

func newCodecs() (codecs, error) {
	var made codecs
	err := depinject.Inject(
		depinject.Configs(modules(), depinject.Supply(log.NewNopLogger())),
		&made.codec, &made.interfaces, &made.transactions, &made.basics,
	)
	return made, err
}
