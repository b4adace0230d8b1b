package detect

// addressLineByKey verifies a street address under a key. A weak key, "address", wants a number and a street.
func addressLineByKey(t *text, v value) {
	v.end = t.phraseEnd(v)
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || s[0] == '{' || len(s) > 200 {
		return
	}
	letters, digits, blanks, others := 0, 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c), c >= 0x80:
			letters++
		case isDigit(c):
			digits++
		case c == ' ', c == '+', c == '%' && v.enc&Percent != 0:
			blanks++
		case c == '@', c == '=', c == '_', c == ':', c == '{':
			others++
		}
	}
	if letters < 3 || others > 0 || digits == 0 && blanks == 0 {
		return
	}
	if v.weak() && (digits == 0 || blanks == 0 || !isDigit(s[0]) && !hasStreet(s) && (!v.closed || !isCapital(s))) {
		return
	}
	t.emit(v, v.start, v.end, 0.85)
}

// streetWords end the name of a street in English.
var streetWords = map[string]bool{
	"street": true, "st": true, "avenue": true, "ave": true, "road": true, "rd": true, "boulevard": true, "blvd": true,
	"lane": true, "ln": true, "drive": true, "dr": true, "court": true, "ct": true, "way": true, "place": true, "pl": true,
	"terrace": true, "square": true, "parkway": true, "pkwy": true, "circle": true, "highway": true, "hwy": true,
	"crescent": true, "close": true, "row": true, "broadway": true,
}

// isCommonWord reports whether the word for a street is one for other things as well.
func isCommonWord(s string) bool {
	for _, w := range [...]string{"way", "close", "row", "place", "drive", "court", "square", "circle"} {
		if equalFold(s, w) {
			return true
		}
	}
	return false
}

// proseAt reports whether a sentence goes on at i with a word that does not follow an address.
func (t *text) proseAt(i int) bool {
	if t.at(i) != ' ' || !isLower(t.at(i+1)) {
		return false
	}
	switch t.s[i+1 : t.wordEnd(i+1)] {
	case "in", "on", "at", "and", "or", "for", "to", "from", "near", "by", "with", "today", "is":
		return false
	}
	return true
}

func isStreetWord(s string) bool {
	if len(s) > 9 {
		return false
	}
	var low [9]byte
	for i := range len(s) {
		low[i] = lower(s[i])
	}
	return streetWords[string(low[:len(s)])]
}

// hasStreet reports whether a word of s ends the name of a street.
func hasStreet(s string) bool {
	for i := 0; i < len(s); i++ {
		from := i
		for i < len(s) && isLetter(s[i]) {
			i++
		}
		if i > from && isStreetWord(s[from:i]) {
			return true
		}
	}
	return false
}

// houseNumber verifies 123 Main Street with its unit, city and code at the number [start, end).
func (t *text) houseNumber(start, end int) {
	street := end + 1
	if t.at(end) == ',' {
		street++
	}
	if street > len(t.s) || t.s[street-1] != ' ' || !t.numberMayStart(start) || t.groupBefore(start) {
		return
	}
	if frenchStreet(t.s, street) != "" {
		if end-start <= 4 {
			t.frenchAddress(start, street)
		}
		return
	}
	if t.s[end] == ',' || !isUpper(t.at(end+1)) {
		return
	}
	i := end + 1
	for words := range 5 {
		from := i
		for isAlnum(t.at(i)) || t.at(i) == '\'' && isLetter(t.at(i+1)) {
			i++
		}
		if i == from {
			return
		}
		if words > 0 && isUpper(t.s[from]) && isStreetWord(t.s[from:i]) {
			if t.at(i) == '.' && t.at(i+1) != 0 && t.at(i+1) != '\n' && t.at(i+2) != 0 && !isUpper(t.at(i+2)) {
				i++
			}
			common := isCommonWord(t.s[from:i])
			i = t.direction(i)
			if common && t.proseAt(i) {
				return
			}
			t.add(StreetAddress, start, t.locality(i), 0.8)
			return
		}
		if !isUpper(t.s[from]) && !isDigit(t.s[from]) || t.at(i) != ' ' && t.at(i) != '.' {
			return
		}
		i++
		if t.at(i) == ' ' {
			i++
		}
	}
}

// letteredHouses are the house numbers with a letter behind up to five digits: 221B.
var letteredHouses = func() (shapes []wordShape) {
	for n := 1; n <= 5; n++ {
		shapes = append(shapes, wordShape{from: n + 1, to: n + 1, first: "123456789", digits: 1<<n - 1, letters: 1 << n, may: isLetteredHouse, verify: (*text).houseNumber})
	}
	return shapes
}()

// isLetteredHouse reports whether the word of n bytes at i ends in a letter and a capital follows.
func isLetteredHouse(s string, i, n int) bool {
	end := i + n
	return isLetter(s[end-1]) && end+1 < len(s) && s[end] == ' ' && isUpper(s[end+1])
}

func (t *text) digitsOnly(i, end int) bool { return t.span(i, end-i, isDigit) == end }

// direction returns the end of a compass point after a street, or i.
func (t *text) direction(i int) int {
	if t.at(i) != ' ' {
		return i
	}
	end := t.span(i+1, 3, isUpper)
	switch t.s[i+1 : end] {
	case "N", "S", "E", "W", "NE", "NW", "SE", "SW":
		if !isWord(t.at(end)) {
			return end
		}
	}
	return i
}

// locality returns the end of the parts after a street: ", Apt 4B, Springfield, IL 62701".
func (t *text) locality(i int) int {
	for range 3 {
		if t.at(i) != ',' || t.at(i+1) != ' ' || !isUpper(t.at(i+2)) {
			break
		}
		end := t.localityPart(i + 2)
		if end == i+2 {
			break
		}
		i = end
	}
	return i
}

// localityPart returns the end of the words at i with a capital, up to a number, which ends the part.
func (t *text) localityPart(i int) int {
	end := i
	for range 4 {
		stop := t.span(i, 24, isAlnum)
		switch c := t.at(stop); {
		case stop == i || !isUpper(t.s[i]) && !isDigit(t.s[i]):
			return end
		case c != ' ' && c != ',' && c != 0 && (c != '.' || isWord(t.at(stop+1))) && !isSpace(c) && c != '"' && c != ')':
			return end
		case c != ' ' || isDigit(t.s[i]):
			return stop
		}
		end, i = stop, stop+1
	}
	return end
}
