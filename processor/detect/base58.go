package detect

import (
	"crypto/sha256"
	"strings"
)

const (
	base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	rippleAlphabet = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
)

// base58Kind is a kind of address in Base58Check: the version before 20 bytes and the checksum of four.
type base58Kind struct {
	first    string // characters that such addresses start with
	version  string
	alphabet string
}

// base58Kinds are the kinds of the chains' own parameters (chainparams.cpp of each, SLIP-44 names).
var base58Kinds = []base58Kind{
	{"1", "\x00", base58Alphabet},         // Bitcoin, Bitcoin Cash: P2PKH
	{"3", "\x05", base58Alphabet},         // P2SH
	{"mn", "\x6f", base58Alphabet},        // test networks
	{"2", "\xc4", base58Alphabet},         // test networks: P2SH
	{"L", "\x30", base58Alphabet},         // Litecoin
	{"M", "\x32", base58Alphabet},         // Litecoin: P2SH
	{"D", "\x1e", base58Alphabet},         // Dogecoin
	{"9A", "\x16", base58Alphabet},        // Dogecoin: P2SH
	{"X", "\x4c", base58Alphabet},         // Dash
	{"7", "\x10", base58Alphabet},         // Dash: P2SH
	{"T", "\x41", base58Alphabet},         // Tron
	{"t", "\x1c\xb8", base58Alphabet},     // Zcash: transparent
	{"t", "\x1c\xbd", base58Alphabet},     // Zcash: transparent, P2SH
	{"t", "\x06\xa1\x9f", base58Alphabet}, // Tezos: tz1
	{"t", "\x06\xa1\xa1", base58Alphabet}, // Tezos: tz2
	{"t", "\x06\xa1\xa4", base58Alphabet}, // Tezos: tz3
	{"K", "\x02\x5a\x79", base58Alphabet}, // Tezos: KT1
	{"r", "\x00", rippleAlphabet},         // XRP
}

// base58Wallet verifies an address in Base58Check, of any of the kinds.
func base58Wallet(t *text, start, end int) {
	s := t.s[start:end]
	for i := range base58Kinds {
		k := &base58Kinds[i]
		if strings.IndexByte(k.first, s[0]) >= 0 && k.has(s) {
			t.add(CryptoWallet, start, end, 0.99)
			return
		}
	}
}

func (k *base58Kind) has(s string) bool {
	var b [27]byte
	n := len(k.version) + 20 + 4
	if !decodeBase58(b[:n], s, k.alphabet) || string(b[:len(k.version)]) != k.version {
		return false
	}
	once := sha256.Sum256(b[:n-4])
	twice := sha256.Sum256(once[:])
	return [4]byte(twice[:4]) == [4]byte(b[n-4:n])
}

// decodeBase58 fills dst, right aligned, with the number that s stands for; false when it does not fit.
func decodeBase58(dst []byte, s, alphabet string) bool {
	clear(dst)
	for i := range len(s) {
		carry := strings.IndexByte(alphabet, s[i])
		if carry < 0 {
			return false
		}
		for j := len(dst) - 1; j >= 0; j-- {
			carry += int(dst[j]) * 58
			dst[j] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return false
		}
	}
	return true
}

var solanaCues = []string{"solana", "sol ", "phantom", "spl ", "pubkey", "wallet", "polkadot", "dot ", "kusama"}

// keyWallet verifies an address of Solana, which is a public key without a checksum: 32 bytes, with a cue near.
func keyWallet(t *text, start, end int) {
	var b [32]byte
	s := t.s[start:end]
	if !isMixedCase(s) || !decodeBase58(b[:], s, base58Alphabet) || b[0] == 0 || !t.cue(solanaCues, start, end) {
		return
	}
	t.add(CryptoWallet, start, end, 0.85)
}

// isMixedCase reports whether letters of both cases and digits are in s.
func isMixedCase(s string) bool {
	var upper, lower, digit bool
	for i := range len(s) {
		upper, lower, digit = upper || isUpper(s[i]), lower || isLower(s[i]), digit || isDigit(s[i])
	}
	return upper && lower && digit
}

// Sizes of the blocks of Monero's base 58: eleven characters for eight bytes, seven for the last five.
const (
	moneroBlock = 11
	moneroBytes = 8
	moneroRest  = 7
)

// moneroWallet verifies an address of Monero: network, two keys and four bytes of their Keccak hash.
func moneroWallet(t *text, start, end int) {
	s := t.s[start:end]
	if s[0] != '4' && s[0] != '8' {
		return
	}
	var b [10 * moneroBytes]byte
	n := 0
	for len(s) > 0 {
		size, chars := moneroBytes, moneroBlock
		if len(s) == moneroRest {
			size, chars = 5, moneroRest
		}
		if !decodeBase58(b[n:n+size], s[:chars], base58Alphabet) {
			return
		}
		n += size
		s = s[chars:]
	}
	sum := keccak256(b[:n-4])
	if [4]byte(sum[:4]) == [4]byte(b[n-4:n]) {
		t.add(CryptoWallet, start, end, 0.99)
	}
}

// isBase58 reports whether the word of n bytes at i has a capital and no zero, as addresses in base 58 and few other
// words of their length have.
func isBase58(s string, i, n int) bool {
	capital := false
	for _, c := range []byte(s[i : i+n]) {
		if c == '0' {
			return false
		}
		capital = capital || isUpper(c)
	}
	return capital
}
