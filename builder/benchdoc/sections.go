package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// section is a part of the document that is written from figures.
type section struct {
	name  string
	table func(results) ([]byte, error)
}

var sections = []section{
	{"machine", machineTable},
	{"peers", peersTable},
	{"hop", hopTable},
	{"detect", detectTable},
	{"sizes", sizesTable},
	{"entities", entitiesTable},
	{"hostile", hostileTable},
	{"fleet goals", fleetGoalsTable},
	{"fleet escrow", fleetEscrowTable},
	{"fleet processor", fleetProcessorTable},
	{"kafka", kafkaTable},
	{"vault", vaultTable},
}

// table writes rows for Markdown and keeps the first error of looking up a figure.
type table struct {
	bytes.Buffer
	all results
	err error
}

func (t *table) head(columns ...string) {
	t.row(columns...)
	t.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

func (t *table) row(cells ...string) { fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | ")) }

func (t *table) get(file, name, unit string) float64 {
	v, err := t.all.get(file, name, unit)
	if err != nil && t.err == nil {
		t.err = err
	}
	return v
}

func (t *table) done() ([]byte, error) { return t.Bytes(), t.err }

func machineTable(all results) ([]byte, error) {
	t := &table{all: all}
	f := all.runs["detect.txt"]
	fmt.Fprintf(t, "Measured on %s, %s. The commands, whose whole output is in [testdata/bench](../testdata/bench):\n\n", f.machine, f.version)
	for _, r := range runs {
		fmt.Fprintf(t, "- `%s`", all.runs[r.file].command)
		if r.dir != "." {
			fmt.Fprintf(t, " in `%s`", r.dir)
		}
		t.WriteByte('\n')
	}
	return t.done()
}

var (
	signalNames = []string{"logs", "traces"}
	batchNames  = [][2]string{{"clean", "none"}, {"one_in_ten", "one in ten"}, {"every_record", "every record"}}
)

func peersTable(all results) ([]byte, error) {
	t := &table{all: all}
	for _, time := range [][2]string{{"cpu-ns/record", "Processor time per record"}, {"ns/record", "The same by the clock"}} {
		fmt.Fprintf(t, "%s:\n\n", time[1])
		t.head("signal", "personal data in", "byte scan", "OTLP decode and encode", "**cloakroom**", "redaction, 10 patterns", "", "transform, 10 patterns", "")
		for _, signal := range signalNames {
			for _, batch := range batchNames {
				of := func(who string) float64 { return t.get("peers.txt", "Peers/"+signal+"/"+batch[0]+"/"+who, time[0]) }
				ours, redaction, transform := of("cloakroom"), of("redaction_10_patterns"), of("transform_10_patterns")
				t.row(signal, batch[1], duration(of("byte_scan")), duration(of("otlp_decode_encode")), "**"+duration(ours)+"**",
					duration(redaction), figure(redaction/ours)+" ×", duration(transform), figure(transform/ours)+" ×")
			}
		}
		t.WriteByte('\n')
	}
	return t.done()
}

func hopTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("signal", "personal data in", "hop, processor time", "cloakroom adds", "share", "hop, by the clock", "cloakroom adds", "share")
	for _, signal := range signalNames {
		for _, batch := range batchNames {
			of := func(unit string) float64 { return t.get("peers.txt", "Hop/"+signal+"/"+batch[0], unit) }
			t.row(signal, batch[1], duration(of("otlp-cpu-ns/record")), duration(of("adds-cpu-ns/record")), "**"+figure(of("cpu-share"))+"**",
				duration(of("otlp-ns/record")), duration(of("adds-ns/record")), figure(of("wall-share")))
		}
	}
	return t.done()
}

func detectTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("text", "processor time", "MB/s", "by the clock", "allocations")
	for _, row := range [][2]string{
		{"ByteScan", "one look-up in a table for every byte of a clean log line, for comparison"},
		{"Lines/clean", "clean log line, six kinds in turn"},
		{"Lines/clean_java", "… Java"},
		{"Lines/clean_logfmt", "… logfmt"},
		{"Lines/clean_nginx", "… nginx error log"},
		{"Lines/clean_klog", "… Kubernetes"},
		{"Lines/clean_json", "… JSON"},
		{"Lines/clean_envoy", "… Envoy access log"},
		{"Lines/a_value_in_each", "log line with a value, six kinds in turn"},
		{"Records/clean", "clean JSON record of 512 bytes, much as in others"},
		{"Records/a_value_in_each", "… with a value"},
		{"JSONBody", "JSON body of 1 KB with 3 values"},
		{"Names", "sentence about people, with a name or an address"},
		{"Patterns/0", "clean log line, no custom pattern"},
		{"Patterns/10", "… 10 custom patterns"},
		{"Patterns/50", "… 50 custom patterns"},
	} {
		t.textRow("detect.txt", row[0], row[1])
	}
	return t.done()
}

// textRow is a row about one text. MB/s is of processor time.
func (t *table) textRow(file, name, title string) {
	cpu, wall, rate := t.get(file, name, "cpu-ns/op"), t.get(file, name, "ns/op"), t.get(file, name, "MB/s")
	t.row(title, duration(cpu), figure(rate*wall/cpu), duration(wall), figure(t.get(file, name, "allocs/op")))
}

func sizesTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("size", "clean logs", "MB/s", "logs with a value in every line", "MB/s")
	for _, size := range []string{"100B", "1000B", "10000B", "100000B", "1000000B", "10000000B"} {
		cells := []string{size[:len(size)-1] + " B"}
		for _, kind := range []string{"clean", "values"} {
			name := "Size/" + kind + "_" + size
			cpu := t.get("detect.txt", name, "cpu-ns/op")
			cells = append(cells, duration(cpu), figure(t.get("detect.txt", name, "MB/s")*t.get("detect.txt", name, "ns/op")/cpu))
		}
		t.row(cells...)
	}
	return t.done()
}

func entitiesTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("entities", "clean log line", "log line with a value")
	for _, run := range [][2]string{{"entities10.txt", "10"}, {"entities50.txt", "50"}, {"detect.txt", "all"}} {
		t.row(run[1], duration(t.get(run[0], "Entities/clean", "cpu-ns/op")), duration(t.get(run[0], "Entities/a_value_in_each", "cpu-ns/op")))
	}
	return t.done()
}

func hostileTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("1 MB of", "processor time", "MB/s", "by the clock", "allocations")
	var names []string
	for name := range all.figures {
		if name, ok := strings.CutPrefix(name, "detect.txt Hostile/"); ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		t.textRow("detect.txt", "Hostile/"+name, strings.ReplaceAll(name, "_", " "))
	}
	return t.done()
}

func vaultTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("operation", "by the clock", "bytes allocated", "allocations")
	var names []string
	for name := range all.figures {
		if name, ok := strings.CutPrefix(name, "vault.txt "); ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		t.row("`"+name+"`", duration(t.get("vault.txt", name, "ns/op")), figure(t.get("vault.txt", name, "B/op")), figure(t.get("vault.txt", name, "allocs/op")))
	}
	return t.done()
}
