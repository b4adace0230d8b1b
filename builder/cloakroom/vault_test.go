package main

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
)

// vaultCommand is the script command `vault`, the collector's side of an embedded vault:
//
//	vault mint DIR AGE CLASS KIND VALUE NAME   escrow a value as a collector did AGE ago; $NAME is its token then
//	vault serve DIR                            run the vault as a collector does, until the script ends
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
	case !neg && len(args) == 3 && args[0] == "key":
		key, err := keyring.AuditPublic(ts.MkAbs(args[1]) + "/keys")
		ts.Check(err)
		ts.Setenv(args[2], base64.StdEncoding.EncodeToString(key))
	default:
		ts.Fatalf("usage: vault mint DIR AGE CLASS KIND VALUE NAME | vault serve DIR | vault key DIR NAME")
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
