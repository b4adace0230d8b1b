package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// dump is the heap, the stacks and the data of this process.
func dump(t *testing.T) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "dump"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	debug.WriteHeapDump(f.Fd())
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// opens tries every 32 bytes of memory as the key of a sealed record, and reports whether one opens it.
func opens(memory []byte, tok, scope string, expires int64, sealed []byte) bool {
	var aad []byte
	aad = binary.BigEndian.AppendUint32(aad, uint32(len(tok)))
	aad = append(aad, tok...)
	aad = binary.BigEndian.AppendUint32(aad, uint32(len(scope)))
	aad = append(aad, scope...)
	aad = binary.BigEndian.AppendUint64(aad, uint64(expires))
	number := uint64(binary.BigEndian.Uint32(sealed[1:]))
	for at := 0; at+32 <= len(memory); at++ {
		w := memory[at : at+32]
		// A key has no eight zeros in a row but once in 2^59: what a heap is full of need not be tried.
		if bytes.Contains(w, make([]byte, 8)) {
			continue
		}
		if _, err := keyring.NewBox(keyring.Key(w)).Open(nil, number, sealed[5:], aad); err == nil {
			return true
		}
	}
	return false
}

// TestMemoryAfterTheSession: whoever dumps an agent's memory opens what it escrows in the session that lives, and
// nothing of those before.
func TestMemoryAfterTheSession(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("tries millions of keys")
	}
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	record := func(value string) (string, []byte, int64) {
		b.Reset()
		tok := mint(t, i, email, value, &b)
		commit(t, i, &b)
		rec, _, err := v.store.Get(context.Background(), tok)
		if err != nil {
			t.Fatal(err)
		}
		return tok, rec.Sealed, rec.Expires.Unix()
	}
	tok, sealed, expires := record("of a session that is over")
	runtime.GC()                  // it runs every two minutes at least, and frees what the making of the key left
	v.clock.add(16 * time.Minute) // sessions last 15
	liveTok, liveSealed, _ := record("of the session that lives")
	if i.Stats().Sessions != 2 {
		t.Fatal("still the first session")
	}
	memory := dump(t)
	start := time.Now()
	if opens(memory, tok, "default", expires, sealed) {
		t.Error("memory holds a key that opens what was escrowed in an earlier session")
	}
	if !opens(memory, liveTok, "default", expires, liveSealed) {
		t.Error("the live session's key was not found: this test sees nothing")
	}
	t.Logf("%d bytes of memory tried in %v", len(memory), time.Since(start).Round(time.Millisecond))
}

// TestDiskAndLogsHoldNoSecret: neither a value nor a key is in the spool, the logs or the errors.
func TestDiskAndLogsHoldNoSecret(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"card": true}
	dir := filepath.Join(t.TempDir(), "spool")
	var log bytes.Buffer
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.DebugLevel))
	keep := &keeper{vault: v}
	sp, err := spool.Open(spool.Settings{Directory: dir, MaxBytes: 256 << 10, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	i := New(keep, Settings{Spool: sp, Now: v.clock.now})
	var b token.Batch
	mint(t, i, email, "first@canary.example", &b)
	commit(t, i, &b)
	v.down.Store(true)
	var said []string
	for n := range 200 {
		b.Reset()
		for k := range 20 {
			mint(t, i, email, fmt.Sprintf("bob%d.%d@canary.example", n, k), &b)
		}
		if err := i.Commit(context.Background(), &b); err != nil {
			said = append(said, err.Error())
		}
	}
	b.Reset()
	if out, err := i.Mint(nil, card, []byte("4111 canary 1111"), &b); err == nil {
		t.Fatalf("%s", out)
	} else {
		said = append(said, err.Error())
	}
	if len(said) < 2 {
		t.Fatal("the spool never filled up")
	}
	scope := i.scope("default")
	secrets := map[string][]byte{
		"canary": []byte("canary"), "recognition key": keep.recognition,
	}
	for n, k := range keep.keys {
		secrets[fmt.Sprint("mint key ", n)] = k
	}
	if len(keep.keys) == 0 || scope.epoch == nil {
		t.Fatal("no keys seen")
	}
	look := func(where string, b []byte) {
		t.Helper()
		for name, s := range secrets {
			for _, form := range [][]byte{s, []byte(hex.EncodeToString(s))} {
				if bytes.Contains(b, form) {
					t.Errorf("%s holds the %s", where, name)
				}
			}
		}
	}
	look("an error", []byte(strings.Join(said, "\n")))
	files := 0
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		look(path, b)
		return err
	})
	if err != nil || files < 3 {
		t.Fatal(files, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := i.Close(); err != nil {
		t.Error(err)
	}
	if err := sp.Close(ctx); err != nil {
		t.Error(err)
	}
	if log.Len() == 0 {
		t.Error("nothing was logged, so nothing was looked at")
	}
	look("the log", log.Bytes())
}

// keeper remembers the keys that a vault granted.
type keeper struct {
	*vault
	keys        [][]byte
	recognition []byte
}

func (k *keeper) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	g, err := k.vault.Grant(ctx, r)
	if err == nil {
		for _, key := range g.Msg.MintKeys {
			k.keys = append(k.keys, bytes.Clone(key.Key))
		}
		k.recognition = bytes.Clone(g.Msg.RecognitionKey)
	}
	return g, err
}
