package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cloakroom/cloakroom/builder/cloakroom/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cloakroom": func() { os.Exit(cli.Main(os.Args[1:])) },
	})
}

// TestScripts runs testdata/*.txtar: one file per command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCode, "vault": vaultCommand, "kafka": kafkaCommand},
	})
}
