package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClassify compares the masks with what the classes say, for every byte at every place and for random blocks.
func TestClassify(t *testing.T) {
	want := func(s string) (b block) {
		for i := range len(s) {
			bit := uint64(1) << i
			if isWord(s[i]) {
				b.word |= bit
			}
			if isLetter(s[i]) {
				b.letter |= bit
			}
			if isUpper(s[i]) {
				b.upper |= bit
			}
			if isDigit(s[i]) {
				b.digit |= bit
			}
			switch {
			case strings.IndexByte(":=>", s[i]) >= 0:
				b.separator |= bit
			case strings.IndexByte("+-", s[i]) >= 0:
				b.sign |= bit
			case classes[s[i]]&clsEvent != 0:
				b.other |= bit
			}
			if s[i] == '\\' || s[i] == '%' || s[i] == escape {
				b.escape |= bit
			}
		}
		return b
	}
	r := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, blockLen)
	for n := 0; n <= blockLen; n++ {
		for c := range 256 {
			for i := range n {
				buf[i] = byte(c + i*i)
			}
			s := string(buf[:n])
			require.Equal(t, want(s), classify(s, 0), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(s, 0, n)), "%q", s)
			long := string(buf[blockLen/2:]) + s
			require.Equal(t, want(s), classify(long, blockLen/2), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(long, blockLen/2, n)), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(long+"a1Bé", blockLen/2, n)), "%q", s)
			require.Equal(t, want(s), classifyByTable(s), "%q", s)
		}
		for range 100 {
			for i := range n {
				buf[i] = byte(r.Uint32())
			}
			s := string(buf[:n])
			require.Equal(t, want(s), classify(s, 0), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(s, 0, n)), "%q", s)
			long := string(buf[blockLen/2:]) + s
			require.Equal(t, want(s), classify(long, blockLen/2), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(long, blockLen/2, n)), "%q", s)
			require.Equal(t, fmt.Sprint(lettersByTable(s)), fmt.Sprint(lettersOf(long+"a1Bé", blockLen/2, n)), "%q", s)
			require.Equal(t, want(s), classifyByTable(s), "%q", s)
		}
	}
}

func classify(s string, i int) (b block) {
	b.classify(s, i)
	return b
}

func classifyByTable(s string) (b block) {
	b.classifyByTable(s)
	return b
}

func BenchmarkClassify(b *testing.B) {
	var blk block
	for name, f := range map[string]func(string){"machine": func(s string) { blk.classify(s, 0) }, "table": blk.classifyByTable} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(blockLen)
			for b.Loop() {
				f(cleanLine[:blockLen])
			}
		})
	}
}

// TestMayBePrefixes compares what is asked for all places at once with the same for each: where prefixes start, cut at every length
// and changed in a byte, and anywhere else.
func TestMayBePrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range prefixes {
		for range 4 {
			text := []byte(p.text[:1+r.IntN(len(p.text))] + " " + p.text + "5:" + choose(r, " ", "-", "x") + p.text)
			if text[r.IntN(len(text))] = byte(r.Uint32()); r.IntN(2) == 0 {
				text = []byte(strings.ToUpper(string(text)))
			}
			n := min(len(text), blockLen)
			s, want := string(text)+"12345", uint64(0)
			for i := range n {
				if mayBePrefix(s, i) {
					want |= 1 << i
				}
			}
			places := ^uint64(0) >> (blockLen - n)
			require.Equal(t, want, mayBePrefixes(s, 0, places), "%q", s)
			require.Equal(t, want&0x5555555555555555, mayBePrefixes(" "+s, 1, places&0x5555555555555555), "%q", s)
			require.True(t, mayBePrefix(p.text+choose(r, " ", "s ", ":", "#"), 0), p.text)
		}
	}
}
