package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
)

// TestVaultFault: who asks a vault in vain is told where to look, where there is something to look at.
func TestVaultFault(t *testing.T) {
	const status = "`cloakroom vault status` may say why"
	for _, c := range []struct {
		name  string
		code  connect.Code
		cause error
		hint  string // empty: the error says it all
	}{
		{"not allowed", connect.CodePermissionDenied, errors.New("no rule"), "vault.yaml says who may"},
		{"nobody listens", connect.CodeUnavailable, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, status},
		{"a connection that takes too long", connect.CodeUnavailable, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, status},
		{"an answer that takes too long", connect.CodeDeadlineExceeded, context.DeadlineExceeded, status},
		{"another certificate than expected", connect.CodeUnavailable, errors.New("the server's certificate is for another name"), ""},
		{"the vault's database is away", connect.CodeUnavailable, errors.New("the token store cannot work now"), ""},
		{"no vault", connect.CodeUnimplemented, errors.New("404 Not Found"), "not the reveal listener of a vault"},
		{"a fault of the vault", connect.CodeInternal, errors.New("internal error"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cause := connect.NewError(c.code, c.cause)
			err := vaultFault("", cause)
			require.ErrorIs(t, err, c.cause)
			if c.hint == "" {
				require.Equal(t, error(cause), err)
			} else {
				require.ErrorContains(t, err, c.hint)
			}
			require.EqualError(t, vaultFault("ask", cause), fmt.Sprintf("ask: %v", err))
		})
	}
}
