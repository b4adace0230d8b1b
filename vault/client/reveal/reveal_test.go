package reveal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// TestManyTokens asks for more than one call may carry, over the socket and in process.
func TestManyTokens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := server.Open(server.Settings{Directory: dir, Listen: true, Store: pebble.Options{MinFree: 1}})
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close(context.Background())) }()
	issuer := client.New(v.Issuer(), client.Settings{})
	defer issuer.Close()
	const n = 2100
	class := token.Class{Name: "email", Scope: "default"}
	var b token.Batch
	tokens, values := make([]string, n), make([][]byte, n)
	for i := range n {
		values[i] = fmt.Appendf(nil, "user%d@example.com", i)
		tok, err := issuer.Mint(nil, class, values[i], &b)
		require.NoError(t, err)
		tokens[i] = string(tok)
	}
	require.NoError(t, issuer.Commit(t.Context(), &b))

	dialed, err := reveal.Dial(t.Context(), dir)
	require.NoError(t, err)
	defer dialed.Close()
	for name, c := range map[string]*reveal.Client{"socket": dialed, "in process": reveal.New(v.Reveal(), v.Letter(), v.Admin())} {
		got, err := c.Reveal(t.Context(), "INC-1", tokens)
		require.NoError(t, err, name)
		require.Len(t, got, n)
		for i, r := range got {
			require.Equal(t, tokens[i], r.Token)
			require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.Outcome)
			require.Equal(t, string(values[i]), string(r.Value))
			require.NotZero(t, r.Audit)
			require.False(t, r.Expires.IsZero())
		}
		found, err := c.Lookup(t.Context(), "INC-1", reveal.Query{Class: "email", Values: values})
		require.NoError(t, err, name)
		require.Len(t, found, 2*n, "a redeemable and a one-way token for each")
		for _, f := range found {
			require.Equal(t, f.Kind == token.Deterministic, f.Escrowed)
			if f.Escrowed {
				require.Equal(t, tokens[f.Value], f.Token)
			}
		}
		_, err = c.Reveal(t.Context(), "", tokens[:1])
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), name)
	}
}

func TestDialFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, path := range map[string]string{
		"nothing there": filepath.Join(dir, "nowhere"), "an empty directory": dir, "a file": file,
	} {
		_, err := reveal.Dial(t.Context(), path)
		require.ErrorIs(t, err, reveal.ErrNotRunning, name)
	}
}

// lying is a vault that says it opened a letter.
type lying struct{ letters []*vaultpb.OpenedLetter }

func (l lying) OpenLetters(
	context.Context, *connect.Request[vaultpb.OpenLettersRequest],
) (*connect.Response[vaultpb.OpenLettersResponse], error) {
	return connect.NewResponse(&vaultpb.OpenLettersResponse{Letters: l.letters}), nil
}

// TestNoAnswerAboutALetter: an answer that answers nothing is an error, and says nothing about the letter.
func TestNoAnswerAboutALetter(t *testing.T) {
	opened := &vaultpb.OpenedLetter{Outcome: vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED}
	for name, letters := range map[string][]*vaultpb.OpenedLetter{
		"none": nil, "two": {opened, opened}, "without what was opened": {opened},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := reveal.New(nil, lying{letters}, nil).OpenLetter(t.Context(), "INC-1", reveal.Letter{})
			require.ErrorContains(t, err, "did not answer")
		})
	}
}
