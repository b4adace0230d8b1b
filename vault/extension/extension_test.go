package extension_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	ext "go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/extension"
	"github.com/cloakroom/cloakroom/vault/extension/internal/metadata"
	"github.com/cloakroom/cloakroom/vault/extension/internal/metadatatest"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

var _ rewrite.Issuer = (*extension.Vault)(nil)

func load(t *testing.T, conf map[string]any) *extension.Config {
	t.Helper()
	cfg := extension.NewFactory().CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(conf).Unmarshal(cfg))
	return cfg.(*extension.Config)
}

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := t.TempDir()
	require.NoError(t, os.Chmod(open, 0o755))
	for _, c := range []struct {
		name string
		conf map[string]any
		want []string // empty: valid
	}{
		{"nothing", nil, []string{"embedded: must be set"}},
		{"path alone", map[string]any{"path": "./data/vault"}, nil},
		{"everything", map[string]any{"path": "v", "epoch": "24h", "retention": "48h", "min_free_mib": 1}, nil},
		{"no path", map[string]any{"epoch": "24h"}, []string{"embedded.path: must be set"}},
		{"a file", map[string]any{"path": file}, []string{"embedded.path: " + file + " is not a directory"}},
		{"open to others", map[string]any{"path": open}, []string{"embedded.path: mode 0755"}},
		{"every fault at once", map[string]any{"path": "", "epoch": "1ms", "retention": "-1h"}, []string{
			"embedded.path: must be set", "embedded.epoch: 1ms: must be from 1s", "embedded.retention: -1h0m0s: must be more than 0",
		}},
		{"beyond all bounds", map[string]any{"path": "v", "epoch": "1000000h", "retention": "1000000h"}, []string{"embedded.epoch", "embedded.retention"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := map[string]any{}
			if c.conf != nil {
				conf["embedded"] = c.conf
			}
			err := confmap.Validate(load(t, conf))
			if len(c.want) == 0 {
				require.NoError(t, err)
				return
			}
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	require.NoError(t, componenttest.CheckConfigStruct(extension.NewFactory().CreateDefaultConfig()))
	require.Error(t, confmap.NewFromStringMap(map[string]any{"embedding": map[string]any{}}).Unmarshal(&extension.Config{}), "a misspelled key")
}

type host struct {
	component.Host
	events []*componentstatus.Event
}

func (h *host) Report(e *componentstatus.Event) { h.events = append(h.events, e) }

func start(t *testing.T, dir string, set ext.Settings) *extension.Vault {
	t.Helper()
	cfg := load(t, map[string]any{"embedded": map[string]any{"path": dir, "min_free_mib": 1}})
	e, err := extension.NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	v := e.(*extension.Vault)
	require.NoError(t, v.Start(t.Context(), &host{Host: componenttest.NewNopHost()}))
	t.Cleanup(func() { require.NoError(t, v.Shutdown(t.Context())) })
	return v
}

func TestLife(t *testing.T) {
	tel := componenttest.NewTelemetry()
	core, logs := observer.New(zap.InfoLevel)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	dir := filepath.Join(t.TempDir(), "vault")
	v := start(t, dir, set)
	require.Equal(t, 1, logs.FilterMessageSnippet("keys were created").Len())
	require.Contains(t, logs.FilterMessageSnippet("keys were created").All()[0].Message, "docs/security.md")

	var b token.Batch
	class := token.Class{Name: "email", Scope: "default"}
	tok, err := v.Mint(nil, class, []byte("alice@example.com"), &b)
	require.NoError(t, err)
	require.NoError(t, v.Commit(t.Context(), &b))
	require.Equal(t, len(tok), v.Recognize(string(tok)))
	require.Zero(t, v.Recognize("tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds"))

	requireReveals(t, dir, string(tok), "alice@example.com")
	metadatatest.AssertEqualExtensionTokenVaultRecordsEscrowed(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExtensionTokenVaultRecordsStored(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExtensionTokenVaultReveals(t, tel, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: attribute.NewSet(attribute.String("outcome", "revealed"))},
	}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, tel.Shutdown(t.Context()))

	require.NoError(t, v.Shutdown(t.Context()))
	_, err = v.Mint(nil, token.Class{Name: "phone", Scope: "default"}, []byte("+4930901820"), &b)
	require.ErrorIs(t, err, token.ErrUnavailable)
	_, err = reveal.Dial(t.Context(), dir)
	require.ErrorIs(t, err, reveal.ErrNotRunning)

	start(t, dir, set)
	require.Equal(t, 1, logs.FilterMessageSnippet("keys were created").Len(), "it is said once")
	requireReveals(t, dir, string(tok), "alice@example.com")
	for _, entry := range logs.All() {
		require.NotContains(t, entry.Message, "alice")
	}
}

func requireReveals(t *testing.T, dir, tok, want string) {
	t.Helper()
	c, err := reveal.Dial(t.Context(), dir)
	require.NoError(t, err)
	defer c.Close()
	got, err := c.Reveal(t.Context(), "test", []string{tok})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, got[0].Outcome)
	require.Equal(t, want, string(got[0].Value))
}

func TestNotStarted(t *testing.T) {
	e, err := extension.NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), load(t, nil))
	require.NoError(t, err)
	v := e.(*extension.Vault)
	var b token.Batch
	_, err = v.Mint(nil, token.Class{Name: "email", Scope: "default"}, []byte("x"), &b)
	require.ErrorIs(t, err, token.ErrUnavailable)
	require.ErrorIs(t, v.Commit(t.Context(), &b), token.ErrUnavailable)
	require.Zero(t, v.Recognize("tkt_"))
	_, err = v.SealLetter("default", "orders", 0, 0, make([]byte, 16))
	require.ErrorIs(t, err, token.ErrUnavailable)
	require.ErrorContains(t, v.Start(t.Context(), componenttest.NewNopHost()), "embedded")
	require.NoError(t, v.Shutdown(t.Context()))
}

func TestTwoOnOneDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	start(t, dir, extensiontest.NewNopSettings(metadata.Type))
	cfg := load(t, map[string]any{"embedded": map[string]any{"path": dir}})
	e, err := extension.NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	err = e.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "in use by another process")
	require.True(t, strings.Contains(err.Error(), dir))
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestDiskFull: what cannot be made durable is refused, the component says so, and recovers by itself.
func TestDiskFull(t *testing.T) {
	cfg := load(t, map[string]any{"embedded": map[string]any{"path": filepath.Join(t.TempDir(), "vault"), "min_free_mib": 1 << 40}})
	core, logs := observer.New(zap.ErrorLevel)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	e, err := extension.NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	v := e.(*extension.Vault)
	h := &host{Host: componenttest.NewNopHost()}
	require.NoError(t, v.Start(t.Context(), h))
	defer func() { require.NoError(t, v.Shutdown(context.Background())) }()
	var b token.Batch
	tok, err := v.Mint(nil, token.Class{Name: "email", Scope: "default"}, []byte("alice@example.com"), &b)
	require.NoError(t, err)
	for range 2 {
		err = v.Commit(t.Context(), &b)
		require.ErrorIs(t, err, token.ErrUnavailable)
		require.EqualError(t, err, "token vault unavailable: no space left for the token store: less than 1099511627776 MiB free",
			"each thing is said once, and that it was a commit by who commits")
	}
	said := logs.All()
	require.Len(t, said, 1)
	require.Equal(t, "token_vault: tokens cannot be issued now", said[0].Message, "what becomes of the telemetry is for the processor to say")
	require.Equal(t, err.Error(), said[0].ContextMap()["error"])
	require.NotContains(t, err.Error(), string(tok))
	require.Len(t, h.events, 1, "a change of state is reported once")
	require.Equal(t, componentstatus.StatusRecoverableError, h.events[0].Status())
}
