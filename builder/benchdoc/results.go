package main

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// results are what was measured.
type results struct {
	figures map[string]map[string]float64 // by file and benchmark, then by unit
	runs    map[string]facts              // by file
}

// facts say where figures are from.
type facts struct{ machine, version, command string }

var benchmark = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// fastest matches the files of the detector, which does nothing but compute: of a benchmark that ran several times, the fastest run
// is what the machine can do, and the others say what else it did.
var fastest = regexp.MustCompile(`^(detect|entities)`)

// parse reads the output of go test -bench. Of a benchmark that ran several times, each figure is the median, or the one of the
// fastest run.
func (r results) parse(file string, text []byte) error {
	var f facts
	cpu, cores := "", ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	samples := map[string]map[string][]float64{}
	for lines.Scan() {
		line := lines.Text()
		if key, value, ok := strings.Cut(line, ": "); ok {
			switch key {
			case "command":
				f.command = value
			case "go":
				f.version = value
			case "cores":
				cores = value
			case "cpu":
				cpu = strings.TrimSpace(value)
			}
		}
		m := benchmark.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		fields := strings.Fields(m[2])
		units := samples[m[1]]
		if units == nil {
			units = map[string][]float64{}
			samples[m[1]] = units
		}
		for i := 0; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			units[fields[i+1]] = append(units[fields[i+1]], v)
		}
	}
	if len(samples) == 0 {
		return fmt.Errorf("holds no benchmark")
	}
	for name, units := range samples {
		figures := map[string]float64{}
		for unit, vs := range units {
			slices.Sort(vs)
			at := len(vs) / 2
			switch {
			case !fastest.MatchString(file):
			case unit == "MB/s":
				at = len(vs) - 1
			default:
				at = 0
			}
			figures[unit] = vs[at]
		}
		r.figures[file+" "+name] = figures
	}
	f.machine = fmt.Sprintf("%s cores of %s", cores, cpu)
	r.runs[file] = f
	return lines.Err()
}

// get returns a figure. A benchmark that did not run is an error, not a zero.
func (r results) get(file, name, unit string) (float64, error) {
	v, ok := r.figures[file+" "+name][unit]
	if !ok {
		return 0, fmt.Errorf("%s has no %s of %s", file, unit, name)
	}
	return v, nil
}

// duration writes nanoseconds in three digits.
func duration(ns float64) string {
	switch {
	case ns < 0:
		return "-" + duration(-ns)
	case ns < 1e3:
		return figure(ns) + " ns"
	case ns < 1e6:
		return figure(ns/1e3) + " µs"
	}
	return figure(ns/1e6) + " ms"
}

// figure writes a number in two or three digits.
func figure(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0: // what is added to something noisy
		return "-" + figure(-v)
	case v < 0.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.5:
		return strconv.FormatFloat(v, 'g', 2+b2i(v >= 9.95), 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
