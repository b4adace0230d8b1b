package server

import (
	"context"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Revocations implements the service.
func (i *Issuer) Revocations(ctx context.Context, r *connect.Request[vaultpb.RevocationsRequest], out *connect.ServerStream[vaultpb.RevocationsResponse]) error {
	return i.Watch(ctx, r.Msg, out.Send)
}

// Watch calls told with every message of the stream until ctx ends or told returns an error.
func (i *Issuer) Watch(ctx context.Context, _ *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	if err := told(&vaultpb.RevocationsResponse{}); err != nil {
		return err
	}
	<-ctx.Done()
	return fault(ctx.Err())
}
