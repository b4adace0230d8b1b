package detect

import "strings"

// stampSize is the size of a date and a time of day, in bytes.
const stampSize = len("2006-01-02 15:04:05")

// timestamp returns the length of the time at i, as at the begin of most log lines: a date of this century and a time of day with
// seconds (RFC 3339, or with a space, or with slashes), its fraction and its zone; 0 when there is none. No verifier finds anything
// in it.
func timestamp(s string, i int) int {
	const date, digits, slashes = 0x2D30302D30303030, 0x7F76767F76767676, ('-' ^ '/') * (1<<32 | 1<<56) // 0000-00-
	if i+stampSize > len(s) || s[i] != '2' || s[i+10] != ' ' && s[i+10] != 'T' || !isTime(eight(s, i+11)) {
		return 0
	}
	x := eight(s, i)
	if s[i+4] == '/' {
		x ^= slashes
	}
	if !isLike(x, date, digits) || !isDigit(s[i+8]) || !isDigit(s[i+9]) {
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

// header returns the length of the time that the text begins with, as most log lines and records do, perhaps behind a bracket or a
// key and with the quote behind it, or, in those of klog, behind a level and without a year; 0 when there is none. Plain says that
// no such key has a meaning.
func header(s string, plain bool) int {
	if len(s) <= stampSize {
		return 0
	}
	at := 0
	switch s[0] {
	case '2':
	case '[':
		at = 1
	case '{', 't':
		if plain {
			at = timeKey(s)
		}
	case 'I', 'W', 'E', 'F':
		return klogTime(s)
	default:
		return 0
	}
	n := timestamp(s, at)
	if n == 0 {
		return 0
	}
	if n += at; n < len(s) && s[n] == '"' { // alone, it would be a block of its own where what follows is passed over
		n++
	}
	return n
}

// timeKey returns the length of the key that log libraries give the time, in JSON and logfmt, with what stands before the value, where
// the text begins with one; else 0. Of constants, the compiler compares words.
func timeKey(s string) int {
	const (
		time, ts, timestamp, at  = `{"time":"`, `{"ts":"`, `{"timestamp":"`, `{"@timestamp":"`
		logQuoted, log, logShort = `time="`, "time=", "ts="
	)
	switch {
	case strings.HasPrefix(s, time):
		return len(time)
	case strings.HasPrefix(s, ts):
		return len(ts)
	case strings.HasPrefix(s, timestamp):
		return len(timestamp)
	case strings.HasPrefix(s, at):
		return len(at)
	case strings.HasPrefix(s, logQuoted):
		return len(logQuoted)
	case strings.HasPrefix(s, log):
		return len(log)
	case strings.HasPrefix(s, logShort):
		return len(logShort)
	}
	return 0
}

// klogTime returns the length of the level and the time that the lines of klog begin with, I0102 15:04:05.000000; else 0.
func klogTime(s string) int {
	const size = len("I0102 15:04:05.000000")
	if len(s) <= size || s[5] != ' ' || s[14] != '.' || s[size] != ' ' || digitRun(s, 1) != 4 || !isTime(eight(s, 6)) || digitRun(s, 15) != 6 {
		return 0
	}
	return size
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
	end := i + 1 + min(digitRun(s, i+1), 9)
	if end < len(s) && s[end] == '.' {
		return 0
	}
	return end
}

// isTime reports whether eight bytes, the first one lowest, are digits and colons as in 15:04:05.
func isTime(x uint64) bool {
	const clock, digits = 0x30303A30303A3030, 0x76767F76767F7676 // 00:00:00
	return isLike(x, clock, digits)
}

// isLike reports whether eight bytes are digits where those of digits are 0x76, and as in zeros where they are 0x7F: whatever else
// overflows with that.
func isLike(x, zeros, digits uint64) bool {
	x ^= zeros
	return (x|(x+digits))&(0x80*ones8) == 0
}
