package tokenization

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	vault "github.com/cloakroom/cloakroom/vault/extension"
)

// startEmbedded starts the real extension on dir and returns a host that has it.
func startEmbedded(t *testing.T, dir string) (*host, component.Component) {
	t.Helper()
	factory := vault.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"embedded": map[string]any{"path": dir}}).Unmarshal(cfg))
	ext, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(context.Background(), componenttest.NewNopHost()))
	return &host{extensions: map[component.ID]component.Component{vaultID: ext}}, ext
}

// With the real embedded vault: nothing survives in what is forwarded, in the vault's files or in its audit log; a
// second run changes nothing; after a restart the same values get the same tokens. Revealing is tested end to end.
func TestEmbeddedVault(t *testing.T) {
	dir, err := os.MkdirTemp("", "vault") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	ctx := context.Background()
	var first string
	for range 2 {
		h, ext := startEmbedded(t, dir)
		sink := new(consumertest.TracesSink)
		p, err := NewFactory().CreateTraces(ctx, nopSettings(), testConfig(nil), sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(ctx, h))

		td := (generator{r: rand.New(rand.NewPCG(3, 3))}).traces()
		span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		for _, c := range canaries {
			span.Attributes().PutStr("canary."+c.entity, c.text)
		}
		require.NoError(t, p.ConsumeTraces(ctx, td))
		after := string(traceJSON(t, sink.AllTraces()[0]))
		require.Empty(t, survivors([]byte(after)))
		require.Greater(t, len(tokenPattern.FindAllString(after, -1)), len(canaries))
		if first != "" {
			assert.Equal(t, first, after, "the same value got another token after a restart")
		}
		first = after
		require.NoError(t, p.ConsumeTraces(ctx, sink.AllTraces()[0]))
		assert.Equal(t, after, string(traceJSON(t, sink.AllTraces()[1])), "the second run changed something")
		require.NoError(t, p.Shutdown(ctx))
		require.NoError(t, ext.Shutdown(ctx))
	}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		assert.Empty(t, survivors(b), path)
		return err
	}))
}
