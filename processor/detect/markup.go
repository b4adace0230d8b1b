package detect

import "strings"

const cdata = "<![cdata[" // in any letter case

// xml handles the > at i of an element: <password>hunter2</password>.
func (t *text) xml(i int) {
	start := i
	for start > 0 && i-start < maxKey && isKeyByte(t.s[start-1]) {
		start--
	}
	if start == i || t.at(start-1) != '<' && t.at(start-1) != ':' {
		return
	}
	from := t.blanks(i + 1)
	if t.hasFold(from, cdata) {
		from += len(cdata)
		if n := strings.Index(t.s[from:min(len(t.s), from+maxKey*4)], "]]>"); n > 0 {
			t.columnValue(sepKey{start: start, end: i}, value{start: from, end: from + n, closed: true})
		}
		return
	}
	end := from
	for end < len(t.s) && end < i+maxKey*4 && t.s[end] != '<' && t.s[end] != '\n' {
		end++
	}
	if tail := t.blanks(end); t.at(tail) != '<' || t.at(tail+1) != '/' {
		return
	}
	if end = t.trimRight(from, end); end > from {
		t.columnValue(sepKey{start: start, end: i}, value{start: from, end: end, closed: true})
	}
}

// option handles the hyphens at i of a command-line option whose value is the next word: --password hunter2.
func (t *text) option(i int) {
	start := i + 2
	end := t.span(start, maxKey, isTokenByte)
	if end == start || t.at(end) != ' ' || !isLetter(t.s[start]) {
		return
	}
	if c := t.at(end + 1); c == '-' || c == ' ' || c == 0 {
		return
	}
	ref := lookupKey(t.s[start:end])
	if ref.entity == None || ref.entity == quiet {
		return
	}
	v := t.valueAfter(sepKey{start: start, end: end}, '=', end+1)
	v.ref = ref
	t.keyed(v)
}

// curlUser verifies user:password after the option -u of curl.
func (t *text) curlUser(i int) {
	from, _ := t.around(i, i, 4*cueReach)
	if !t.cueIn([]string{"curl "}, from, i) {
		return
	}
	quote := t.at(i)
	var end int
	if quote == '"' || quote == '\'' {
		i++
		end = t.quoteEnd(i, quote, 0)
	} else {
		end = t.span(i, longestUserinfo, func(c byte) bool { return !isSpace(c) && c != '"' })
	}
	if colon := strings.IndexByte(t.s[i:end], ':'); colon > 0 && colon < end-i-1 && !isPlaceholder(t.s[i+colon+1:end]) {
		t.add(URLCredentials, i, end, 0.9)
	}
}
