package extension

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/extension/internal/metadata"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
)

// instruments are the extension's internal metrics. No label holds anything a value or token could be told from.
type instruments struct {
	builder *metadata.TelemetryBuilder
}

func newInstruments(set component.TelemetrySettings) (*instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	return &instruments{b}, nil
}

func (t *instruments) hooks() server.Hooks {
	return server.Hooks{
		Escrowed: func(ctx context.Context, records int, took time.Duration, err error) {
			t.builder.ExtensionTokenVaultCommitDuration.Record(ctx, took.Seconds())
			if err != nil {
				t.builder.ExtensionTokenVaultCommitsFailed.Add(ctx, 1)
				return
			}
			t.builder.ExtensionTokenVaultRecordsEscrowed.Add(ctx, int64(records))
		},
		Revealed: func(ctx context.Context, outcome string, tokens int) {
			t.builder.ExtensionTokenVaultReveals.Add(ctx, int64(tokens), metric.WithAttributes(attribute.String("outcome", outcome)))
		},
		Granted: func(ctx context.Context, err error) {
			if err == nil {
				t.builder.ExtensionTokenVaultGrantsIssued.Add(ctx, 1)
			}
		},
		Expired: func(ctx context.Context, records int) {
			t.builder.ExtensionTokenVaultRecordsExpired.Add(ctx, int64(records))
		},
	}
}

// observe has the gauges read the vault. While the store is away they report nothing.
func (t *instruments) observe(v *server.Embedded) error {
	stat := func(of func(store.Stats) int64) func(context.Context, metric.Int64Observer) error {
		return func(ctx context.Context, o metric.Int64Observer) error {
			st, err := v.Stats(ctx)
			if err == nil {
				o.Observe(of(st))
			}
			return nil
		}
	}
	return errors.Join(
		t.builder.RegisterExtensionTokenVaultRecordsStoredCallback(stat(func(s store.Stats) int64 { return s.Records })),
		t.builder.RegisterExtensionTokenVaultTokensErasedCallback(stat(func(s store.Stats) int64 { return s.Tombstones })),
		t.builder.RegisterExtensionTokenVaultStoreSizeCallback(stat(func(s store.Stats) int64 { return s.Bytes })),
		t.builder.RegisterExtensionTokenVaultAuditEntriesCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(v.AuditHead().Sequence))
			return nil
		}),
	)
}

// spoolHooks count what the spool does, and have o hear of it.
func (t *instruments) spoolHooks(o *outage) spool.Hooks {
	ctx := context.Background()
	refused := func(reason string, records int) {
		t.builder.ExtensionTokenVaultSpoolRecordsRefused.Add(ctx, int64(records), metric.WithAttributes(attribute.String("reason", reason)))
	}
	return spool.Hooks{
		Shipped: func(records int) {
			t.builder.ExtensionTokenVaultSpoolRecordsShipped.Add(ctx, int64(records))
			o.shipped(records)
		},
		Refused: refused,
		Full:    func(records int) { refused("full", records) },
		Retry: func(err error) {
			t.builder.ExtensionTokenVaultSpoolRetries.Add(ctx, 1)
			o.retried(err)
		},
		Breaker: o.breaker,
		Drained: o.drained,
	}
}

// observeRemote has the gauges read what this Collector has of a vault elsewhere. s may be nil.
func (t *instruments) observeRemote(i *client.Issuer, s *spool.Spool) error {
	total := func(of func(client.Stats) uint64) func(context.Context, metric.Int64Observer) error {
		return func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(of(i.Stats())))
			return nil
		}
	}
	err := errors.Join(
		t.builder.RegisterExtensionTokenVaultGrantsReceivedCallback(total(func(s client.Stats) uint64 { return s.Grants })),
		t.builder.RegisterExtensionTokenVaultTokensIssuedCallback(total(func(s client.Stats) uint64 { return s.Issued })),
	)
	if s == nil {
		return err
	}
	stat := func(of func(spool.Stats) int64) func(context.Context, metric.Int64Observer) error {
		return func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(of(s.Stats()))
			return nil
		}
	}
	return errors.Join(
		err,
		t.builder.RegisterExtensionTokenVaultTokensUnlinkedCallback(total(func(s client.Stats) uint64 { return s.Unlinked })),
		t.builder.RegisterExtensionTokenVaultSpoolRecordsCallback(stat(func(s spool.Stats) int64 { return int64(s.Depth) })),
		t.builder.RegisterExtensionTokenVaultSpoolRecordsDeniedCallback(stat(func(s spool.Stats) int64 { return int64(s.Denied) })),
		t.builder.RegisterExtensionTokenVaultSpoolSizeCallback(stat(func(s spool.Stats) int64 { return s.Bytes })),
		t.builder.RegisterExtensionTokenVaultSpoolBreakerOpenCallback(stat(breakerOpen)),
		t.builder.RegisterExtensionTokenVaultSpoolAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(s.Stats().Age(time.Now()).Seconds())
			return nil
		}),
	)
}

// breakerOpen is 1 until a call has succeeded: half open is open, and time to try again.
func breakerOpen(s spool.Stats) int64 {
	if s.Breaker == "closed" {
		return 0
	}
	return 1
}

func (t *instruments) shutdown() { t.builder.Shutdown() }
