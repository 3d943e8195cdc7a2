// Prints each key of config.toml that this version of CometBFT reads.
package main

import "github.com/cometbft/cometbft/config"

func main() {
	printKeys(config.DefaultConfig())
}
