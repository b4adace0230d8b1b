package tokenization

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/vault/token"
)

// marker is the kid that stand-ins have.
var marker = "_" + (token.Kids - 1).String() + "_"

// pair is two processors of equal configuration: the agent mints for one, the vault for the other.
func pair(t testing.TB, edit func(*Config)) (local, remote *rig) {
	local, remote = newRig(t, edit), newRig(t, edit)
	remote.vault.remote.Store(true)
	return local, remote
}

func requireSame(t testing.TB, want, got any) {
	t.Helper()
	require.True(t, bytes.Equal(wire(t, want), wire(t, got)), "the outputs depend on who mints")
	require.False(t, strings.Contains(string(wire(t, got)), marker), "a stand-in left")
}

// TestSameWhoeverMints runs telemetry of every shape and signal: attributes, keys that collide, bodies, exemplars.
func TestSameWhoeverMints(t *testing.T) {
	local, remote := pair(t, nil)
	for seed := range uint64(150) {
		make2 := func() (generator, generator) {
			return generator{rand.New(rand.NewPCG(seed, 3))}, generator{rand.New(rand.NewPCG(seed, 3))}
		}
		a, b := make2()
		local.traceSink.Reset()
		remote.traceSink.Reset()
		local.traces(t, a.traces())
		remote.traces(t, b.traces())
		requireSame(t, local.traceSink.AllTraces()[0], remote.traceSink.AllTraces()[0])

		local.logSink.Reset()
		remote.logSink.Reset()
		local.logs(t, a.logs())
		remote.logs(t, b.logs())
		requireSame(t, local.logSink.AllLogs()[0], remote.logSink.AllLogs()[0])

		local.metricSink.Reset()
		remote.metricSink.Reset()
		local.metrics(t, a.metrics())
		remote.metrics(t, b.metrics())
		requireSame(t, local.metricSink.AllMetrics()[0], remote.metricSink.AllMetrics()[0])
	}
	require.Equal(t, local.vault.escrow, remote.vault.escrow)
	require.NotEmpty(t, remote.vault.escrow)
}

// TestEveryPlaceWhoeverMints plants every canary in every attribute place.
func TestEveryPlaceWhoeverMints(t *testing.T) {
	local, remote := pair(t, nil)
	build := func() plog.Logs {
		ld := plog.NewLogs()
		for _, p := range attributePlaces {
			for _, c := range canaries {
				r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
				p.plant(r.Attributes(), c)
				p.plant(r.Body().SetEmptyMap(), c)
			}
		}
		return ld
	}
	local.logs(t, build())
	remote.logs(t, build())
	requireSame(t, local.logSink.AllLogs()[0], remote.logSink.AllLogs()[0])
}

func FuzzSameWhoeverMints(f *testing.F) {
	f.Add([]byte{3, 6, 4, 2, 6, 7, 1, 6, 3, 5, 2, 6}, "bob.finch@birds.example.org", `{"email":"dora.rail@birds.example.com","n":[1]}`, "card 4111111111111111")
	f.Add([]byte{7, 6, 7, 6, 7, 6, 7}, "a@birds.example.org", "a@birds.example.org.2", "A@birds.example.org")
	f.Add([]byte{5, 3, 1, 2, 4, 4, 4, 6}, "Ym9iLmZpbmNoQGJpcmRzLmV4YW1wbGUub3Jn", "%7B%22e%22%3A%22bob%40example.com%22%7D", `"{\"card\":\"4111 1111 1111 1111\"}"`)
	local, remote := pair(f, nil)
	f.Fuzz(func(t *testing.T, shape []byte, a, b, c string) {
		make1 := func() plog.Logs { return (&shaper{shape: shape, texts: []string{a, b, c}}).logs() }
		local.logSink.Reset()
		remote.logSink.Reset()
		local.logs(t, make1())
		remote.logs(t, make1())
		want, got := local.logSink.AllLogs()[0], remote.logSink.AllLogs()[0]
		require.Equal(t, string(wire(t, want)), string(wire(t, got)))
	})
}

// TestRefusedWhileTheVaultIsAway: a batch that waits for the vault's tokens is handed back as it came.
func TestRefusedWhileTheVaultIsAway(t *testing.T) {
	_, remote := pair(t, nil)
	remote.vault.down.Store(true)
	td := generator{rand.New(rand.NewPCG(4, 5))}.traces()
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", "bob.finch@birds.example.org")
	before := ptrace.NewTraces()
	td.CopyTo(before)
	require.Error(t, remote.toTraces.ConsumeTraces(t.Context(), td))
	require.Equal(t, string(wire(t, before)), string(wire(t, td)))
	remote.vault.down.Store(false)
	require.NoError(t, remote.toTraces.ConsumeTraces(t.Context(), td))
	note, _ := td.ResourceSpans().At(0).Resource().Attributes().Get("note")
	require.Equal(t, len(note.Str()), remote.vault.recognizer.Match(note.Str()))
	require.False(t, strings.Contains(string(wire(t, td)), marker), "a stand-in left")
}
