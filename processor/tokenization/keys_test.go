package tokenization

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A value is taken for one that was seen only when every byte of it is the same, and so is a key.
func TestMemoryMistakesNothing(t *testing.T) {
	text := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 4)
	c := newKeyCache(testDetector(t))
	for n := 1; n <= memoLen+1; n++ {
		s := text[:n]
		var none *keyEntry
		e := c.lookup(nil, &none, s)
		assert.Nil(t, e.recall(s))
		e.remember(s)
		assert.Equal(t, n <= memoLen, e.recall(s) != nil, "%d bytes", n)
		assert.True(t, e.is(strings.Clone(s)))
		for i := range n {
			other := []byte(s)
			other[i]++
			assert.Nil(t, e.recall(string(other)), "byte %d of %d", i, n)
			assert.False(t, e.is(string(other)), "byte %d of %d", i, n)
		}
		for _, other := range []string{text[:n+1], "x" + s} {
			assert.Nil(t, e.recall(other))
			assert.False(t, e.is(other))
		}
	}
}

func TestMemoryKnowsNothingOfTheEmptyValue(t *testing.T) {
	e := &keyEntry{}
	e.remember("a")
	assert.False(t, e.knows(""))
	if m := e.recall(""); m != nil {
		assert.Equal(t, unused, m.state)
	}
}

// Half as many values as there are places stay remembered, whatever else was under the key before.
func TestMemoryHoldsWhatRepeats(t *testing.T) {
	e := &keyEntry{}
	for i := range patience / 2 {
		e.remember(fmt.Sprintf("gone-%d", i))
	}
	forgotten := 0
	for round := range 100 {
		for i := range memos / 2 {
			if s := fmt.Sprintf("http-nio-8080-exec-%d", i); e.recall(s) == nil {
				e.remember(s)
				if round >= 50 {
					forgotten++
				}
			}
		}
	}
	assert.Less(t, forgotten, 50*memos/2/10, "in 50 rounds")
}

// Where no value comes twice, few are remembered, and where they begin to repeat, that is noticed.
func TestMemoryRestsWhereNothingRepeats(t *testing.T) {
	e := &keyEntry{}
	remembered := 0
	const strangers = 10 * (patience + nap)
	for i := range strangers {
		if e.remember(fmt.Sprintf("request-%d", i)) != nil {
			remembered++
		}
	}
	assert.Less(t, remembered, strangers/10)
	known := 0
	for i := range 2 * nap {
		if s := fmt.Sprintf("http-nio-8080-exec-%d", i%8); e.recall(s) != nil {
			known++
		} else {
			e.remember(s)
		}
	}
	assert.Greater(t, known, nap/2)
	assert.Nil(t, e.aside)
}
