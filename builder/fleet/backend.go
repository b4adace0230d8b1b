package main

import (
	"context"
	"net"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
)

// backend stands for where the telemetry of the fleet goes: it keeps every span it is sent.
type backend struct {
	ptraceotlp.UnimplementedGRPCServer
	server *grpc.Server
	addr   string

	mu       sync.Mutex
	received []ptrace.Traces
}

func startBackend() (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{server: grpc.NewServer(), addr: l.Addr().String()}
	ptraceotlp.RegisterGRPCServer(b.server, b)
	go func() { _ = b.server.Serve(l) }()
	return b, nil
}

// Export implements the OTLP trace service.
func (b *backend) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	td := ptrace.NewTraces()
	r.Traces().CopyTo(td)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received = append(b.received, td)
	return ptraceotlp.NewExportResponse(), nil
}

// part is one span as it arrived, with the service it is of.
type part struct {
	service string
	span    ptrace.Span
}

// spans returns what arrived of one trace, in the order of their start.
func (b *backend) spans(trace [16]byte) []part {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []part
	for _, td := range b.received {
		for _, rs := range td.ResourceSpans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if s.TraceID() == trace {
						out = append(out, part{service.AsString(), s})
					}
				}
			}
		}
	}
	return out
}

// everything is all that arrived, as OTLP JSON.
func (b *backend) everything() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []byte
	for _, td := range b.received {
		text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		if err != nil {
			return nil, err
		}
		out = append(append(out, text...), '\n')
	}
	return out, nil
}

func (b *backend) stop() { b.server.Stop() }
