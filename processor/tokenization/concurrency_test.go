package tokenization

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// One instance serves many goroutines: what each sends comes out as if it were alone.
func TestConcurrentBatches(t *testing.T) {
	r := newRig(t, nil)
	alone := newRig(t, nil)
	const workers, rounds = 8, 20
	var group errgroup.Group
	results := make([][]string, workers)
	for worker := range workers {
		group.Go(func() error {
			for round := range rounds {
				g := generator{r: rand.New(rand.NewPCG(uint64(worker), uint64(round)))}
				td, ld, md := g.traces(), g.logs(), g.metrics()
				if err := r.toTraces.ConsumeTraces(context.Background(), td); err != nil {
					return err
				}
				if err := r.toLogs.ConsumeLogs(context.Background(), ld); err != nil {
					return err
				}
				if err := r.toMetrics.ConsumeMetrics(context.Background(), md); err != nil {
					return err
				}
				results[worker] = append(results[worker], string(traceJSON(t, td)), string(logJSON(t, ld)), string(metricJSON(t, md)))
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	for worker := range workers {
		for round := range rounds {
			g := generator{r: rand.New(rand.NewPCG(uint64(worker), uint64(round)))}
			td, ld, md := g.traces(), g.logs(), g.metrics()
			alone.traces(t, td)
			alone.logs(t, ld)
			alone.metrics(t, md)
			want := []string{string(traceJSON(t, td)), string(logJSON(t, ld)), string(metricJSON(t, md))}
			require.Equal(t, want, results[worker][3*round:3*round+3])
		}
	}
}
