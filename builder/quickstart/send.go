package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// send hands the sample to the collector: traces and logs over OTLP/gRPC, metrics over OTLP/HTTP.
func send(ctx context.Context, s settings, from *sample) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	conn, err := grpc.NewClient(s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("OTLP/gRPC to %s: %w", s.grpc, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(from.traces)); err != nil {
		return fmt.Errorf("send traces over OTLP/gRPC to %s: %w", s.grpc, err)
	}
	if _, err := plogotlp.NewGRPCClient(conn).Export(ctx, plogotlp.NewExportRequestFromLogs(from.logs)); err != nil {
		return fmt.Errorf("send logs over OTLP/gRPC to %s: %w", s.grpc, err)
	}
	if err := sendMetrics(ctx, s.http, from); err != nil {
		return fmt.Errorf("send metrics over OTLP/HTTP to %s: %w", s.http, err)
	}
	return nil
}

func sendMetrics(ctx context.Context, endpoint string, from *sample) error {
	body, err := pmetricotlp.NewExportRequestFromMetrics(from.metrics).MarshalProto()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+endpoint+"/v1/metrics", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return errors.Join(fmt.Errorf("%s: %s", resp.Status, answer), err)
	}
	return nil
}
