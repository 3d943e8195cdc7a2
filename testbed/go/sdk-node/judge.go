package main

import (
	"fmt"
	"os"
	"strings"

	cmtstate "github.com/cometbft/cometbft/state"
	"github.com/spf13/cobra"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

func judgeGenesisCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "judge-genesis FILE…",
		Short: "Print what a node makes of each genesis document before it asks the application",
		Args:  cobra.MinimumNArgs(1),
		// It has no home of its own, so none is to be prepared.
		PersistentPreRun: func(*cobra.Command, []string) {},
		RunE: func(cmd *cobra.Command, files []string) error {
			for _, file := range files {
				verdict := "ok"
				if err := judgeGenesis(file); err != nil {
					verdict = strings.ReplaceAll(err.Error(), "\n", " ")
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), verdict); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// judgeGenesis takes the steps of the SDK's start command: the chain id for the application, then the document for CometBFT. A panic ends a node as well.
func judgeGenesis(file string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	reader, err := os.Open(file)
	if err != nil {
		return err
	}
	defer reader.Close()
	if _, err := genutiltypes.ParseChainIDFromGenesis(reader); err != nil {
		return err
	}
	genesis, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return err
	}
	document, err := genesis.ToGenesisDoc()
	if err != nil {
		return err
	}
	_, err = cmtstate.MakeGenesisState(document)
	return err
}
