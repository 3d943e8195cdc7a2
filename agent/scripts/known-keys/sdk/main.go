// Prints each key of app.toml that this version of the Cosmos SDK reads.
package main

import "github.com/cosmos/cosmos-sdk/server/config"

func main() {
	printKeys(config.DefaultConfig())
}
