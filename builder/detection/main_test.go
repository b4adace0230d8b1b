package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/detect"
)

const document = "../../docs/detection.md"

// The document's tables of entities are those of the rules: `go run ./builder/detection` after a change of them.
func TestEntitiesOfTheDocumentAreThoseOfTheRules(t *testing.T) {
	doc, err := os.ReadFile(document)
	require.NoError(t, err)
	want, err := fill(string(doc), entityTables())
	require.NoError(t, err)
	require.True(t, want == string(doc), "%s is stale: run go run ./builder/detection", document)
}

func TestEveryEntitySaysWhatItLeavesAlone(t *testing.T) {
	for _, info := range detect.Builtins()[1:] {
		require.NotEmpty(t, info.Rule, info.Name)
		require.NotEmpty(t, info.Not, "%s: say in Info.Not what looks like one and is left alone", info.Name)
	}
}

func TestFiguresAreMeasured(t *testing.T) {
	tables, err := measure("../../testdata/corpus")
	require.NoError(t, err)
	require.Contains(t, tables["figures"], "| heldout | pattern entities | ")
	require.Contains(t, tables["figures-by-entity"], " others | ")
	doc, err := os.ReadFile(document)
	require.NoError(t, err)
	_, err = fill(string(doc), tables)
	require.NoError(t, err)
}

func TestFillLeavesTheRest(t *testing.T) {
	got, err := fill("a\n<!-- x: generated -->\nold\n<!-- end -->\nb\n<!-- y: generated -->\nkept\n<!-- end -->\n", map[string]string{"x": "new\n"})
	require.NoError(t, err)
	require.Equal(t, "a\n<!-- x: generated -->\nnew\n<!-- end -->\nb\n<!-- y: generated -->\nkept\n<!-- end -->\n", got)
	_, err = fill("a\n", map[string]string{"x": ""})
	require.ErrorContains(t, err, "no mark")
	_, err = fill("<!-- x: generated -->\n", map[string]string{"x": ""})
	require.True(t, strings.Contains(err.Error(), "no <!-- end -->"))
}
