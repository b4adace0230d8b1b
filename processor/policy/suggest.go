package policy

import (
	"fmt"
	"strings"
)

// unknown is the fault of a name that is not among the known ones: with the nearest of them, or with all of them when
// they are few.
func unknown(what, name string, known []string) error {
	if s := nearest(name, known); s != "" {
		return fmt.Errorf("unknown %s %q (did you mean %q?)", what, name, s)
	}
	if len(known) > 12 {
		return fmt.Errorf("unknown %s %q", what, name)
	}
	return fmt.Errorf("unknown %s %q (known: %s)", what, name, strings.Join(known, ", "))
}

// nearest is the known name that is most likely meant: the one name is a whole word of, or the one with the fewest
// edits, at most a third of its letters.
func nearest(name string, known []string) string {
	name = strings.ToLower(strings.NewReplacer("-", "_", " ", "_").Replace(name))
	best, least := "", max(1, len(name)/3)+1
	for _, k := range known {
		if k == name {
			return k
		}
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range known {
		if name != "" && strings.Contains("_"+k+"_", "_"+name+"_") {
			return k
		}
	}
	return ""
}

// distance counts the edits between two names: insertions, deletions, replacements and swaps of neighbors (optimal
// string alignment).
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
