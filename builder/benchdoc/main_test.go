package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentIsWhatWasMeasured fails when a table was written by hand, or the output was kept without its tables.
func TestDocumentIsWhatWasMeasured(t *testing.T) {
	root := filepath.Join("..", "..")
	document, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(document)))
	require.NoError(t, err)
	want, err := render(document, filepath.Join(root, filepath.FromSlash(outputs)))
	require.NoError(t, err)
	require.Equal(t, string(want), string(document), "run make bench-docs, or go run ./builder/benchdoc -recorded")
}

func TestParse(t *testing.T) {
	r := results{figures: map[string]map[string]float64{}, runs: map[string]facts{}}
	require.NoError(t, r.parse("f", []byte("command: go test -bench .\ngo: go1.26\ncores: 2\ncpu: Example CPU\nBenchmarkA/clean_10B-2 \t 12\t 1303 ns/op\t 108.20 MB/s\t 0 allocs/op\nPASS\n")))
	v, err := r.get("f", "A/clean_10B", "MB/s")
	require.NoError(t, err)
	require.Equal(t, 108.2, v)
	require.Equal(t, facts{"2 cores of Example CPU", "go1.26", "go test -bench ."}, r.runs["f"])
	require.NoError(t, r.parse("h", []byte("BenchmarkA-2 1 9 ns/op\nBenchmarkA-2 1 5 ns/op\nBenchmarkA-2 1 700 ns/op\n")))
	v, err = r.get("h", "A", "ns/op")
	require.NoError(t, err)
	require.Equal(t, 9.0, v, "the median of three runs")
	require.NoError(t, r.parse("detect.txt", []byte("BenchmarkA-2 1 9 ns/op 4 MB/s\nBenchmarkA-2 1 5 ns/op 7 MB/s\nBenchmarkA-2 1 700 ns/op 1 MB/s\n")))
	for unit, want := range map[string]float64{"ns/op": 5, "MB/s": 7} {
		v, err = r.get("detect.txt", "A", unit)
		require.NoError(t, err)
		require.Equal(t, want, v, "the fastest of three runs")
	}
	_, err = r.get("f", "A/clean_10B", "B/op")
	require.Error(t, err)
	require.Error(t, r.parse("g", []byte("PASS\n")))
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.254: "0.25", -0.56: "-0.56", 0.999: "1", 1.64: "1.6", 12.34: "12.3", 99.4: "99.4", 123.4: "123", 25025: "25,025", 1234567: "1,234,567"} {
		require.Equal(t, want, figure(v))
	}
	require.Equal(t, "718 ns", duration(718))
	require.Equal(t, "33.1 µs", duration(33076))
	require.Equal(t, "-1.2 µs", duration(-1200))
	require.Equal(t, "4.8 ms", duration(4.8e6))
}
