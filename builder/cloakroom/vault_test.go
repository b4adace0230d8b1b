package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// vaultCommand is the script command `vault`, the collector's side of an embedded vault:
//
//	vault mint DIR AGE CLASS KIND VALUE NAME   escrow a value as a collector did AGE ago; $NAME is its token then
//	vault serve DIR                            run the vault as a collector does, until the script ends
//	vault fleet DIR                            run the vault that `vault init --dev-ca` made, its reveal listener at $REVEAL
//	vault key DIR NAME                         $NAME is the public key of its audit log then, in base64
func vaultCommand(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 7 && args[0] == "mint":
		age, err := time.ParseDuration(args[2])
		ts.Check(err)
		kind, err := token.ParseKind(args[4])
		ts.Check(err)
		tok, err := mint(ts.MkAbs(args[1]), age, token.Class{Name: args[3], Scope: "default", Kind: kind}, args[5])
		ts.Check(err)
		ts.Setenv(args[6], tok)
	case !neg && len(args) == 2 && args[0] == "serve":
		v, err := server.Open(server.Settings{Directory: ts.MkAbs(args[1]), Listen: true})
		ts.Check(err)
		ts.Defer(func() { ts.Check(v.Close(context.Background())) })
	case !neg && len(args) == 2 && args[0] == "fleet":
		serveFleet(ts, ts.MkAbs(args[1]))
	case !neg && len(args) == 3 && args[0] == "key":
		key, err := keyring.AuditPublic(ts.MkAbs(args[1]) + "/keys")
		ts.Check(err)
		ts.Setenv(args[2], base64.StdEncoding.EncodeToString(key))
	default:
		ts.Fatalf("usage: vault mint DIR AGE CLASS KIND VALUE NAME | vault serve DIR | vault fleet DIR | vault key DIR NAME")
	}
}

func mint(dir string, age time.Duration, class token.Class, value string) (tok string, err error) {
	now := func() time.Time { return time.Now().Add(-age) }
	v, err := server.Open(server.Settings{Directory: dir, Now: now})
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	defer func() { err = errors.Join(err, v.Close(ctx)) }()
	issuer := client.New(v.Issuer(), client.Settings{Now: now})
	defer func() { err = errors.Join(err, issuer.Close()) }()
	var batch token.Batch
	minted, err := issuer.Mint(nil, class, []byte(value), &batch)
	if err != nil {
		return "", err
	}
	return string(minted), issuer.Commit(ctx, &batch)
}

// serveFleet runs the vault of dir on ports of its own.
func serveFleet(ts *testscript.TestScript, dir string) {
	cfg, err := standalone.Read(dir + "/vault.yaml")
	ts.Check(err)
	cfg.Issuer.Listen, cfg.Reveal.Listen, cfg.Telemetry.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	v, err := standalone.Open(context.Background(), cfg, zap.NewNop())
	ts.Check(err)
	ts.Defer(func() { ts.Check(v.Close(context.Background())) })
	issuer, reveal, _ := v.Addresses()
	ts.Setenv("ISSUER", issuer.String())
	ts.Setenv("REVEAL", reveal.String())
}

// issuerOf is an agent of the vault of dir: of one that serves a fleet, or of an embedded one.
func issuerOf(ts *testscript.TestScript, dir string) (*client.Issuer, func(), error) {
	if _, err := os.Stat(dir + "/vault.yaml"); err == nil {
		source, err := identity.Files(identity.FilesConfig{CertFile: dir + "/certs/agent.crt", KeyFile: dir + "/certs/agent.key", CAFile: dir + "/certs/ca.crt"})
		if err != nil {
			return nil, nil, err
		}
		http, err := source.HTTP(identity.ServerID{Name: "127.0.0.1"})
		if err != nil {
			return nil, nil, err
		}
		i := client.New(client.Remote(vaultpbconnect.NewIssuerServiceClient(http, "https://"+ts.Getenv("ISSUER"))), client.Settings{})
		return i, func() { _ = i.Close(); _ = source.Close() }, nil
	}
	v, err := server.Open(server.Settings{Directory: dir})
	if err != nil {
		return nil, nil, err
	}
	i := client.New(v.Issuer(), client.Settings{})
	return i, func() { _ = i.Close(); _ = v.Close(context.Background()) }, nil
}
