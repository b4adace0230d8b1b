package scan

import (
	"strings"
	"testing"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// TestCleanLinesCostNoAllocation finds in a chunk of clean lines in every format.
func TestCleanLinesCostNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	d := detector(t)
	content := []byte(strings.Repeat("level=info msg=\"request served\" took=12ms status=200\n", 1000))
	for name, format := range map[string]Format{
		"json":      JSON{Entities: d.Entities(), WithInput: true},
		"positions": Positions{Entities: d.Entities()},
		"lines":     Lines{Entities: d.Entities(), Colors: true},
		"sarif":     SARIF{Entities: d.Entities()},
	} {
		t.Run(name, func(t *testing.T) {
			f := &finder{Scanner: New(Settings{Detector: d, Format: format}, []Input{{Name: "in"}}), scratch: detect.NewScratch()}
			c := &chunk{text: content, line: 1}
			f.find(c)
			if n := testing.AllocsPerRun(20, func() { f.find(c) }); n != 0 {
				t.Errorf("%v allocations for 1000 lines", n)
			}
			if c.sums.lines != 1000 || c.sums.findings != 0 {
				t.Errorf("%+v", c.sums)
			}
		})
	}
}

// BenchmarkFind is what a line of a log costs, found in and rendered: compare with the detector's own benchmark.
func BenchmarkFind(b *testing.B) {
	d := detector(b)
	line := "2026-11-22T02:13:58Z INFO shop.checkout request served method=GET path=/cart/items status=200 took=12ms bytes=5123 zone=eu-central-1a\n"
	content := []byte(strings.Repeat(line, 1000))
	f := &finder{Scanner: New(Settings{Detector: d, Format: JSON{Entities: d.Entities()}}, []Input{{Name: "in"}}), scratch: detect.NewScratch()}
	c := &chunk{text: content, line: 1}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		f.find(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}
