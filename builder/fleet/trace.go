package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// The customer of the demonstration, as each service spells the address, and what else is personal in the trace.
const (
	customer = "maria.sander@example.com"
	card     = "4111 1111 1111 1111"
	phone    = "+49 30 901820"
)

var spellings = map[string]string{
	"storefront": "Maria.Sander@Example.com",
	"payments":   "maria.sander@example.com",
	"support":    "MARIA.SANDER@EXAMPLE.COM",
}

// plain is every personal value of the demonstration, in every spelling that is sent.
func plain() []string {
	out := []string{card, "4111111111111111", phone, "+4930901820", "carla.outage@example.com"}
	for _, s := range spellings {
		out = append(out, s)
	}
	return out
}

// request is one distributed trace in three parts, one for each service.
type request struct {
	id    pcommon.TraceID
	parts map[string]ptrace.Traces
}

// newRequest makes a trace: the storefront calls payments, which calls support.
func newRequest(now time.Time) request {
	r := request{parts: map[string]ptrace.Traces{}}
	_, _ = rand.Read(r.id[:])
	var parent pcommon.SpanID
	for n, s := range []struct {
		service, name string
		attributes    map[string]string
	}{
		{"storefront", "POST /checkout", map[string]string{
			"user.email": spellings["storefront"], "url.full": "https://shop.example/checkout?email=maria.sander%40example.com",
		}},
		{"payments", "charge card", map[string]string{
			"customer.email": spellings["payments"], "db.query.text": "UPDATE orders SET card = '" + card + "' WHERE email = 'maria.sander@example.com'",
		}},
		{"support", "open ticket", map[string]string{
			"message": "caller " + spellings["support"] + " asks to be called at " + phone,
		}},
	} {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", s.service)
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		var id pcommon.SpanID
		_, _ = rand.Read(id[:])
		span.SetTraceID(r.id)
		span.SetSpanID(id)
		span.SetParentSpanID(parent)
		span.SetName(s.name)
		begin := now.Add(time.Duration(n) * 10 * time.Millisecond)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(5 * time.Millisecond)))
		for key, value := range s.attributes {
			span.Attributes().PutStr(key, value)
		}
		r.parts[s.service], parent = td, id
	}
	return r
}

// send hands telemetry to a collector over OTLP/gRPC.
func send(ctx context.Context, endpoint string, td ptrace.Traces) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("OTLP/gRPC to %s: %w", endpoint, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(td)); err != nil {
		return fmt.Errorf("send spans over OTLP/gRPC to %s: %w", endpoint, err)
	}
	return nil
}
