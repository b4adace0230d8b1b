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
	if name := t.s[start:end]; (name == "user" || name == "proxy-user") && t.curlUser(t.blanks(end)) {
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

// arguments handles the parenthesis at i of a call whose first argument names a credential and whose second is one:
// setProperty("API_TOKEN", "a1b2c3").
func (t *text) arguments(i int) {
	quote := t.at(i + 1)
	if quote != '"' && quote != '\'' {
		return
	}
	start := i + 2
	end := t.span(start, maxKey, func(c byte) bool { return isKeyByte(c) || c == ' ' })
	if end == start || t.at(end) != quote || t.at(end+1) != ',' {
		return
	}
	ref := lookupKey(t.s[start:end])
	if ref.entity == None || ref.entity == quiet || t.d.infos[ref.entity].Group != Credential || isNegated(t.s[start:end]) {
		return
	}
	v := t.valueAfter(sepKey{start: start, end: end, quote: quote}, ',', end+2)
	if v.ref = ref; v.closed {
		t.keyed(v)
	}
}

// curlUser verifies user:password at i, after the option -u or --user of curl. It reports whether they are credentials.
func (t *text) curlUser(i int) bool {
	from, _ := t.around(i, i, 4*cueReach)
	if !t.cueIn([]string{"curl "}, from, i) {
		return false
	}
	quote := t.at(i)
	var end int
	if quote == '"' || quote == '\'' {
		i++
		end = t.quoteEnd(i, quote, 0)
	} else {
		end = t.span(i, longestUserinfo, func(c byte) bool { return !isSpace(c) && c != '"' })
	}
	colon := strings.IndexByte(t.s[i:end], ':')
	if colon <= 0 {
		return false
	}
	user, from := t.s[i:i+colon], i+colon+1
	switch {
	case from == end: // a key in place of a user
		if end--; !isSecret(user) {
			return false
		}
	case t.s[from] == '\'' && t.s[end-1] == '\'' && end-from > 2: // user:'password'
		i, from, end = from+1, from+1, end-1
	}
	if from < end && isPlaceholder(t.s[from:end]) || isMask(user) || isStandIn(user) && isStandIn(t.s[min(from, end):end]) {
		return false
	}
	t.add(URLCredentials, i, end, 0.9)
	return true
}
