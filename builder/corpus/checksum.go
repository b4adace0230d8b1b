package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"math/bits"
	"strings"
)

// The check digits here are written apart from the detector's on purpose: a mistake in either shows as a miss.

// luhn returns the check digit of ISO/IEC 7812-1 for the digits before it.
func luhn(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// ibanCheck returns the two check digits of ISO 13616 for a country and its account part.
func ibanCheck(country, account string) string {
	rest := 0
	for _, c := range account + country + "00" {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	check := 98 - rest
	return string([]byte{byte('0' + check/10), byte('0' + check%10)})
}

// nhsCheck returns the check digit of an NHS number, 10 when these nine digits have none.
func nhsCheck(body string) int {
	sum := 0
	for i := range 9 {
		sum += int(body[i]-'0') * (10 - i)
	}
	return (11 - sum%11) % 11
}

// cpfCheck returns the two check digits of a Brazilian CPF.
func cpfCheck(body string) string {
	for range 2 {
		sum := 0
		for i := range len(body) {
			sum += int(body[i]-'0') * (len(body) + 1 - i)
		}
		d := 11 - sum%11
		if d > 9 {
			d = 0
		}
		body += string(byte('0' + d))
	}
	return body[9:]
}

// verhoeff returns the check digit of Verhoeff's dihedral scheme (Aadhaar), computed in the group D5 itself.
func verhoeff(body string) byte {
	times := func(a, b int) int {
		switch {
		case a < 5 && b < 5:
			return (a + b) % 5
		case a < 5:
			return (a+b)%5 + 5
		case b < 5:
			return (a-b)%5 + 5
		default:
			return (a - b + 5) % 5
		}
	}
	permute := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	check := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		for range (i + 1) % 8 {
			d = permute[d]
		}
		check = times(check, d)
	}
	if check < 5 {
		return byte('0' + (5-check)%5)
	}
	return byte('0' + check)
}

// githubTail returns the six base62 digits of a CRC-32 that end a GitHub token.
func githubTail(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	tail := []byte("000000")
	for i := len(tail) - 1; n > 0; i-- {
		tail[i] = base62[n%62]
		n /= 62
	}
	return string(tail)
}

// base58Check writes a version byte and a payload as Bitcoin addresses do.
func base58Check(version byte, payload []byte) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	data := append([]byte{version}, payload...)
	first := sha256.Sum256(data)
	second := sha256.Sum256(first[:])
	data = append(data, second[:4]...)
	n, base, digit := new(big.Int).SetBytes(data), big.NewInt(58), new(big.Int)
	var out []byte
	for n.Sign() > 0 {
		n.DivMod(n, base, digit)
		out = append([]byte{alphabet[digit.Int64()]}, out...)
	}
	for i := 0; data[i] == 0; i++ {
		out = append([]byte{'1'}, out...)
	}
	return string(out)
}

// segwit writes a witness program as a bech32 (version 0) or bech32m (version 1) address, BIP 173 and BIP 350.
func segwit(version byte, program []byte) string {
	const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	groups := []byte{version}
	acc, have := 0, 0
	for _, b := range program {
		acc, have = acc<<8|int(b), have+8
		for have >= 5 {
			have -= 5
			groups = append(groups, byte(acc>>have)&31)
		}
	}
	if have > 0 {
		groups = append(groups, byte(acc<<(5-have))&31)
	}
	sum := uint32(1)
	for _, g := range append([]byte{3, 3, 0, 2, 3}, append(append([]byte{}, groups...), make([]byte, 6)...)...) {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(g)
		for i, k := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= k
			}
		}
	}
	if version == 0 {
		sum ^= 1
	} else {
		sum ^= 0x2bc830a3
	}
	for i := range 6 {
		groups = append(groups, byte(sum>>(5*(5-i)))&31)
	}
	var b strings.Builder
	b.WriteString("bc1")
	for _, g := range groups {
		b.WriteByte(alphabet[g])
	}
	return b.String()
}

// eip55 writes an Ethereum address with the capitals of its checksum.
func eip55(address []byte) string {
	out := []byte(hex.EncodeToString(address))
	sum := keccak256(out)
	for i, c := range out {
		if c >= 'a' && sum[i/2]>>(4*(1-i%2))&15 >= 8 {
			out[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(out)
}

// keccak256 is Keccak with the original padding (the one of Ethereum), for inputs of less than one block of 136 bytes.
func keccak256(in []byte) [32]byte {
	var block [136]byte
	copy(block[:], in)
	block[len(in)] ^= 0x01
	block[135] ^= 0x80
	var a [25]uint64
	for i := range 17 {
		a[i] = binary.LittleEndian.Uint64(block[8*i:])
	}
	keccakF(&a)
	var out [32]byte
	for i := range 4 {
		binary.LittleEndian.PutUint64(out[8*i:], a[i])
	}
	return out
}

// keccakF is the permutation Keccak-f[1600] as FIPS 202 section 3.2 writes it: theta, rho and pi, chi, iota.
func keccakF(a *[25]uint64) {
	lfsr := byte(1)
	for range 24 {
		var c [5]uint64
		for x := range 5 {
			c[x] = a[x] ^ a[x+5] ^ a[x+10] ^ a[x+15] ^ a[x+20]
		}
		for i := range a {
			a[i] ^= c[(i+4)%5] ^ bits.RotateLeft64(c[(i+1)%5], 1)
		}
		x, y, moved := 1, 0, a[1]
		for t := 1; t <= 24; t++ {
			x, y = y, (2*x+3*y)%5
			moved, a[x+5*y] = a[x+5*y], bits.RotateLeft64(moved, t*(t+1)/2)
		}
		for y := 0; y < 25; y += 5 {
			row := [5]uint64(a[y : y+5])
			for x := range 5 {
				a[y+x] = row[x] ^ ^row[(x+1)%5]&row[(x+2)%5]
			}
		}
		for j := range 7 {
			if lfsr&1 == 1 {
				a[0] ^= 1 << (1<<j - 1)
			}
			lfsr = lfsr<<1 ^ lfsr>>7*0x71
		}
	}
}
