//go:build unix

package bench

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// watch adds up the time of what it runs: by the clock, and processor time of the whole process, in which garbage collection
// counts on whatever core it runs and other programs do not.
type watch struct {
	cpu   time.Duration
	turns []time.Duration // by the clock
}

func (w *watch) run(b *testing.B, f func()) {
	start, before := time.Now(), cpuTime(b)
	f()
	w.cpu += cpuTime(b) - before
	w.turns = append(w.turns, time.Since(start))
}

// median is by the clock, of what ran: the time that other programs took in some turns does not count.
func (w *watch) median() time.Duration {
	slices.Sort(w.turns)
	return w.turns[len(w.turns)/2]
}

// report gives the time per record of one batch a turn.
func (w *watch) report(b *testing.B) {
	perRecord(b, w.median(), 1, "ns/record")
	perRecord(b, w.cpu, len(w.turns), "cpu-ns/record")
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
