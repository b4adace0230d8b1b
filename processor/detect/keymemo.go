package detect

import "hash/maphash"

// keyMemo remembers what keys mean, as the same few stand in text after text. Of a key it has all the bytes, so that none is
// taken for another.
type keyMemo [1 << keyMemoBits]struct {
	head, tail uint64 // the first and the last eight bytes; of a shorter key, all of them twice
	size       int
	ref        keyRef
	known      bool
}

const (
	keyMemoBits = 6
	longestMemo = 16 // bytes of a key that head and tail hold
)

// lookup is lookupSuffix of s[start:end].
func (m *keyMemo) lookup(s string, start, end int) (keyRef, bool) {
	n := end - start
	if n == 0 || n > longestMemo || end < 8 {
		return lookupSuffix(s[start:end])
	}
	tail := load8(s, end-8)
	if n < 8 {
		tail >>= 64 - 8*n
	}
	head := tail
	if n > 8 {
		head = load8(s, start)
	}
	seat := &m[tail*0x9E3779B97F4A7C15>>(64-keyMemoBits)]
	if seat.head != head || seat.tail != tail || seat.size != n {
		seat.head, seat.tail, seat.size = head, tail, n
		seat.ref, seat.known = lookupSuffix(s[start:end])
	}
	return seat.ref, seat.known
}

// wordsMemo is the same for keys of several words. Those may be prose: of them it has no bytes, but a hash that nobody else can make,
// under which two of the words of a text are the same with a chance of 2⁻⁶⁴.
type wordsMemo [1 << keyMemoBits]struct {
	hash uint64
	ref  keyRef
}

// memoSeed is that of the hashes by which memories tell texts apart.
var memoSeed = maphash.MakeSeed()

// lookup is lookupSuffix of the key.
func (m *wordsMemo) lookup(key string) keyRef {
	hash := maphash.String(memoSeed, key)
	seat := &m[hash>>(64-keyMemoBits)]
	if seat.hash != hash {
		seat.hash = hash
		seat.ref, _ = lookupSuffix(key)
	}
	return seat.ref
}
