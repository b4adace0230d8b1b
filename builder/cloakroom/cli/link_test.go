package cli

import (
	"errors"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
)

// TestVaultFault: who asks a vault in vain is told where to look.
func TestVaultFault(t *testing.T) {
	for code, hint := range map[connect.Code]string{
		connect.CodePermissionDenied: "vault.yaml says who may",
		connect.CodeUnavailable:      "`cloakroom vault status` may say why",
		connect.CodeUnimplemented:    "names admins",
	} {
		cause := errors.New("404 Not Found")
		err := vaultFault("ask", connect.NewError(code, cause))
		require.ErrorIs(t, err, cause, code)
		require.ErrorContains(t, err, hint, code)
	}
	plain := connect.NewError(connect.CodeInternal, errors.New("internal error"))
	require.Equal(t, error(plain), vaultFault("", plain))
}
