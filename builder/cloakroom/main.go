// Command cloakroom is the hand tool beside the collector: it finds personal data and secrets in files, explains what a
// policy does with them, redeems tokens, finds the tokens of a value, and looks after an embedded vault.
//
// `cloakroom help` lists the commands; each has examples.
package main

import (
	"os"

	"github.com/cloakroom/cloakroom/builder/cloakroom/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
