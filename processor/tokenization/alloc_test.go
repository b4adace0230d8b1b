package tokenization

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Telemetry that holds nothing is searched without an allocation.
func TestCleanBatchDoesNotAllocate(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	w := benchTokenizer(t).newWalk()
	ld, td := benchLogs(false), benchTraces()
	ctx := context.Background()
	for name, find := range map[string]func(*walk){
		"logs":  func(w *walk) { w.logs(ctx, ld) },
		"spans": func(w *walk) { w.traces(ctx, td) },
	} {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, testing.AllocsPerRun(10, func() {
				w.search(find)
				w.reset()
			}))
		})
	}
}

// A value that is found costs what replacing it costs, and no more.
func TestDirtyBatchAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	w := benchTokenizer(t).newWalk()
	ctx := context.Background()
	ld := benchLogs(true)
	find := func(w *walk) { w.logs(ctx, ld) }
	w.search(find)
	changed := len(w.edits.values)
	require.NotZero(t, changed)
	w.reset()
	require.Less(t, testing.AllocsPerRun(10, func() {
		w.search(find)
		w.reset()
	}), float64(changed)/32, "what texts become shares memory")
}
