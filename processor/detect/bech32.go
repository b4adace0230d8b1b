package detect

import (
	"crypto/sha512"
	"strings"
)

const bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Chains are the human-readable parts of addresses, SLIP-173 and the chains' own registries.
var bech32Chains = map[string]bool{
	"bc": true, "tb": true, "ltc": true, "tltc": true, "btg": true, "addr": true, "stake": true, "cosmos": true, "osmo": true, "terra": true, "bnb": true, "inj": true, "sei": true, "celestia": true, "juno": true, "axelar": true,
	"kava": true, "thor": true, "secret": true, "erd": true, "one": true, "zil": true, "io": true, "zs": true, "akash": true, "stars": true, "evmos": true, "band": true, "dydx": true, "neutron": true, "noble": true, "stride": true,
}

// longestChain is the longest of them.
const longestChain = 8

// Sums of bech32 and of bech32m over an address whose checksum is right.
const (
	bech32Sum  = 1
	bech32mSum = 0x2bc830a3
)

// bech32Wallet verifies an address in bech32: a known chain, 1, and a checksum. Those of Bitcoin and Litecoin have bech32
// in version 0 and bech32m in later ones.
func bech32Wallet(t *text, start, end int) {
	s := t.s[start:end]
	sep := strings.IndexByte(s[:longestChain+1], '1')
	if sep < 2 {
		return
	}
	var low [longestChain]byte
	upper := isUpper(s[0])
	for i := range sep {
		low[i] = lower(s[i])
	}
	if !bech32Chains[string(low[:sep])] {
		return
	}
	sum := uint32(1)
	for _, c := range low[:sep] {
		sum = bech32Step(sum, c>>5)
	}
	sum = bech32Step(sum, 0)
	for _, c := range low[:sep] {
		sum = bech32Step(sum, c&31)
	}
	for i := sep + 1; i < len(s); i++ {
		v := strings.IndexByte(bech32Alphabet, lower(s[i]))
		if v < 0 || isLetter(s[i]) && isUpper(s[i]) != upper {
			return
		}
		sum = bech32Step(sum, byte(v))
	}
	if segwit := low[0] == 'b' && low[1] == 'c' || low[0] == 't' && low[1] == 'b' || string(low[:3]) == "ltc"; segwit && sep <= 3 {
		version := strings.IndexByte(bech32Alphabet, lower(s[sep+1]))
		if version == 0 && sum != bech32Sum || version > 0 && sum != bech32mSum || version > 16 {
			return
		}
	}
	if sum == bech32Sum || sum == bech32mSum {
		t.add(CryptoWallet, start, end, 0.99)
	}
}

func bech32Step(sum uint32, v byte) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ uint32(v)
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// cashWallet verifies an address of Bitcoin Cash (CashAddr): 42 characters, whose checksum covers the name of the chain,
// spelled before them or not.
func cashWallet(t *text, start, end int) {
	s := t.s[start:end]
	if s[0] != 'q' && s[0] != 'p' {
		return
	}
	sum := uint64(1)
	for _, c := range []byte("bitcoincash") {
		sum = cashStep(sum, c&31)
	}
	sum = cashStep(sum, 0)
	for i := range len(s) {
		v := strings.IndexByte(bech32Alphabet, s[i])
		if v < 0 {
			return
		}
		sum = cashStep(sum, byte(v))
	}
	if sum == 1 {
		t.add(CryptoWallet, start, end, 0.99)
	}
}

func cashStep(sum uint64, v byte) uint64 {
	top := sum >> 35
	sum = sum&0x07ffffffff<<5 ^ uint64(v)
	for i, g := range [...]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// base32Wallet verifies an address of Stellar (G, a key, CRC16) or Algorand (a key, four bytes of its SHA-512/256).
func base32Wallet(t *text, start, end int) {
	s := t.s[start:end]
	var b [37]byte
	n, bits, have := 0, 0, 0
	for i := range len(s) {
		v := 0
		switch c := s[i]; {
		case isUpper(c):
			v = int(c - 'A')
		case c >= '2' && c <= '7':
			v = int(c-'2') + 26
		default:
			return
		}
		bits, have = bits<<5|v, have+5
		if have >= 8 {
			have -= 8
			if n == len(b) {
				return
			}
			b[n] = byte(bits >> have)
			n++
			bits &= 1<<have - 1
		}
	}
	switch {
	case len(s) == 56 && s[0] == 'G' && crc16(b[:33]) == uint16(b[33])|uint16(b[34])<<8:
	case len(s) == 58:
		if sum := sha512.Sum512_256(b[:32]); [4]byte(sum[28:]) != [4]byte(b[32:36]) {
			return
		}
	default:
		return
	}
	t.add(CryptoWallet, start, end, 0.98)
}

// crc16 is the cyclic redundancy check of XMODEM.
func crc16(data []byte) uint16 {
	sum := uint16(0)
	for _, b := range data {
		sum ^= uint16(b) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

// What the words of addresses start with.
const (
	bech32First = "abcdeijklnostzABCDEIJKLNOSTZ"
	base32First = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// hasChain reports whether the word of n bytes at i starts with the letters of some chain and a 1.
func hasChain(s string, i, _ int) bool {
	end := i
	for end < i+longestChain && isLetter(s[end]) {
		end++
	}
	return end >= i+2 && s[end] == '1'
}
