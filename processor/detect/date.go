package detect

// dateByKey verifies a date under a key: year, month and day in any of the usual layouts.
func dateByKey(t *text, v value) {
	if end := t.date(v.start); end > 0 && (!v.closed || end <= v.end) {
		if t.at(end) == 'T' && isDigit(t.at(end+1)) { // midnight, mostly
			end = t.span(end, len("T00:00:00.000000000+00:00"), func(c byte) bool { return isAlnum(c) || c == ':' || c == '.' || c == '+' })
		}
		t.emit(v, v.start, end, 0.95)
	}
}

// date returns the end of the date at i, or 0.
func (t *text) date(i int) int {
	if isLetter(t.at(i)) {
		return t.monthFirst(i)
	}
	var n, width [3]int
	j := i
	sep := byte(0)
	for k := range n {
		from := j
		for j < from+4 && isDigit(t.at(j)) {
			n[k] = n[k]*10 + int(t.s[j]-'0')
			j++
		}
		width[k] = j - from
		if width[k] == 0 {
			if k == 1 && (sep == ' ' || sep == '.') {
				return t.dayFirst(from, n[0])
			}
			return 0
		}
		if k == 0 && width[0] <= 2 && t.ordinal(j) > j && t.at(t.ordinal(j)) == ' ' {
			return t.dayFirst(t.ordinal(j)+1, n[0])
		}
		if k == 2 {
			break
		}
		c := t.at(j)
		if c != '-' && c != '/' && c != '.' && c != ' ' || sep != 0 && c != sep {
			return t.compactDate(i)
		}
		sep = c
		j++
	}
	if isDigit(t.at(j)) {
		return 0
	}
	switch {
	case width[0] == 4:
		return validDate(n[0], n[1], n[2], j)
	case width[2] == 4 || width[2] == 2:
		if n[0] > 12 {
			return validDate(n[2], n[1], n[0], j)
		}
		return max(validDate(n[2], n[0], n[1], j), validDate(n[2], n[1], n[0], j))
	}
	return 0
}

// validDate returns end if the numbers are a date of the last 130 years or so. Years of two digits count.
func validDate(year, month, day, end int) int {
	if month < 1 || month > 12 || day < 1 || day > 31 || year > 99 && (year < 1890 || year > 2100) {
		return 0
	}
	return end
}

// compactDate reads YYYYMMDD.
func (t *text) compactDate(i int) int {
	var n [8]int
	for k := range n {
		if !isDigit(t.at(i + k)) {
			return 0
		}
		n[k] = int(t.s[i+k] - '0')
	}
	if isWord(t.at(i + 8)) {
		return 0
	}
	return validDate(n[0]*1000+n[1]*100+n[2]*10+n[3], n[4]*10+n[5], n[6]*10+n[7], i+8)
}

// months are the first letters of the months in English, German, Spanish, French, Italian, Portuguese and Dutch.
var months = [...]string{
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	"jän", "mär", "mrz", "mai", "okt", "dez",
	"ene", "abr", "ago", "dic",
	"fév", "fev", "avr", "juin", "juil", "aoû", "déc",
	"gen", "mag", "giu", "lug", "set", "ott",
	"out", "mrt", "maa", "mei",
}

func (t *text) isMonth(i int) bool {
	for _, m := range months {
		if t.hasFold(i, m) {
			return true
		}
	}
	return false
}

// dayFirst reads 12 April 1985, whose month starts at from; monthFirst reads April 12, 1985.
func (t *text) dayFirst(from, day int) int {
	if t.at(from) == ' ' {
		from++
	}
	if t.hasFold(from, "de ") {
		from += len("de ")
	}
	if !t.isMonth(from) {
		return 0
	}
	end := t.monthEnd(from)
	if t.hasFold(end, " de ") {
		end += len(" de")
	}
	if c := t.at(end); c == ' ' || c == '-' || c == ',' || c == '.' {
		return t.year(t.skip(end, " -,."), day)
	}
	return 0
}

func (t *text) monthFirst(i int) int {
	if !t.isMonth(i) {
		return 0
	}
	j := t.skip(t.monthEnd(i), " .")
	day, from := 0, j
	for j < from+2 && isDigit(t.at(j)) {
		day = day*10 + int(t.s[j]-'0')
		j++
	}
	if j == from {
		return 0
	}
	return t.year(t.skip(t.ordinal(j), " ,"), day)
}

// monthEnd returns the end of the name of a month at i.
func (t *text) monthEnd(i int) int {
	return t.span(i, 16, func(c byte) bool { return isLetter(c) || c >= 0x80 })
}

// ordinal returns the end of what an ordinal number has behind its digits, which end at i.
func (t *text) ordinal(i int) int {
	for _, suffix := range [...]string{"st", "nd", "rd", "th", "er"} {
		if t.hasFold(i, suffix) && !isWord(t.at(i+len(suffix))) {
			return i + len(suffix)
		}
	}
	return i
}

func (t *text) skip(i int, set string) int {
	for n := 0; n < 3; n++ {
		found := false
		for k := range len(set) {
			found = found || t.at(i) == set[k]
		}
		if !found {
			break
		}
		i++
	}
	return i
}

func (t *text) year(i, day int) int {
	year := 0
	for k := range 4 {
		if !isDigit(t.at(i + k)) {
			return 0
		}
		year = year*10 + int(t.s[i+k]-'0')
	}
	if isWord(t.at(i + 4)) {
		return 0
	}
	return validDate(year, 1, day, i+4)
}
