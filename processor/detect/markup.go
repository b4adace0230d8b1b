package detect

// xml handles the > at i of an element: <password>hunter2</password>.
func (t *text) xml(i int) {
	start := i
	for start > 0 && i-start < maxKey && isKeyByte(t.s[start-1]) {
		start--
	}
	if start == i || t.at(start-1) != '<' && t.at(start-1) != ':' {
		return
	}
	end := i + 1
	for end < len(t.s) && end < i+maxKey*4 && t.s[end] != '<' && t.s[end] != '\n' {
		end++
	}
	if t.at(end) != '<' || t.at(end+1) != '/' {
		return
	}
	t.columnValue(sepKey{start: start, end: i}, value{start: i + 1, end: end, closed: true})
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
