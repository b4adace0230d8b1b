package demo

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func testScreen(t *testing.T) (*Screen, func() string) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "screen")
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return NewScreen(f), func() string {
		content, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		return string(content)
	}
}

func TestBadIsRed(t *testing.T) {
	out, content := testScreen(t)
	out.Bad("%s in plain", "iban")
	require.Equal(t, "  iban in plain\n", content())
	out.color = true
	out.Bad("%s in plain", "iban")
	require.Equal(t, "  iban in plain\n  \x1b[31miban in plain\x1b[0m\n", content())
}

func TestFolded(t *testing.T) {
	out, content := testScreen(t)
	out.width = 20
	out.Folded("one  two  three four  five six seven eight nine")
	require.Equal(t, "  one  two\n     three four\n     five six seven eight nine\n", content())
}
