package record

// validJSON is json.Valid, in a fifth of the time: it is asked of every record of a topic of JSON.
func validJSON(s []byte) bool {
	var room [32]byte
	open := room[:0] // the brackets that are to be closed
	i := space(s, 0)
	for {
		var ok bool
		if i, open, ok = jsonBegin(s, i, open); !ok {
			return false
		}
		if i < 0 { // a bracket was opened, and its first value follows
			i = ^i
			continue
		}
		for {
			i = space(s, i)
			if len(open) == 0 {
				return i == len(s)
			}
			if i == len(s) {
				return false
			}
			if s[i] != open[len(open)-1] {
				break
			}
			open = open[:len(open)-1]
			i++
		}
		if s[i] != ',' {
			return false
		}
		if i = space(s, i+1); open[len(open)-1] == '}' {
			if i, ok = jsonKey(s, i); !ok {
				return false
			}
		}
	}
}

// maxJSONDepth is that of encoding/json.
const maxJSONDepth = 10000

// jsonBegin reads a value that is no list or object, or one that is empty, and returns where it ends; or what opens one that is not
// empty, and returns ^ of where its first value begins.
func jsonBegin(s []byte, i int, open []byte) (next int, nowOpen []byte, ok bool) {
	if i >= len(s) {
		return 0, open, false
	}
	switch c := s[i]; c {
	case '{', '[':
		end := c + 2 // what closes it, in ASCII
		if i = space(s, i+1); i < len(s) && s[i] == end {
			return i + 1, open, len(open) < maxJSONDepth
		}
		if open = append(open, end); len(open) > maxJSONDepth {
			return 0, open, false
		}
		if c == '[' {
			return ^i, open, true
		}
		i, ok = jsonKey(s, i)
		return ^i, open, ok
	case '"':
		next, ok = jsonString(s, i+1)
	case 't':
		next, ok = jsonWord(s, i, "true")
	case 'f':
		next, ok = jsonWord(s, i, "false")
	case 'n':
		next, ok = jsonWord(s, i, "null")
	default:
		next, ok = jsonNumber(s, i)
	}
	return next, open, ok
}

func space(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

func jsonWord(s []byte, i int, word string) (int, bool) {
	end := i + len(word)
	return end, end <= len(s) && string(s[i:end]) == word
}

// jsonKey reads a key and its colon.
func jsonKey(s []byte, i int) (next int, ok bool) {
	if i >= len(s) || s[i] != '"' {
		return 0, false
	}
	if i, ok = jsonString(s, i+1); !ok {
		return 0, false
	}
	if i = space(s, i); i >= len(s) || s[i] != ':' {
		return 0, false
	}
	return space(s, i+1), true
}

// jsonPlain has the bytes that mean themselves in a string.
var jsonPlain = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return plain
}()

func jsonString(s []byte, i int) (next int, ok bool) {
	for i < len(s) {
		switch c := s[i]; {
		case jsonPlain[c]:
			i++
		case c == '"':
			return i + 1, true
		case c != '\\' || i+1 == len(s):
			return 0, false
		case s[i+1] == 'u':
			if i+6 > len(s) || !hexes(s[i+2:i+6]) {
				return 0, false
			}
			i += 6
		default:
			switch s[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			default:
				return 0, false
			}
		}
	}
	return 0, false
}

func hexes(s []byte) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func jsonNumber(s []byte, i int) (next int, ok bool) {
	if s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if i, ok = digits(s, i); !ok {
		return 0, false
	}
	if i < len(s) && s[i] == '.' {
		if i, ok = digits(s, i+1); !ok {
			return 0, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if i, ok = digits(s, i); !ok {
			return 0, false
		}
	}
	return i, true
}

func digits(s []byte, i int) (next int, some bool) {
	from := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i, i > from
}
