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

// endOfMemory returns a page that lies between two that cannot be read.
func endOfMemory(t *testing.T) []byte {
	t.Helper()
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Munmap(memory) })
	require.NoError(t, syscall.Mprotect(memory[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(memory[2*page:], syscall.PROT_NONE))
	return memory[page : 2*page]
}

// TestClassifyAtTheEndOfMemory reads strings that end where memory does: the page behind them cannot be read.
func TestClassifyAtTheEndOfMemory(t *testing.T) {
	memory := endOfMemory(t)
	d, s := testDetector(t), NewScratch()
	for n := 1; n <= 3*blockLen; n++ {
		at := memory[len(memory)-n:]
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

// TestFieldsAtTheEndOfMemory reads records that begin or end where memory does.
func TestFieldsAtTheEndOfMemory(t *testing.T) {
	memory, m := endOfMemory(t), newFieldMaker(4)
	d, warm, passed := plainDetector(t), NewScratch(), 0
	for range 1000 {
		record := m.record()
		record = record[:min(len(memory), m.r.IntN(len(record))+1)]
		for _, at := range [][]byte{memory[:len(record)], memory[len(memory)-len(record):]} {
			copy(at, record)
			checkFields(t, d, warm, unsafe.String(&at[0], len(at)), false)
			if warm.fields != nil {
				warm.fields.memory.nap = 0
				passed += len(warm.fields.quiet)
			}
		}
	}
	require.Positive(t, passed)
}
