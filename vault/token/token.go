// Package token is the grammar of Cloakroom's tokens: how one is written, found in text and verified.
//
//	tkt_<class>_<kid>_<body>      tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds
//
// The class is a readable kind, [a-z]{2,16}. The kid is 5 letters: the vault's id for one scope and epoch. The body
// is 33 letters: two 56-bit halves of a 112-bit identity in 13 letters each, then a 30-bit keyed tag in 7. Letters
// are the 20 lower-case consonants bcdfghjklmnpqrstvwxz, most significant first, so a token has exactly one spelling.
//
// Writers call [Append]; readers call [Next] and [Parse]; whoever must not be fooled by data dressed as a token holds
// a [Recognizer]. A [Batch] carries freshly minted tokens to whoever makes them durable. The package performs no
// cryptography beyond the tag and imports the standard library only. Functions are safe for concurrent use.
package token

import (
	"errors"
	"fmt"
)

const (
	// Prefix starts every token.
	Prefix = "tkt_"
	// IdentitySize is the length of an identity in bytes.
	IdentitySize = 14
	// TagBits is the width of a tag.
	TagBits = 30
	// MaxSize is the length of the longest token in bytes: that of a 16-letter class, without a kept part.
	MaxSize = len(Prefix) + maxClass + TailSize
	// TailSize is the length of what follows the class, without a kept part.
	TailSize = 1 + kidLen + 1 + bodyLen

	half     = 7  // bytes of identity in one group of letters
	halfLen  = 13 // letters of such a group: 20^13 > 2^56
	tagLen   = 7  // 20^7 > 2^30
	kidLen   = 5
	bodyLen  = 2*halfLen + tagLen
	halfBits = 8 * half
)

// ErrMalformed is returned for text that is not exactly one token. It never carries the text.
var ErrMalformed = errors.New("not a token")

// ErrUnavailable says that tokens cannot be minted or made durable now. Nothing was lost and nothing may be forwarded:
// trying again later can succeed. Issuers wrap it, so that whoever holds telemetry back need not know the issuer.
var ErrUnavailable = errors.New("token vault unavailable")

// Identity is what a token stands for: 112 bits derived from the value, or random.
type Identity [IdentitySize]byte

// Token is a parsed token.
type Token struct {
	Class    string
	Kid      Kid
	Identity Identity
	Tag      uint32 // TagBits wide
}

// String spells the token.
func (t Token) String() string {
	return string(Append(make([]byte, 0, MaxSize), t.Class, t.Kid, t.Identity, t.Tag))
}

// Append appends the token to dst. It panics when class, kid or tag is outside the grammar: that is a fault of the
// caller, and a token that cannot be read back must not exist.
func Append(dst []byte, class string, kid Kid, id Identity, tag uint32) []byte {
	if !ValidClass(class) || kid >= Kids || tag >= 1<<TagBits {
		panic(fmt.Sprintf("token: outside the grammar: class of %d bytes, kid %d, tag %#x", len(class), uint32(kid), tag))
	}
	dst = append(dst, Prefix...)
	dst = append(dst, class...)
	var b [TailSize]byte
	b[0], b[1+kidLen] = '_', '_'
	putLetters(b[1:1+kidLen], uint64(kid))
	body := b[2+kidLen:]
	putLetters(body[:halfLen], uint56(id[:half]))
	putLetters(body[halfLen:2*halfLen], uint56(id[half:]))
	putLetters(body[2*halfLen:], uint64(tag))
	return append(dst, b[:]...)
}

// Parse reads s, which must be one token and nothing else. The class of the result is a view of s. It does not
// verify the tag: see [Recognizer.Verify].
func Parse(s string) (Token, error) {
	t, n := parsePrefix(s)
	if n == 0 || n != len(s) {
		return Token{}, ErrMalformed
	}
	return t, nil
}

// parsePrefix reads the token s starts with and returns its length, or 0. What follows it is not looked at.
func parsePrefix(s string) (Token, int) {
	if len(s) < len(Prefix)+minClass+TailSize || s[:len(Prefix)] != Prefix {
		return Token{}, 0
	}
	rest := s[len(Prefix):]
	class := classLen(rest)
	if class == 0 || len(rest) < class+TailSize || rest[class] != '_' || rest[class+1+kidLen] != '_' {
		return Token{}, 0
	}
	b := rest[class+1 : class+TailSize]
	body := b[kidLen+1:]
	kid, okKid := readLetters(b[:kidLen])
	hi, okHi := readLetters(body[:halfLen])
	lo, okLo := readLetters(body[halfLen : 2*halfLen])
	tag, okTag := readLetters(body[2*halfLen:])
	// Values of 13 and 7 letters that 56 and 30 bits cannot hold would be second spellings of nothing: refused.
	if !okKid || !okHi || !okLo || !okTag || hi>>halfBits != 0 || lo>>halfBits != 0 || tag>>TagBits != 0 {
		return Token{}, 0
	}
	t := Token{Class: rest[:class], Kid: Kid(kid), Tag: uint32(tag)}
	putUint56(t.Identity[:half], hi)
	putUint56(t.Identity[half:], lo)
	return t, len(Prefix) + class + TailSize
}

func uint56(b []byte) uint64 {
	_ = b[6]
	return uint64(b[0])<<48 | uint64(b[1])<<40 | uint64(b[2])<<32 | uint64(b[3])<<24 |
		uint64(b[4])<<16 | uint64(b[5])<<8 | uint64(b[6])
}

func putUint56(b []byte, v uint64) {
	_ = b[6]
	b[0], b[1], b[2], b[3] = byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24)
	b[4], b[5], b[6] = byte(v>>16), byte(v>>8), byte(v)
}
