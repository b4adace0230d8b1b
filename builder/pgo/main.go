// Command pgo takes the profile that everything is built with: it runs the benchmarks of what is hot in a collector, gives
// each its share, and writes what the compiler reads of that, which is functions, lines and counts, and no path of the machine.
// Only our own functions are in it: what is hot of others' depends on the pipeline, and to place their code by our
// benchmarks made the regular expressions of other processors slower.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

// profiles lie where go build looks for the profile of a main package. They are equal, so that what both import is compiled once.
var profiles = []string{"builder/collector/default.pgo", "builder/cloakroom/default.pgo"}

// runs are the benchmarks, with their shares in percent.
var runs = []struct {
	share float64
	dir   string
	args  string
}{
	{30, ".", "-bench Lines|Records|JSONBody -benchtime 500ms -cpu 1 ./processor/detect"},
	{35, "builder/bench", "-bench Hop|Peers/.*/.*/cloakroom -benchtime 500ms ."},
	{20, ".", "-bench Stream/vault=known -benchtime 2x ./builder/kafkabench"},
	{10, ".", "-bench Processor/.*/repeated=95 -benchtime 30x ./builder/fleetbench"},
	{5, ".", "-bench Mint|Seal|Commit|Issued -benchtime 500ms ./vault/client"},
}

// ours matches the names of our functions, in tests too.
var ours = regexp.MustCompile(`^github\.com/cloakroom/cloakroom/`)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pgo:", err)
		os.Exit(1)
	}
}

func run() error {
	temp, err := os.MkdirTemp("", "pgo")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	var all []*profile.Profile
	for n, r := range runs {
		cpu := filepath.Join(temp, strconv.Itoa(n))
		// Without a profile, so that the new one does not depend on the old one.
		args := append([]string{"test", "-pgo", "off", "-run", "^$", "-cpuprofile", cpu, "-o", cpu + ".test"}, strings.Fields(r.args)...)
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = r.dir, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run the benchmarks %s: %w", r.args, err)
		}
		data, err := os.ReadFile(cpu)
		if err != nil {
			return err
		}
		p, err := profile.ParseData(data)
		if err != nil {
			return fmt.Errorf("read the profile of %s: %w", r.args, err)
		}
		weigh(p, r.share)
		all = append(all, p)
	}
	merged, err := profile.Merge(all)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := merged.Write(&out); err != nil {
		return err
	}
	for _, path := range profiles {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// weigh makes share percent of a million samples of what p counts, and takes out what the compiler does not read.
func weigh(p *profile.Profile, share float64) {
	total := int64(0)
	for _, s := range p.Sample {
		total += s.Value[0]
	}
	p.FilterSamplesByName(nil, nil, nil, ours)
	p.SampleType, p.DefaultSampleType = p.SampleType[:1], ""
	for _, s := range p.Sample {
		s.Value = []int64{int64(float64(s.Value[0]) * share * 1e4 / float64(total))}
		s.Label, s.NumLabel, s.NumUnit = nil, nil, nil
	}
	for _, l := range p.Location {
		l.Mapping, l.Address = nil, 0
	}
	for _, f := range p.Function {
		f.Filename = ""
	}
	p.Mapping, p.Comments, p.TimeNanos, p.DurationNanos = nil, nil, 0, 0
}
