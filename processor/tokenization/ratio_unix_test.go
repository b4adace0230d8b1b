//go:build unix

package tokenization

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// BenchmarkProcessorRatio puts batches through a hop without and with the processor in turn and reports what the
// processor adds, in parts of the hop's decode and encode. The target is at most 0.5. It compares the processor time of
// the whole process: garbage collection is charged to what brought it about, and other programs are charged to nobody.
func BenchmarkProcessorRatio(b *testing.B) {
	t := benchTokenizer(b)
	wire := benchWire(b, true)
	ctx := context.Background()
	const batches = 50
	var with, without time.Duration
	for b.Loop() {
		start := cpuTime(b)
		for range batches {
			roundTrip(b, wire)
		}
		without += cpuTime(b) - start
		start = cpuTime(b)
		for range batches {
			req := decode(b, wire)
			if err := t.process(ctx, func(w *walk) { w.logs(ctx, req.Logs()) }); err != nil {
				b.Fatal(err)
			}
			if _, err := req.MarshalProto(); err != nil {
				b.Fatal(err)
			}
		}
		with += cpuTime(b) - start
	}
	records := float64(b.N * batches * benchRecords)
	b.ReportMetric(float64(with-without)/float64(without), "processor/otlp")
	b.ReportMetric(float64(with-without)/records, "processor-ns/record")
	b.ReportMetric(float64(without)/records, "otlp-ns/record")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
