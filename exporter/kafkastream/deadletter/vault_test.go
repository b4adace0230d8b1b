package deadletter_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
)

// keys seals and opens as a vault does, without its rules and its log. It is an extension as well.
type keys struct {
	component.StartFunc
	component.ShutdownFunc
	epoch *keyring.Epoch
	asked int
}

func newKeys(t testing.TB) *keys {
	t.Helper()
	k, err := keyring.Open(t.TempDir()+"/keys", keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	e, err := k.Current("default")
	if err != nil {
		t.Fatal(err)
	}
	return &keys{epoch: e}
}

func (k *keys) SealLetter(scope, topic string, partition int32, offset int64, key []byte) ([]byte, error) {
	public, err := k.epoch.EscrowPublic()
	if err != nil {
		return nil, err
	}
	return escrow.SealLetter(keyring.XWing, public, k.epoch.Kid, scope, escrow.Place{Topic: topic, Partition: partition, Offset: offset}, key)
}

func (k *keys) ask(_ context.Context, at record.Source, sealed []byte) ([]byte, error) {
	k.asked++
	key, err := escrow.OpenLetter(k.epoch, escrow.Place{Topic: at.Topic, Partition: at.Partition, Offset: at.Offset}, sealed)
	if err != nil {
		return nil, deadletter.ErrKey
	}
	return key, nil
}

func (k *keys) open(t *testing.T, letter batch.Record) (batch.Record, record.Source, error) {
	return deadletter.Open(t.Context(), letter, deadletter.FromVault(t.Context(), letter, k.ask))
}

func TestSealedToVault(t *testing.T) {
	k := newKeys(t)
	rec := whole()
	for _, tt := range []struct {
		name    string
		letter  deadletter.Letter
		headers string
	}{
		{
			"a record",
			deadletter.Letter{Source: record.Source{Topic: "orders", Partition: 3, Offset: 42}, Reason: record.ReasonJSON, Record: &rec},
			"source-topic=orders source-partition=3 source-offset=42 reason=invalid_json sealed=vault",
		},
		{
			"a tombstone",
			deadletter.Letter{Source: record.Source{Topic: "orders", Offset: 43}, Reason: deadletter.ReasonRefused, Record: &batch.Record{Offset: 43, Key: []byte(canary)}},
			"source-topic=orders source-partition=0 source-offset=43 reason=refused sealed=vault",
		},
		{
			"telemetry that is not from Kafka",
			deadletter.Letter{Source: record.Source{Partition: -1, Offset: -1}, Reason: deadletter.ReasonTooLarge, Record: &batch.Record{Offset: -1, Timestamp: -1, Value: []byte(canary)}},
			"reason=too_large sealed=vault",
		},
		{
			"more than a vault takes",
			deadletter.Letter{Source: record.Source{Topic: "orders", Offset: 44}, Reason: record.ReasonJSON, Record: &batch.Record{Offset: 44, Value: make([]byte, 1<<20)}},
			"source-topic=orders source-partition=0 source-offset=44 reason=invalid_json sealed=vault",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := deadletter.SealToVault(tt.letter, time.Now(), k, "default")
			if err != nil {
				t.Fatal(err)
			}
			if h := headers(got); h != tt.headers {
				t.Errorf("headers %s\n   want %s", h, tt.headers)
			}
			if holds(got) || got.Key != nil {
				t.Error("it shows what the record holds")
			}
			rec, source, err := k.open(t, got)
			if err != nil || source != tt.letter.Source || !reflect.DeepEqual(rec, *tt.letter.Record) {
				t.Errorf("another record came out, of %v: %v", source, err)
			}
			if _, _, err := deadletter.Open(t.Context(), got, identity(t)); !errors.As(err, new(*age.NoIdentityMatchError)) {
				t.Errorf("an age identity opens it: %v", err)
			}
			other := newKeys(t)
			if _, _, err := other.open(t, got); err == nil {
				t.Error("another vault opens it")
			}
		})
	}
	got, err := deadletter.SealToVault(deadletter.Letter{Source: record.Source{Topic: "orders"}, Reason: record.ReasonJSON}, time.Now(), k, "default")
	if err != nil || got.Value != nil || !strings.HasSuffix(headers(got), "sealed=no") {
		t.Errorf("nothing to seal: %s, %v", headers(got), err)
	}
}

// TestOpenFromVaultRefuses changes letters in every way that matters.
func TestOpenFromVaultRefuses(t *testing.T) {
	k := newKeys(t)
	rec, another := whole(), whole()
	seal := func(offset int64, rec *batch.Record) batch.Record {
		l, err := deadletter.SealToVault(deadletter.Letter{Source: record.Source{Topic: "orders", Partition: 3, Offset: offset}, Reason: record.ReasonJSON, Record: rec}, time.Now(), k, "default")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	good, next := seal(42, &rec), seal(43, &another)
	// A header as age writes it, around a key that nobody sealed.
	forged := func(size int) []byte {
		var out bytes.Buffer
		enc, err := age.Encrypt(&out, stanza{&age.Stanza{Type: "cloakroom-vault", Body: make([]byte, size)}})
		if err = errors.Join(err, enc.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for _, tt := range []struct {
		name   string
		change func(r *batch.Record)
		asked  int
	}{
		{"another offset", func(r *batch.Record) {
			r.Headers = record.AppendSource(r.Headers, record.Source{Topic: "orders", Partition: 3, Offset: 43})
		}, 1},
		{"the value of the next letter", func(r *batch.Record) { r.Value = next.Value }, 1},
		{"no coordinates", func(r *batch.Record) { r.Headers = nil }, 1},
		{"a topic that is none", func(r *batch.Record) {
			r.Headers = record.AppendSource(r.Headers, record.Source{Topic: "\xff " + canary, Partition: 3, Offset: 42})
		}, 0},
		{"cut off", func(r *batch.Record) { r.Value = r.Value[:len(r.Value)-1] }, 1},
		{"a bit of the record", func(r *batch.Record) { r.Value = slices.Clone(r.Value); r.Value[len(r.Value)-1] ^= 1 }, 1},
		{"a letter of the key", func(r *batch.Record) { r.Value = bytes.Replace(r.Value, r.Value[100:104], []byte("AAAA"), 1) }, 1},
		{"a key that nobody sealed", func(r *batch.Record) { r.Value = forged(100) }, 1},
		{"a key larger than there is", func(r *batch.Record) { r.Value = forged(5000) }, 0},
		{"empty", func(r *batch.Record) { r.Value = []byte{} }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			tt.change(&r)
			k.asked = 0
			got, _, err := k.open(t, r)
			if err == nil || got.Value != nil || strings.Contains(err.Error(), canary) {
				t.Errorf("opened, or said too much: %v", err)
			}
			if k.asked != tt.asked {
				t.Errorf("the vault was asked %d times, want %d", k.asked, tt.asked)
			}
		})
	}
	if _, _, err := k.open(t, good); err != nil {
		t.Error(err)
	}
}

type stanza struct{ s *age.Stanza }

func (s stanza) Wrap([]byte) ([]*age.Stanza, error) { return []*age.Stanza{s.s}, nil }

// away is a vault that seals nothing now.
type away struct{}

func (away) SealLetter(string, string, int32, int64, []byte) ([]byte, error) {
	return nil, errors.New("the vault is away")
}

// TestVaultAway: no letter is written without its record because the vault cannot be asked.
func TestVaultAway(t *testing.T) {
	rec := whole()
	got, err := deadletter.SealToVault(deadletter.Letter{Source: record.Source{Topic: "orders"}, Record: &rec}, time.Now(), away{}, "default")
	if err == nil || !strings.Contains(err.Error(), "the vault is away") || got.Value != nil {
		t.Errorf("a letter comes out, or nothing says why not: %v", err)
	}
}

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func TestVaultOfTheCollector(t *testing.T) {
	vault, other := component.MustNewID("token_vault"), component.MustNewID("other")
	h := host{componenttest.NewNopHost(), map[component.ID]component.Component{vault: newKeys(t), other: struct {
		component.StartFunc
		component.ShutdownFunc
	}{}}}
	for _, tt := range []struct {
		name   string
		change func(c *deadletter.Config)
		faults []string
		start  string
	}{
		{"sealed to it", func(c *deadletter.Config) { c.Vault = vault }, nil, ""},
		{"to it and to recipients", func(c *deadletter.Config) { c.Vault, c.SealTo = vault, []string{identity(t).Recipient().String()} }, []string{"vault: letters are sealed"}, ""},
		{"without a scope", func(c *deadletter.Config) { c.Vault, c.Scope = vault, "" }, []string{"scope: "}, ""},
		{"a scope that no vault has", func(c *deadletter.Config) { c.Vault, c.Scope = vault, strings.Repeat("x", 129) }, []string{"scope: "}, ""},
		{"not there", func(c *deadletter.Config) { c.Vault = component.MustNewIDWithName("token_vault", "b") }, nil, `no extension "token_vault/b"`},
		{"something else", func(c *deadletter.Config) { c.Vault = other }, nil, "does not seal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := deadletter.DefaultConfig()
			tt.change(&c)
			err := c.Validate()
			if (err != nil) != (tt.faults != nil) {
				t.Fatalf("validate: %v", err)
			}
			for _, f := range tt.faults {
				if !strings.Contains(err.Error(), f) {
					t.Errorf("nothing says %q: %v", f, err)
				}
			}
			if err != nil {
				return
			}
			_, err = deadletter.New(c, nil, h)
			if (err != nil) != (tt.start != "") || err != nil && !strings.Contains(err.Error(), tt.start) {
				t.Errorf("want %q, got %v", tt.start, err)
			}
		})
	}
}

// FuzzOpenFromVault takes hostile letters: what opens is the record that was sealed, from its place, and whatever else there is fails
// without a word of what it holds.
func FuzzOpenFromVault(f *testing.F) {
	k := newKeys(f)
	rec := whole()
	at := record.Source{Topic: "orders", Partition: 3, Offset: 42}
	good, err := deadletter.SealToVault(deadletter.Letter{Source: at, Reason: record.ReasonJSON, Record: &rec}, time.Now(), k, "default")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Value, at.Topic, at.Partition, at.Offset)
	f.Add(good.Value, at.Topic, at.Partition, at.Offset+1)
	f.Add(good.Value, "", int32(-1), int64(-1))
	f.Add(good.Value[:len(good.Value)/2], at.Topic, at.Partition, at.Offset)
	f.Add([]byte("age-encryption.org/v1\n-> cloakroom-vault\n\n--- AAAA\n"), at.Topic, at.Partition, at.Offset)
	f.Add([]byte("age-encryption.org/v1\n-> cloakroom-vault a b\nAAAA\n-> cloakroom-vault\nAAAA\n---"), "\xff"+canary, at.Partition, at.Offset)
	f.Fuzz(func(t *testing.T, value []byte, topic string, partition int32, offset int64) {
		s := record.Source{Topic: topic, Partition: partition, Offset: offset}
		got, from, err := k.open(t, batch.Record{Value: value, Headers: record.AppendSource(nil, s)})
		if err == nil && (s != at || from != at || !reflect.DeepEqual(got, rec)) {
			t.Error("another record came out, or from another place")
		}
		if err != nil && (got.Value != nil || strings.Contains(err.Error(), canary)) {
			t.Errorf("it fails, and says what it holds: %v", err)
		}
	})
}
