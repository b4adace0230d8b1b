//go:build unix

package bench

import (
	"syscall"
	"testing"
	"time"
)

// watch adds up the time of what it runs: by the clock, and processor time of the whole process, in which garbage collection
// counts on whatever core it runs and other programs do not.
type watch struct{ wall, cpu time.Duration }

func (w *watch) run(b *testing.B, f func()) {
	start, before := time.Now(), cpuTime(b)
	f()
	w.cpu += cpuTime(b) - before
	w.wall += time.Since(start)
}

// report gives the time per record of n batches.
func (w *watch) report(b *testing.B, n int) {
	perRecord(b, w.wall, n, "ns/record")
	perRecord(b, w.cpu, n, "cpu-ns/record")
}

func perRecord(b *testing.B, d time.Duration, batches int, unit string) {
	b.ReportMetric(float64(d.Nanoseconds())/float64(batches)/records, unit)
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
