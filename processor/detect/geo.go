package detect

// geoByKey verifies a latitude or longitude, or a pair of them, under a key.
func geoByKey(t *text, v value) {
	i := v.start
	if c := t.at(i); c == '(' || c == '[' {
		i++
	}
	if end := t.degreesPair(i); end > 0 && (!v.closed || end <= v.end) {
		t.emit(v, i, end, 0.9)
		return
	}
	end, fraction := t.decimal(i)
	if end == i {
		return
	}
	from, first := i, end
	if j := t.skip(end, ", ;"); j > end && (t.at(j) == '-' || isDigit(t.at(j))) {
		if stop, more := t.decimal(j); stop > j && more >= 2 && (t.at(end) == ',' || t.at(end) == ';') {
			end, fraction = stop, max(fraction, more)
		}
	} else if t.hasFold(end, "%2c") {
		if stop, more := t.decimal(end + 3); stop > end+3 && more >= 2 {
			end, fraction = stop, max(fraction, more)
		}
	}
	if end == first && v.weak() && !t.hasCompanion(v, fraction) {
		t.near = true
		return
	}
	if fraction < 2 || v.weak() && fraction < 3 || isWord(t.at(end)) || t.at(end) == '.' && isDigit(t.at(end+1)) {
		return
	}
	t.emit(v, from, end, 0.9)
}

// companionCues say that a number under lat or long is a coordinate: the other one, mostly.
var companionCues = []string{"lat ", "lon ", "lng ", "long ", "latitude", "longitude", "geo", "gps", "coord"}

// hasCompanion reports whether a single coordinate under a weak key is one: it has the other near, or, where the attribute
// is all there is, the precision of ten meters. A position or a location without the other one is none.
func (t *text) hasCompanion(v value, fraction int) bool {
	if v.attr() {
		return fraction > leastFraction
	}
	if n := v.keyEnd - v.keyStart; n < len("lat") || n > len("long") {
		return false
	}
	return t.cue(companionCues, v.keyStart, v.end)
}

// decimal reads a signed decimal of at most 180 from i and returns its end, or i, and its fraction digits.
func (t *text) decimal(i int) (end, fraction int) {
	j := i
	if c := t.at(j); c == '-' || c == '+' {
		j++
	}
	n, from := 0, j
	for j < from+3 && isDigit(t.at(j)) {
		n = n*10 + int(t.s[j]-'0')
		j++
	}
	if j == from || n > 180 || t.at(j) != '.' {
		return i, 0
	}
	j++
	from = j
	for isDigit(t.at(j)) && j < from+18 {
		j++
	}
	return j, j - from
}

// leastFraction is how many decimals a coordinate without a key has: three are a hundred meters.
const leastFraction = 3

// coordinateAt returns the end of the coordinate at i, with its compass point if it has one, or 0.
func coordinateAt(t *text, i int) int {
	if end := t.degreesPair(i); end > 0 {
		return end
	}
	end, fraction := t.decimal(i)
	if fraction < leastFraction || !t.valueEnds(end) {
		return 0
	}
	return end
}

// ownWords is how far before a coordinate the words that led to it may begin: they are no words for the other one.
const ownWords = 16

// halfAt is coordinateAt after a word that stands for other things as well: the other coordinate must be near.
func halfAt(t *text, i int) int {
	end := coordinateAt(t, i)
	if end == 0 || !t.cue(companionCues, max(0, i-ownWords), end) {
		return 0
	}
	return end
}

// coordinatePairAt returns the end of the pair of coordinates at i, or 0.
func coordinatePairAt(t *text, i int) int {
	if end := t.degreesPair(i); end > 0 {
		return end
	}
	end, fraction := t.decimal(i)
	if fraction < leastFraction {
		return 0
	}
	j := t.skip(end, ",; /")
	if j == end {
		return 0
	}
	if end, fraction = t.decimal(j); fraction < leastFraction || isWord(t.at(end)) || t.at(end) == '.' && isDigit(t.at(end+1)) {
		return 0
	}
	return end
}

// pointText verifies the coordinates of a point in well-known text (OGC 06-103r4): POINT(-122.4194 37.7749).
func pointText(t *text, i int) {
	for t.at(i) != '(' {
		i++
	}
	i++
	if end := coordinatePairAt(t, i); end > 0 && (t.at(end) == ')' || t.at(end) == ' ') {
		t.add(GeoCoordinates, i, end, 0.9)
	}
}

// mapAt verifies the coordinates after the at sign at i, as addresses of maps have them: /@37.7749,-122.4194,15z
func (t *text) mapAt(i int) {
	if t.at(i-1) != '/' {
		return
	}
	end, fraction := t.decimal(i + 1)
	if fraction < leastFraction || t.at(end) != ',' {
		return
	}
	j := end + 1
	if end, fraction = t.decimal(j); fraction < leastFraction || isWord(t.at(end)) {
		return
	}
	t.add(GeoCoordinates, i+1, end, 0.9)
}

// degreesPair returns the end of one or two coordinates in degrees at i, each with its compass point, or 0: 37.77° N,
// 40°26'46"N 79°58'56"W.
func (t *text) degreesPair(i int) int {
	end := t.degrees(i)
	if end == 0 {
		return 0
	}
	if more := t.degrees(t.skip(end, ", ")); more > 0 {
		return more
	}
	return end
}

// degrees returns the end of one coordinate in degrees, or in degrees, minutes and seconds, at i, or 0.
func (t *text) degrees(i int) int {
	signs := [...][3]string{{"°", "°", `\u00b0`}, {"'", "′", "’"}, {`"`, "″", `\"`}}
	for k := range signs {
		end := t.span(i, 3, isDigit)
		if t.at(end) == '.' {
			end = t.span(end+1, 12, isDigit)
		}
		sign := 0
		for _, s := range signs[k] {
			if t.hasFold(end, s) {
				sign = len(s)
				break
			}
		}
		if end == i || sign == 0 {
			if k == 0 {
				return 0
			}
			break
		}
		if i = end + sign; t.at(i) == ' ' {
			i++
		}
	}
	switch t.at(i) {
	case 'N', 'S', 'E', 'W', 'O':
		if !isWord(t.at(i + 1)) {
			return i + 1
		}
	}
	return 0
}
