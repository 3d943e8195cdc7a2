// Command sdk-node is the node of a small chain on the Cosmos SDK: accounts, coins and validators, nothing else.
//
// Its home, its app.toml, its stores and its commands are those that the SDK gives every chain:
//
//	init MONIKER                               makes a home
//	start                                      runs the node
//	snapshots list | dump | load | restore …   looks after state-sync snapshots; the node must not run
//	comet show-node-id                         prints the id that other nodes know it by
//	comet bootstrap-state                      makes CometBFT go on from the height of a restored application
//
// One command is its own, in the place of the SDK's genesis ceremony of signed transactions, which takes four commands for each validator, and
// one says what the node makes of a genesis without starting it:
//
//	genesis --chain-id ID HOME…                prints a genesis in which each of the homes is a validator
//	judge-genesis FILE…                        prints "ok" for each genesis that a node takes, or why it does not
package main

import (
	"os"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/snapshot"
	"github.com/cosmos/cosmos-sdk/server"
	servercmd "github.com/cosmos/cosmos-sdk/server/cmd"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"
)

// The testbed always gives --home; without it the node is below the working directory.
const defaultHome = ".sdk-node"

func main() {
	command, err := rootCommand()
	if err == nil {
		err = servercmd.Execute(command, "", defaultHome)
	}
	if err != nil {
		// Cobra has printed the error of a command.
		os.Exit(1)
	}
}

func rootCommand() (*cobra.Command, error) {
	codecs, err := newCodecs()
	if err != nil {
		return nil, err
	}
	command := &cobra.Command{
		Use:          "sdk-node",
		Short:        "The node of a small chain on the Cosmos SDK",
		SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return prepare(cmd, codecs)
		},
	}
	// The SDK prints its answers where errors go unless it is told otherwise.
	command.SetOut(os.Stdout)
	comet := &cobra.Command{Use: "comet", Short: "Commands of CometBFT"}
	comet.AddCommand(server.ShowNodeIDCmd(), server.BootstrapStateCmd(newApplication))
	command.AddCommand(
		genutilcli.InitCmd(codecs.basics, defaultHome),
		genesisCommand(codecs),
		judgeGenesisCommand(),
		server.StartCmd(newApplication, defaultHome),
		snapshot.Cmd(newApplication),
		comet,
	)
	return command, nil
}

// prepare gives every command what the SDK's commands look for: the home, the codecs, config.toml and app.toml, which are written if they are missing.
func prepare(cmd *cobra.Command, codecs codecs) error {
	context, err := client.ReadPersistentCommandFlags(client.Context{}, cmd.Flags())
	if err != nil {
		return err
	}
	context = context.WithCodec(codecs.codec).WithInterfaceRegistry(codecs.interfaces).WithTxConfig(codecs.transactions)
	if err := client.SetCmdClientContextHandler(context, cmd); err != nil {
		return err
	}
	return server.InterceptConfigsPreRunHandler(cmd, serverconfig.DefaultConfigTemplate, appConfig(), cmtcfg.DefaultConfig())
}

func appConfig() *serverconfig.Config {
	config := serverconfig.DefaultConfig()
	// The node does not start without a price.
	config.MinGasPrices = "0stake"
	// It listens on a port of localhost, of which two nodes cannot both have it.
	config.GRPC.Enable = false
	return config
}
