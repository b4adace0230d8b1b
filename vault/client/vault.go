package client

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Vault is what an issuer asks of its vault. The issuer service in the same process is one; [Remote] makes one of a
// vault across the network.
type Vault interface {
	Grant(context.Context, *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error)
	Escrow(context.Context, *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error)
	Issue(context.Context, *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error)
	// Watch calls told with every message of the Revocations stream, the first at once, until ctx ends, told returns
	// an error, or the vault goes away. It never returns nil.
	Watch(ctx context.Context, r *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error
}

// Remote is the vault behind a client of its protocol.
func Remote(c vaultpbconnect.IssuerServiceClient) Vault { return remote{c} }

var errStreamEnded = errors.New("the vault ended the stream of revocations")

type remote struct {
	vaultpbconnect.IssuerServiceClient
}

// Watch implements Vault.
func (v remote) Watch(ctx context.Context, r *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	stream, err := v.Revocations(ctx, connect.NewRequest(r))
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		if err := told(stream.Msg()); err != nil {
			return err
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	return connect.NewError(connect.CodeUnavailable, errStreamEnded)
}
