package detect

import (
	"crypto/sha256"
	"strings"
)

// base58Wallet verifies a Bitcoin address in Base58Check: 25 bytes, version 0 (P2PKH) or 5 (P2SH).
func base58Wallet(t *text, start, end int) {
	s := t.s[start:end]
	if s[0] != '1' && s[0] != '3' {
		return
	}
	var b [25]byte
	for i := range len(s) {
		carry := strings.IndexByte(base58Alphabet, s[i])
		if carry < 0 {
			return
		}
		for j := len(b) - 1; j >= 0; j-- {
			carry += int(b[j]) * 58
			b[j] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return
		}
	}
	if b[0] != 0 && b[0] != 5 {
		return
	}
	once := sha256.Sum256(b[:21])
	twice := sha256.Sum256(once[:])
	if [4]byte(twice[:4]) == [4]byte(b[21:]) {
		t.add(CryptoWallet, start, end, 0.99)
	}
}

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// bech32Wallet verifies a segwit address: bc1 and a checksum of bech32 (version 0) or bech32m (later ones).
func bech32Wallet(t *text, start, end int) {
	s := t.s[start:end]
	if !equalFold(s[:3], "bc1") || strings.ToLower(s) != s && strings.ToUpper(s) != s {
		return
	}
	sum := uint32(1)
	for _, v := range [...]byte{3, 3, 0, 2, 3} { // "bc" expanded
		sum = bech32Step(sum, v)
	}
	version := -1
	for i := 3; i < len(s); i++ {
		v := strings.IndexByte(bech32Alphabet, lower(s[i]))
		if v < 0 {
			return
		}
		if version < 0 {
			version = v
		}
		sum = bech32Step(sum, byte(v))
	}
	if version == 0 && sum == 1 || version > 0 && version <= 16 && sum == 0x2bc830a3 {
		t.add(CryptoWallet, start, end, 0.99)
	}
}

const bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

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

var etherCues = []string{"eth ", "ethereum", "ether ", "wallet", "erc", "usdt", "usdc", "metamask", "crypto"}

// etherWallet verifies 0x and 40 hexadecimal digits. Mixed letter case must be the checksum of EIP-55; without it a cue
// must stand near, for hashes look the same.
func etherWallet(t *text, start, end int) {
	s := t.s[start:end]
	if s[:2] != "0x" && s[:2] != "0X" {
		return
	}
	var low [40]byte
	lowers, uppers := 0, 0
	for i, c := range []byte(s[2:]) {
		switch {
		case !isHex(c):
			return
		case isLower(c):
			lowers++
		case isUpper(c):
			uppers++
		}
		low[i] = lower(c)
	}
	if lowers == 0 || uppers == 0 {
		if t.cue(etherCues, start, end) {
			t.add(CryptoWallet, start, end, 0.9)
		}
		return
	}
	sum := keccak256(low[:])
	for i, c := range []byte(s[2:]) {
		nibble := sum[i/2] >> (4 * (1 - i%2)) & 15
		if isLetter(c) && (nibble >= 8) != isUpper(c) {
			return
		}
	}
	t.add(CryptoWallet, start, end, 0.99)
}

// walletByKey verifies an address under a key by its shape only.
func walletByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if len(s) < 26 || len(s) > 62 {
		return
	}
	for i := range len(s) {
		if !isAlnum(s[i]) {
			return
		}
	}
	if s[0] == '1' || s[0] == '3' || s[:2] == "0x" || equalFold(s[:3], "bc1") {
		t.emit(v, v.start, v.end, 0.95)
	}
}
