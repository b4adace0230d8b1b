// Command benchdoc measures what docs/benchmarks.md says. It runs the benchmarks, keeps their output in testdata/bench, and
// writes the tables between the document's marks again from that. With -recorded it does the last step alone, so that the
// document can be checked against the output that it comes from.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

const (
	document = "docs/benchmarks.md"
	outputs  = "testdata/bench"
	profile  = "builder/collector/default.pgo" // what is shipped is built with it
)

// runs are the benchmarks, by the file that keeps their output. Paths are of the repository.
var runs = []struct {
	file string
	dir  string
	env  []string
	args string
}{
	{"detect.txt", ".", nil, "-bench ByteScan|Lines|Records|JSONBody|Size|Hostile|Names|Patterns|Entities -cpu 1 -benchtime 100ms -count 3 ./processor/detect"},
	{"entities50.txt", ".", []string{"SUBSET=50"}, "-tags subset -bench Entities -cpu 1 -benchtime 100ms -count 3 ./processor/detect"},
	{"entities10.txt", ".", []string{"SUBSET=10"}, "-tags subset -bench Entities -cpu 1 -benchtime 100ms -count 3 ./processor/detect"},
	{"vault.txt", ".", nil, "-bench . ./vault/token ./vault/client ./vault/server ./vault/store/..."},
	{"fleet.txt", ".", nil, "-bench Escrow|Grant|Issue|Append -count 3 ./builder/fleetbench ./vault/escrow/spool"},
	{"processor.txt", ".", nil, "-bench Processor -benchtime 300x -count 3 ./builder/fleetbench"},
	{"postgres.txt", ".", nil, "-tags services -bench Postgres -count 3 ./builder/fleetbench"},
	{"kafka.txt", ".", nil, "-bench Stream|Consumers|Machines -benchtime 5x ./builder/kafkabench"},
	{"peers.txt", "builder/bench", nil, "-bench . -count 3 -timeout 30m ."},
}

func main() {
	recorded := flag.Bool("recorded", false, "measure nothing: write the tables from testdata/bench")
	benchtime := flag.String("benchtime", "1s", "how long each benchmark runs")
	only := flag.String("only", "", "measure only what is kept in files whose names match this regular expression")
	flag.Parse()
	if err := run(*recorded, *benchtime, *only); err != nil {
		fmt.Fprintln(os.Stderr, "benchdoc:", err)
		os.Exit(1)
	}
}

func run(recorded bool, benchtime, only string) error {
	if !recorded {
		files, err := regexp.Compile(only)
		if err != nil {
			return fmt.Errorf("-only: %w", err)
		}
		if err := measure(benchtime, files); err != nil {
			return err
		}
	}
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	text, err := render(old, outputs)
	if err != nil {
		return err
	}
	return os.WriteFile(document, text, 0o644)
}

// measure runs benchmarks, and writes their output only when the last of them has ended well.
func measure(benchtime string, only *regexp.Regexp) error {
	out := map[string][]byte{}
	for _, r := range runs {
		if !only.MatchString(r.file) {
			continue
		}
		pgo, err := filepath.Rel(r.dir, profile)
		if err != nil {
			return err
		}
		args := append([]string{"test", "-pgo", pgo, "-run", "^$", "-benchmem", "-benchtime", benchtime}, strings.Fields(r.args)...)
		env := r.env
		if level := os.Getenv("GOAMD64"); level != "" {
			env = append([]string{"GOAMD64=" + level}, env...)
		}
		command := commandLine(env, args)
		fmt.Fprintf(os.Stderr, "== %s: %s\n", r.file, command)
		var text []byte
		for round := 0; round < roundsOf(r.file) && err == nil; round++ {
			cmd := exec.Command("go", args...)
			cmd.Dir, cmd.Env, cmd.Stderr = r.dir, append(os.Environ(), r.env...), os.Stderr
			var out []byte
			out, err = cmd.Output()
			text = append(text, out...)
		}
		if err != nil {
			_, _ = os.Stderr.Write(text)
			return fmt.Errorf("run the benchmarks of %s: %w", r.file, err)
		}
		head := fmt.Sprintf("command: %s\ndirectory: %s\ngo: %s\ncores: %d\n", command, r.dir, runtime.Version(), runtime.NumCPU())
		out[r.file] = append([]byte(head), text...)
	}
	for file, text := range out {
		if err := os.WriteFile(filepath.Join(outputs, file), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// roundsOf is how often the benchmarks of a file run. Those of which the fastest run counts are worth several times: a machine that is
// slow stays so for seconds.
func roundsOf(file string) int {
	if fastest.MatchString(file) {
		return 6
	}
	return 1
}

// render returns the document with every section between marks written from the outputs in dir.
func render(document []byte, dir string) ([]byte, error) {
	all := results{figures: map[string]map[string]float64{}, runs: map[string]facts{}}
	for _, r := range runs {
		text, err := os.ReadFile(filepath.Join(dir, r.file))
		if err != nil {
			return nil, fmt.Errorf("read what was measured: %w", err)
		}
		if err := all.parse(r.file, text); err != nil {
			return nil, fmt.Errorf("%s: %w", r.file, err)
		}
	}
	for _, s := range sections {
		from, to := "<!-- measured: "+s.name+" -->\n", "<!-- end -->"
		before, rest, ok := bytes.Cut(document, []byte(from))
		_, after, closed := bytes.Cut(rest, []byte(to))
		if !ok || !closed {
			return nil, fmt.Errorf("the document has no section %q", strings.TrimSpace(from))
		}
		table, err := s.table(all)
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", s.name, err)
		}
		document = bytes.Join([][]byte{before, []byte(from), table, []byte(to), after}, nil)
	}
	return document, nil
}

// commandLine is the run as one types it into a shell.
func commandLine(env, args []string) string {
	line := append(append([]string{}, env...), "go")
	for _, a := range args {
		if strings.ContainsAny(a, "|^$") {
			a = "'" + a + "'"
		}
		line = append(line, a)
	}
	return strings.Join(line, " ")
}
