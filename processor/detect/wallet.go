package detect

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

// Bounds of the length of an address.
const (
	shortestWallet = 25
	longestWallet  = 110
)

// walletByKey verifies an address under a key by its shape only: letters and digits, and no bare hexadecimal number,
// which is an id of another kind.
func walletByKey(t *text, v value) {
	end := t.span(v.start, longestWallet+1, isAlnum)
	if t.hasFold(v.start, "bitcoincash:") {
		v.start += len("bitcoincash:")
		end = t.span(v.start, longestWallet+1, isAlnum)
	}
	n := end - v.start
	if n < shortestWallet || n > longestWallet || !t.valueEnds(end) || v.closed && end != v.end {
		return
	}
	digits, letters, hex := 0, 0, true
	for i := v.start; i < end; i++ {
		if isDigit(t.s[i]) {
			digits++
		} else {
			letters++
		}
		hex = hex && isHex(t.s[i])
	}
	if digits == 0 || letters == 0 || hex {
		return
	}
	t.emit(v, v.start, end, 0.95)
}
