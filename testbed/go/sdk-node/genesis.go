package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/privval"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/spf13/cobra"

	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// What each account owns beside what it has bonded, in the smallest unit.
const fundsOfAccount = 1_000_000_000

func genesisCommand(codecs codecs) *cobra.Command {
	var chainID string
	var fillerMiB int
	command := &cobra.Command{
		Use:   "genesis HOME…",
		Short: "Print a genesis in which each of the homes, which init has made, is a validator of equal power",
		Long: `Print a genesis in which each of the homes, which init has made, is a validator of equal power.
Each validator has a funded account, whose private key is made of the text "account 0", "account 1" and so on.`,
		Args: cobra.MinimumNArgs(1),
		// It has no home of its own, so none is to be prepared.
		PersistentPreRun: func(*cobra.Command, []string) {},
		RunE: func(cmd *cobra.Command, homes []string) error {
			state := codecs.basics.DefaultGenesis(codecs.codec)
			ledger := &ledger{filler: filler(fillerMiB)}
			for _, home := range homes {
				if err := ledger.add(home); err != nil {
					return err
				}
			}
			state[authtypes.ModuleName] = codecs.codec.MustMarshalJSON(ledger.auth())
			state[banktypes.ModuleName] = codecs.codec.MustMarshalJSON(ledger.bank())
			state[stakingtypes.ModuleName] = codecs.codec.MustMarshalJSON(ledger.staking())
			appState, err := json.Marshal(state)
			if err != nil {
				return err
			}
			genesis := genutiltypes.NewAppGenesisWithVersion(chainID, appState)
			genesis.AppName = "sdk-node"
			genesis.Consensus.Params = cmttypes.DefaultConsensusParams()
			if err := genesis.ValidateAndComplete(); err != nil {
				return err
			}
			document, err := json.MarshalIndent(genesis, "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", document)
			return err
		},
	}
	command.Flags().StringVar(&chainID, "chain-id", "", "the id of the chain")
	command.Flags().IntVar(&fillerMiB, "filler", 0, "MiB of state that say nothing, for snapshots of several chunks of 10 MB")
	if err := command.MarkFlagRequired("chain-id"); err != nil {
		panic(err)
	}
	return command
}

// ledger is who owns and who has bonded how much, of which three modules each hold a part that must fit the others.
type ledger struct {
	accounts    []sdk.AccAddress
	validators  []stakingtypes.Validator
	delegations []stakingtypes.Delegation
	filler      []banktypes.Metadata
}

// add makes a funded account that is the operator of a validator, whose consensus key is in the home.
func (ledger *ledger) add(home string) error {
	config := cmtcfg.DefaultConfig().SetRoot(home)
	consensusKey, err := cryptocodec.FromCmtPubKeyInterface(
		privval.LoadFilePVEmptyState(config.PrivValidatorKeyFile(), config.PrivValidatorStateFile()).Key.PubKey,
	)
	if err != nil {
		return err
	}
	key := secp256k1.GenPrivKeyFromSecret(fmt.Appendf(nil, "account %d", len(ledger.accounts)))
	owner := sdk.AccAddress(key.PubKey().Address())
	description := stakingtypes.Description{Moniker: filepath.Base(home)}
	validator, err := stakingtypes.NewValidator(sdk.ValAddress(owner).String(), consensusKey, description)
	if err != nil {
		return err
	}
	validator, shares := validator.UpdateStatus(stakingtypes.Bonded).AddTokensFromDel(sdk.DefaultPowerReduction)
	ledger.accounts = append(ledger.accounts, owner)
	ledger.validators = append(ledger.validators, validator)
	ledger.delegations = append(ledger.delegations, stakingtypes.NewDelegation(owner.String(), validator.OperatorAddress, shares))
	return nil
}

func (ledger *ledger) auth() *authtypes.GenesisState {
	var accounts authtypes.GenesisAccounts
	for _, address := range ledger.accounts {
		accounts = append(accounts, authtypes.NewBaseAccountWithAddress(address))
	}
	return authtypes.NewGenesisState(authtypes.DefaultParams(), accounts)
}

func (ledger *ledger) bank() *banktypes.GenesisState {
	bonded := sdk.DefaultPowerReduction.MulRaw(int64(len(ledger.validators)))
	balances := []banktypes.Balance{{
		Address: authtypes.NewModuleAddress(stakingtypes.BondedPoolName).String(),
		Coins:   sdk.NewCoins(sdk.NewCoin(sdk.DefaultBondDenom, bonded)),
	}}
	for _, address := range ledger.accounts {
		coins := sdk.NewCoins(sdk.NewInt64Coin(sdk.DefaultBondDenom, fundsOfAccount))
		balances = append(balances, banktypes.Balance{Address: address.String(), Coins: coins})
	}
	// Without a supply the module adds the balances up.
	return banktypes.NewGenesisState(banktypes.DefaultParams(), balances, nil, ledger.filler, nil)
}

func (ledger *ledger) staking() *stakingtypes.GenesisState {
	return stakingtypes.NewGenesisState(stakingtypes.DefaultParams(), ledger.validators, ledger.delegations)
}

// filler is a coin for each MiB, with a description that hardly compresses: it makes the state large at no cost in accounts.
func filler(mib int) []banktypes.Metadata {
	var coins []banktypes.Metadata
	// The same in each run.
	noise := rand.NewChaCha8([32]byte{})
	raw := make([]byte, 3<<18)
	for index := range mib {
		_, _ = noise.Read(raw)
		name := fmt.Sprintf("filler%d", index)
		coins = append(coins, banktypes.Metadata{
			Description: base64.StdEncoding.EncodeToString(raw),
			DenomUnits:  []*banktypes.DenomUnit{{Denom: name}},
			Base:        name,
			Display:     name,
			Name:        name,
			Symbol:      name,
		})
	}
	return coins
}
