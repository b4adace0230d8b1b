package notice_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
)

// observed runs f in a time of its own and returns what it logged.
func observed(t *testing.T, f func(n *notice.Log)) []observer.LoggedEntry {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	synctest.Test(t, func(*testing.T) { f(notice.New(zap.New(core))) })
	return logs.All()
}

// lines are the messages with the fields that count.
func lines(all []observer.LoggedEntry) (out []string) {
	for _, e := range all {
		m := e.ContextMap()
		line := e.Level.String() + " " + e.Message
		for _, key := range []string{"error", "times", "for", "after", "failing"} {
			if v, there := m[key]; there {
				line += fmt.Sprintf(" %s=%v", key, v)
			}
		}
		out = append(out, line)
	}
	return out
}

func equal(t *testing.T, got []observer.LoggedEntry, want ...string) {
	t.Helper()
	text := lines(got)
	if fmt.Sprint(text) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", text, want)
	}
}

// TestLong: what fails for an hour is told each minute, with how often it was, and when it is over.
func TestLong(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		for range 3600 {
			n.Failing("orders/0", "the partition waits", errors.New("vault away"))
			time.Sleep(time.Second)
		}
		n.Works("orders/0", "the partition goes on")
		n.Works("orders/0", "the partition goes on")
	})
	if len(got) != 61 {
		t.Fatalf("%d lines, want 61", len(got))
	}
	equal(t, []observer.LoggedEntry{got[0], got[1], got[59], got[60]},
		"warn kafka_stream: the partition waits error=vault away times=1 for=0s failing=1",
		"warn kafka_stream: the partition waits error=vault away times=60 for=1m0s failing=1",
		"warn kafka_stream: the partition waits error=vault away times=60 for=59m0s failing=1",
		"info kafka_stream: the partition goes on after=1h0m0s failing=0")
}

// TestMany: partitions that fail for one cause share a line, and the last of them to go on says that all do.
func TestMany(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		for i := range 1000 {
			n.Failing(fmt.Sprint(i), "the partition waits", fmt.Errorf("partition %d: no vault", i))
		}
		for i := range 1000 {
			n.Works(fmt.Sprint(i), "the partition goes on")
		}
	})
	equal(t, got,
		"warn kafka_stream: the partition waits error=partition 0: no vault times=1 for=0s failing=1",
		"info kafka_stream: the partition goes on after=0s failing=999",
		"info kafka_stream: the partition goes on after=0s failing=0")
}

func TestCauses(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		n.Failing("a", "waits", errors.New("no vault"))
		n.Failing("a", "waits", errors.New("no topic"))
		n.Failing("a", "waits", errors.New("no vault"))
		n.Event("too_large", "a dead letter")
		n.Event("refused", "a dead letter")
		n.Event("refused", "a dead letter")
		time.Sleep(notice.Every)
		n.Event("refused", "a dead letter")
	})
	equal(t, got,
		"warn kafka_stream: waits error=no vault times=1 for=0s failing=1",
		"warn kafka_stream: waits error=no topic times=1 for=0s failing=1",
		"warn kafka_stream: a dead letter times=1",
		"warn kafka_stream: a dead letter times=1",
		"warn kafka_stream: a dead letter times=2")
}

// TestFlapping: what fails and works by turns is no more lines than what fails.
func TestFlapping(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		for range 600 {
			n.Failing("a", "waits", errors.New("away"))
			n.Works("a", "goes on")
			time.Sleep(100 * time.Millisecond)
		}
	})
	if len(got) != 2 {
		t.Errorf("%d lines in a minute, want 2", len(got))
	}
}

func TestForget(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		n.Failing("a", "waits", errors.New("away"))
		n.Forget("a")
		n.Works("a", "goes on")
	})
	equal(t, got, "warn kafka_stream: waits error=away times=1 for=0s failing=1")
}

// TestBounded: causes without number do not fill memory, nor the log.
func TestBounded(t *testing.T) {
	got := observed(t, func(n *notice.Log) {
		text := ""
		for range 1000 {
			text += "x"
			n.Failing("a", "waits", errors.New(text))
		}
	})
	if len(got) != 129 {
		t.Errorf("%d lines, want 129", len(got))
	}
}
