package detect

// stampSize is the size of a date and a time of day, and stampDigits has a bit for every digit of them.
const (
	stampSize   = len("2006-01-02 15:04:05")
	stampDigits = 0b110_110_110_110_110_1111
)

// timestamp returns the length of the time at i, whose digits stand where they should, as at the begin of most log lines: a date of this century and a time of
// day with seconds (RFC 3339, or with a space, or with slashes), its fraction and its zone; 0 when there is none. No verifier finds
// anything in it.
func timestamp(s string, i int) int {
	if i+stampSize > len(s) {
		return 0
	}
	const hyphens, slashes, colons, both = '-' | '-'<<24, '/' | '/'<<24, ':' | ':'<<24, 0xFF | 0xFF<<24
	date, clock := eight(s, i+4), eight(s, i+11)>>16 // -01-02 1 and :04:05
	if d := date & both; d != hyphens && d != slashes || clock&both != colons || s[i+10] != ' ' && s[i+10] != 'T' {
		return 0
	}
	end := fraction(s, i+stampSize)
	if end == 0 {
		return 0
	}
	if end < len(s) && s[end] == 'Z' {
		end++
	}
	if end < len(s) && (isWord(s[end]) || s[end] == ':' || s[end] == '-') {
		return 0
	}
	return end - i
}

// hasStampDigits reports whether the digits of a date and a time of day stand from i on.
func hasStampDigits(s string, i int) bool {
	if i+stampSize > len(s) {
		return false
	}
	for at := range stampSize {
		if isDigit(s[i+at]) != (stampDigits>>at&1 != 0) {
			return false
		}
	}
	return true
}

// timeOfDay returns the length of the time of day at i, 15:04:05 with a fraction or without; 0 when there is none.
func timeOfDay(s string, i int) int {
	const size = len("15:04:05")
	if i > 0 && (s[i-1] == '.' || s[i-1] == '-' || s[i-1] == '/') || !isClock(s, i+2) {
		return 0
	}
	end := fraction(s, i+size)
	if end == 0 || end < len(s) && (isWord(s[end]) || s[end] == '-' || s[end] == ':' && end+1 < len(s) && isHex(s[end+1])) {
		return 0
	}
	return end - i
}

// fraction returns the end of the fraction of a second that may stand at i, or 0 when it is more than that. What stands behind a
// comma may be the next column.
func fraction(s string, i int) int {
	if i+1 >= len(s) || s[i] != '.' || !isDigit(s[i+1]) {
		return i
	}
	end := i + 1
	for end < len(s) && end < i+10 && isDigit(s[end]) {
		end++
	}
	if end < len(s) && s[end] == '.' {
		return 0
	}
	return end
}

// isTime reports whether eight bytes, the first one lowest, are digits and colons as in 15:04:05.
func isTime(x uint64) bool {
	const zero, beyond = 0x30303A30303A3030, 0x76767F76767F7676 // 00:00:00, and what a digit above 9, or no colon, overflows with
	x ^= zero
	return (x|(x+beyond))&(0x80*ones8) == 0
}
