package detect

import "strings"

const cdata = "<![cdata[" // in any letter case

// markupWords wake the readers of markup that is spelled with the entities of HTML.
var markupWords = []prefix{{"gt;", escapedElement}, {"64;", escapedAt}, {"x40;", escapedAt}}

// maxTag is how far before its end the tag of an element may start, in bytes.
const maxTag = 256

// xml handles the > at i of an element: <password>hunter2</password>.
func (t *text) xml(i int) {
	end := i
	if c := t.at(i - 1); c == '"' || c == '\'' { // <password type="text">
		start := i - 1
		for start > 0 && i-start < maxTag && t.s[start-1] != '<' && t.s[start-1] != '>' && t.s[start-1] != '\n' {
			start--
		}
		if t.at(start-1) != '<' {
			return
		}
		end = t.span(start, maxKey, func(c byte) bool { return isKeyByte(c) || c == ':' })
	}
	t.element(end, t.blanks(i+1), "<")
}

// escapedElement handles the entity at i that ends the tag of an element: &lt;password&gt;hunter2&lt;/password&gt;.
func escapedElement(t *text, i int) {
	if t.at(i-1) == '&' {
		t.element(i-1, i+len("gt;"), "&lt;")
	}
}

// escapedAt handles the entity at i that stands for the @ of an address.
func escapedAt(t *text, i int) {
	if i >= 2 && t.s[i-1] == '#' && t.s[i-2] == '&' {
		t.emailAround(i-2, t.wordEnd(i)+1, 0)
	}
}

// element verifies the text from on of the element whose name ends at end; bracket is how its angle brackets are spelled.
func (t *text) element(end, from int, bracket string) {
	start := end
	for start > 0 && end-start < maxKey && isKeyByte(t.s[start-1]) {
		start--
	}
	if start == end || t.at(start-1) != ':' && !t.hasFold(start-len(bracket), bracket) {
		return
	}
	k := sepKey{start: start, end: end}
	if t.hasFold(from, cdata) {
		from += len(cdata)
		if n := strings.Index(t.s[from:min(len(t.s), from+maxTag)], "]]>"); n > 0 {
			t.columnValue(k, value{start: from, end: from + n, closed: true})
		}
		return
	}
	stop := from
	for stop < len(t.s) && stop < from+maxTag && t.s[stop] != '\n' && (t.s[stop] != bracket[0] || !t.hasFold(stop, bracket)) {
		stop++
	}
	tail := t.blanks(stop)
	if !t.hasFold(tail, bracket) {
		return
	}
	if tail += len(bracket); t.at(tail) == '\\' {
		tail++
	}
	if stop = t.trimRight(from, stop); t.at(tail) == '/' && stop > from {
		t.columnValue(k, value{start: from, end: stop, closed: true})
	}
}

// entityQuotes are quotes as the entities of HTML.
var entityQuotes = [...]string{"&quot;", "&#34;", "&#39;", "&apos;", "&#x22;", "&#x27;"}

// entityKeyBefore reads the key between two such quotes, of which the second ends at end.
func (t *text) entityKeyBefore(end int) (k sepKey, ok bool) {
	for _, q := range entityQuotes {
		if !t.hasFold(end-len(q), q) {
			continue
		}
		k.end = end - len(q)
		for k.start = k.end; k.start > 0 && k.end-k.start < maxKey && isKeyByte(t.s[k.start-1]); {
			k.start--
		}
		return k, k.start < k.end && t.hasFold(k.start-len(q), q)
	}
	return k, false
}

// entityValue returns the bounds of the value between two such quotes, of which the first is at i.
func (t *text) entityValue(i int) (start, end int) {
	for _, q := range entityQuotes {
		if t.hasFold(i, q) {
			start = i + len(q)
			if n := strings.Index(t.s[start:min(len(t.s), start+maxTag)], q); n > 0 {
				return start, start + n
			}
			break
		}
	}
	return 0, 0
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
	if !t.d.isCredential(ref.entity) || isNegated(t.s[start:end]) {
		return
	}
	v := t.valueAfter(sepKey{start: start, end: end, quote: quote}, ',', end+2)
	if v.ref = ref; v.closed && (ref.entity != Password || strings.IndexByte(t.s[v.start:v.end], ' ') < 0) { // a message has blanks
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
