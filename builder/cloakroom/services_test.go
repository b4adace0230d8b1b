//go:build services

package main

import (
	"net/url"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/postgres"
)

// TestServiceScripts runs testdata/services/*.txtar beside a PostgreSQL: $DATABASE connects to it with the password
// $PASSWORD.
func TestServiceScripts(t *testing.T) {
	db, err := postgres.Start(t.Context(), postgres.Options{Cache: "../../.tools/postgres"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Stop() })
	at, err := url.Parse(db.URL())
	require.NoError(t, err)
	password, _ := at.User.Password()
	at.User = url.User(at.User.Username())
	testscript.Run(t, testscript.Params{
		Dir: "testdata/services", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("DATABASE", at.String())
			e.Setenv("PASSWORD", password)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCode, "vault": vaultCommand},
	})
}
