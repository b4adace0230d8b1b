package detect

// plateKinds are the sequences of groups that plates have: L a group of letters, d of digits, m of both.
var plateKinds = map[string]bool{
	"m":    true, // AB51ABC, 7ABC123
	"Ld":   true, // ABC 1234
	"dL":   true, // 1234 BCD
	"LdL":  true, // AB-123-CD
	"LLd":  true, // B AB 1234
	"LLm":  true, // B AB 1234E
	"dLd":  true, // 34 ABC 1234, 12-AB-34
	"dLL":  true, // 12-AB-CD
	"mL":   true, // AB51 ABC
	"Lm":   true, // APP-456CV
	"dm":   true, // 34 ABC1234
	"LdLd": true, // KA 01 AB 1234
}

const (
	maxPlateGroups = 4
	shortestPlate  = 4
	longestPlate   = 10
)

// plateAt returns the end of the plate at i, or 0: the longest sequence of groups that plates have. In prose, letters
// in lower case are read in one group and in groups at hyphens only, as the next word would be one.
func plateAt(t *text, i int) int { return t.plateEnd(i, false) }

// plateEnd is plateAt; closed says that what follows is no prose.
func (t *text) plateEnd(i int, closed bool) int {
	var kinds [maxPlateGroups]byte
	best, total, digits := 0, 0, 0
	upper, lower, spaced := false, false, false
	for g := range kinds {
		from, letters, numbers := i, 0, 0
		for total <= longestPlate && isAlnum(t.at(i)) {
			c := t.s[i]
			if isDigit(c) {
				numbers++
			} else {
				letters++
			}
			upper, lower = upper || isUpper(c), lower || isLower(c)
			total++
			i++
		}
		switch {
		case i == from, total > longestPlate, isWord(t.at(i)), upper && lower, !closed && spaced && lower:
			return best
		case numbers == 0 && letters <= 3:
			kinds[g] = 'L'
		case letters == 0 && numbers <= 5:
			kinds[g] = 'd'
		case letters > 0 && numbers > 0 && i-from <= 9:
			kinds[g] = 'm'
		default:
			return best
		}
		digits += numbers
		if plateKinds[string(kinds[:g+1])] && total >= shortestPlate && digits > 0 && t.valueEnds(i) {
			best = i
		}
		n := t.separatorAt(i)
		if n == 0 || t.at(i) == '.' || t.at(i) == '/' || !closed && t.at(i) == '+' {
			return best
		}
		spaced = t.at(i) == ' '
		i += n
	}
	return best
}

// britishPlateAt returns the end of the British plate at i, two letters, the half year and three letters, or 0.
func britishPlateAt(t *text, i int) int {
	end := t.formEnd(i, "LLdd LLL")
	if end == 0 || isLower(t.s[i]) {
		return 0
	}
	if !isBritishPlate([]byte(t.s[i:end])) {
		return 0
	}
	return end
}

// isBritishPlate reports whether a plate of the layout has letters of an area and a half year that there are.
func isBritishPlate(c []byte) bool {
	for _, c := range c[:2] {
		if c == 'I' || c == 'Q' || c == 'Z' {
			return false
		}
	}
	half := number(c[2:4])
	return half >= 2 && half <= 29 || half >= 51 && half <= 79
}

// plateByKey verifies a plate under a key. A weak one, plate, wants five characters.
func plateByKey(t *text, v value) {
	end := t.plateEnd(v.start, v.closed || v.enc&Percent != 0)
	if end == 0 || v.closed && end != v.end || v.weak() && end-v.start < 5 {
		return
	}
	t.emit(v, v.start, end, 0.93)
}

// plateJoins stand between the plates of a list.
var plateJoins = [...]string{", ", " and ", " or ", " ve ", " und ", " et ", " y ", " e ", " & ", ","}

// maxPlates is how many plates of a list are read.
const maxPlates = 8

// plateWords returns prefixes that wake read at the plate after one of the words, and at those that follow it.
func plateWords(read reader, words ...string) []prefix {
	list := make([]prefix, len(words))
	for k, word := range words {
		list[k] = prefix{word + whole, func(t *text, i int) {
			start := t.afterWords(i + len(word))
			for range maxPlates {
				if start == 0 {
					return
				}
				end := read(t, start)
				if end-start < 5 {
					return
				}
				t.add(LicensePlate, start, end, 0.85)
				start = 0
				for _, join := range plateJoins {
					if t.hasFold(end, join) {
						start = end + len(join)
						break
					}
				}
			}
		}}
	}
	return list
}
