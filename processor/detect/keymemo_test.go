package detect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a memo says of a key is what looking it up says, whatever was asked before.
func TestKeyMemo(t *testing.T) {
	var names []string
	for _, r := range rules {
		for _, n := range r.keys {
			names = append(names, strings.ReplaceAll(n.words, " ", "_"))
		}
	}
	r := rand.New(rand.NewPCG(2, 3))
	for name, prefixes := range map[string][]string{
		"plain":                          {""},
		"the same end, another begin":    {"", "a_", "b_", "has_", "my", "is_a_", "customer.", "the-"},
		"at the begin of the text":       {""},
		"longer than what is kept of it": {"a_key_of_many_words_and_", "an_other_of_many_words_"},
	} {
		t.Run(name, func(t *testing.T) {
			var m keyMemo
			for range 20_000 {
				key := choose(r, prefixes...) + choose(r, names...)
				before := `{"`
				if name == "at the begin of the text" {
					before = ""
				}
				text := before + key + `":1`
				want, wantKnown := lookupSuffix(key)
				for range 2 {
					ref, known := m.lookup(text, len(before), len(before)+len(key))
					require.Equal(t, want, ref, key)
					require.Equal(t, wantKnown, known, key)
				}
			}
		})
	}
}

func TestWordsMemo(t *testing.T) {
	var names []string
	for _, r := range rules {
		for _, n := range r.keys {
			names = append(names, n.words)
		}
	}
	var m wordsMemo
	r := rand.New(rand.NewPCG(4, 5))
	for range 20_000 {
		key := choose(r, "", "my ", "WHERE ", "has ", "a ") + choose(r, names...)
		want, _ := lookupSuffix(key)
		for range 2 {
			require.Equal(t, want, m.lookup(key), key)
		}
	}
}
