// Command config-judge says of files if one version of CometBFT takes them, without starting a node:
//
//	config-judge config FOLDER…   each folder's config.toml, read and checked as the command line of CometBFT does
//	config-judge genesis FILE…    each genesis document, read and checked as a node does
//
// It prints one line for each: "ok", or what CometBFT says.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/types"
	"github.com/spf13/viper"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: config-judge config FOLDER… | genesis FILE…")
		os.Exit(2)
	}
	judges := map[string]func(string) error{"config": judgeConfig, "genesis": judgeGenesis}
	judge, known := judges[os.Args[1]]
	if !known {
		fmt.Fprintf(os.Stderr, "config-judge: no such command: %s\n", os.Args[1])
		os.Exit(2)
	}
	for _, path := range os.Args[2:] {
		if err := guarded(judge, path); err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}

// guarded makes an error of a panic, which ends a node as well.
func guarded(judge func(string) error, path string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return judge(path)
}

func judgeConfig(folder string) error {
	reader := viper.New()
	reader.SetConfigName("config")
	reader.AddConfigPath(folder)
	if err := reader.ReadInConfig(); err != nil {
		return err
	}
	read := config.DefaultConfig()
	if err := reader.Unmarshal(read); err != nil {
		return err
	}
	return read.ValidateBasic()
}

// judgeGenesis reads the document and makes the first set of validators of it, as a node does when it starts without state.
func judgeGenesis(file string) error {
	document, err := types.GenesisDocFromFile(file)
	if err != nil || document.Validators == nil {
		return err
	}
	validators := make([]*types.Validator, len(document.Validators))
	for index, validator := range document.Validators {
		validators[index] = types.NewValidator(validator.PubKey, validator.Power)
	}
	types.NewValidatorSet(validators)
	return nil
}
