package detect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFieldsTwins compares what the machine has vectors for with what every machine does.
func TestFieldsTwins(t *testing.T) {
	if !hasVectors {
		t.Skip("no AVX2 here")
	}
	m := newFieldMaker(3)
	m.pool = append(m.pool, `,"`, `, "`, ",", `"`, " ", strings.Repeat(`,"`, 70), `,,"`, `,  "`)
	fast, slow := fields{memory: new(fieldMemory), lone: -1}, fields{memory: new(fieldMemory)}
	for range 5000 {
		s := m.record()
		s = s[:m.r.IntN(len(s)+1)]
		n := fast.cut(s)
		want := []int32{0}
		for i := 1; i < len(s); i++ {
			if strings.HasPrefix(s[i:], `,"`) || strings.HasPrefix(s[i:], `, "`) {
				want = append(want, int32(i))
			}
		}
		require.Equal(t, append(want, int32(len(s))), fast.starts, "%q", s)
		require.Equal(t, len(want), n)
		slow.starts = fast.starts
		fast.stirred, slow.stirred = make([]uint64, n/64+1), make([]uint64, n/64+1)
		*slow.memory = *fast.memory
		fast.known(s)
		slow.knownByTable(s)
		require.Equal(t, slow.stirred, fast.stirred, "%q", s)
		if m.r.IntN(2) == 0 {
			fast.learn(s, nil)
		}
		if k := m.r.IntN(n); fast.starts[k+1]-fast.starts[k] >= shortestField && fast.starts[k+1]-fast.starts[k] <= longestField { // one byte is another
			changed := []byte(s)
			changed[int(fast.starts[k])+m.r.IntN(int(fast.starts[k+1]-fast.starts[k]))] ^= 1
			fast.stirred, slow.stirred = make([]uint64, n/64+1), make([]uint64, n/64+1)
			*slow.memory = *fast.memory
			fast.known(string(changed))
			slow.knownByTable(string(changed))
			require.Equal(t, slow.stirred, fast.stirred, "%q", changed)
		}
	}
}
