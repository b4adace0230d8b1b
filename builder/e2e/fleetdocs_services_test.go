//go:build services

package e2e

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/postgres"
)

// TestServiceDocumentedFleet takes the whole walk.
func TestServiceDocumentedFleet(t *testing.T) {
	db, err := postgres.Start(t.Context(), postgres.Options{Cache: filepath.Join(repo, ".tools", "postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Stop() })
	at, err := url.Parse(db.URL())
	require.NoError(t, err)
	password, _ := at.User.Password()
	at.User = url.User(at.User.Username())
	runWalk(t, at.String(), password)
}
