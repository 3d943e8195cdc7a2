// Prints each key of app.toml that this version of the Cosmos SDK reads; with the path of a file, writes its default app.toml there.
package main

import (
	"os"

	"github.com/cosmos/cosmos-sdk/server/config"
)

func main() {
	if len(os.Args) > 1 {
		config.WriteConfigFile(os.Args[1], config.DefaultConfig())
		return
	}
	printKeys(config.DefaultConfig())
}
