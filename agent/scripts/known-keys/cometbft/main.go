// Prints each key of config.toml that this version of CometBFT reads; with the path of a file, writes its default config.toml there.
package main

import (
	"os"

	"github.com/cometbft/cometbft/config"
)

func main() {
	defaults := config.DefaultConfig()
	if len(os.Args) > 1 {
		// Else the name of the machine.
		defaults.Moniker = "node"
		config.WriteConfigFile(os.Args[1], defaults)
		return
	}
	printKeys(defaults)
}
