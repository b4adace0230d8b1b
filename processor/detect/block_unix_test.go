//go:build unix

package detect

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestClassifyAtTheEndOfMemory reads strings that end where memory does: the page behind them cannot be read.
func TestClassifyAtTheEndOfMemory(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { _ = syscall.Munmap(memory) }()
	require.NoError(t, syscall.Mprotect(memory[page:], syscall.PROT_NONE))
	d, s := testDetector(t), NewScratch()
	for n := 1; n <= 3*blockLen; n++ {
		at := memory[page-n : page]
		for i := range at {
			at[i] = "jane@example.com 4111-1111 \\n%40 =:"[(i*7+n)%35]
		}
		text := unsafe.String(&at[0], n)
		for i := 0; i < n; i += blockLen / 2 {
			require.Equal(t, classifyByTable(text[i:min(n, i+blockLen)]), classify(text, i), "%q", text)
			size := min(n-i, blockLen)
			require.Equal(t, fmt.Sprint(lettersByTable(text[i:i+size])), fmt.Sprint(lettersOf(text, i, size)), "%q", text)
		}
		require.Equal(t, fmt.Sprint(d.Find(NewScratch(), Key{}, string(at))), fmt.Sprint(d.Find(s, Key{}, text)))
	}
}
