package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTablesAreWhatTheirSourcesGive is the drift test of the committed tables, and measures them.
func TestTablesAreWhatTheirSourcesGive(t *testing.T) {
	words, err := readLists("lists")
	require.NoError(t, err)
	committed := func(file string) []byte {
		data, err := os.ReadFile("../../processor/detect/names/" + file)
		require.NoError(t, err)
		return data
	}
	table, _ := encodeGazetteer(words)
	require.True(t, string(committed("gazetteer.bin")) == string(table), "gazetteer.bin: run make names")
	if testing.Short() {
		t.Skip("trains")
	}
	weights := train(words)
	require.True(t, string(committed("weights.bin")) == string(encodeWeights(weights)), "weights.bin: run make names")
	precision, recall := evaluate(words, weights, false)
	require.Greater(t, precision, 0.98)
	require.Greater(t, recall, 0.9)
}
