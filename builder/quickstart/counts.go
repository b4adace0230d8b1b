package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/vault/token"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// found says how many values of an entity the processor met, by what the policy had done with them.
type found struct {
	entity string
	kept   int
	hidden int
	tokens int // distinct tokens in the output
}

// showCounts prints the values found per entity, from the collector's own metrics.
func showCounts(ctx context.Context, s settings, out *demo.Screen) error {
	page, err := fetch(ctx, "http://"+s.metrics+"/metrics")
	if err != nil {
		return fmt.Errorf("read the collector's own metrics: %w", err)
	}
	distinct, err := distinctTokens(filepath.Join(s.data, "out"))
	if err != nil {
		return err
	}
	all := countFound(page, distinct)
	if len(all) == 0 {
		return errors.New("the collector's own metrics know of no value found")
	}
	out.Heading("Values found")
	row := func(color, entity, hidden, tokens, kept string) {
		out.Line("%s", out.Paint(color, strings.TrimRight(fmt.Sprintf("%-20s %6s %16s %6s", entity, hidden, tokens, kept), " ")))
	}
	row(demo.Dim, "entity", "hidden", "distinct tokens", "kept")
	total, others := found{entity: "total"}, false
	for _, f := range all {
		row("", f.entity, strconv.Itoa(f.hidden), strconv.Itoa(f.tokens), blank(f.kept))
		total.hidden, total.tokens, total.kept = total.hidden+f.hidden, total.tokens+f.tokens, total.kept+f.kept
		others = others || f.kept > 0 && f.entity != detect.Builtins()[detect.IPAddress].Name
	}
	row(demo.Bold, total.entity, strconv.Itoa(total.hidden), strconv.Itoa(total.tokens), blank(total.kept))
	switch {
	case others:
		out.Line("%s", out.Paint(demo.Dim, "kept: left as they are because a rule of the policy says so"))
	case total.kept > 0:
		out.Line("%s", out.Paint(demo.Dim, "kept: addresses of one's own network (private, loopback), which the default policy leaves as they are"))
	}
	return nil
}

func blank(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func fetch(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

var (
	sampleLine = regexp.MustCompile(`(?m)^otelcol_processor_tokenization_values_found(?:_total)?\{(.*)\} ([0-9.e+]+)$`)
	labelPair  = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// countFound sums the counters of a Prometheus page by entity, the most often hidden first.
func countFound(page string, distinct map[string]int) []found {
	byName := map[string]*found{}
	for _, m := range sampleLine.FindAllStringSubmatch(page, -1) {
		labels := map[string]string{}
		for _, l := range labelPair.FindAllStringSubmatch(m[1], -1) {
			labels[l[1]] = l[2]
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil || n == 0 {
			continue
		}
		f := byName[labels["entity"]]
		if f == nil {
			f = &found{entity: labels["entity"], tokens: distinct[labels["entity"]]}
			byName[f.entity] = f
		}
		if labels["action"] == "keep" {
			f.kept += int(n)
		} else {
			f.hidden += int(n)
		}
	}
	var all []found
	for _, f := range byName {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.hidden, a.hidden), strings.Compare(a.entity, b.entity))
	})
	return all
}

// distinctTokens counts the different tokens in the output files by entity. No encoding alters a token, so that the bytes
// are searched as they are.
func distinctTokens(dir string) (map[string]int, error) {
	entity := map[string]string{}
	for _, info := range detect.Builtins() {
		entity[info.Class] = info.Name
	}
	seen := map[string]bool{}
	counts := map[string]int{}
	for _, name := range outputFiles {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		text := string(data)
		for start, end := token.Next(text, 0); start >= 0; start, end = token.Next(text, end) {
			tok, err := token.Parse(text[start:end])
			if err == nil && !seen[text[start:end]] {
				seen[text[start:end]] = true
				counts[entity[tok.Class]]++
			}
		}
	}
	return counts, nil
}
