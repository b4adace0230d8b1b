package detect

import "strings"

// Bounds of an INSERT statement that is read.
const (
	maxColumns = 64
	maxRows    = 256
	maxTable   = 128 // bytes of the table's name and of a column's
)

// sqlWords wake the readers of SQL.
var sqlWords = []prefix{{"insert into ", insertInto}, {"replace into ", insertInto}, {"like ", like}, {"ilike ", ilike}, {"between ", between}, {"in (", in}}

// insertInto verifies the literals of INSERT INTO t (a, b) VALUES ('x', 'y'), ... at i: the columns are their keys.
func insertInto(t *text, i int) {
	open := strings.IndexByte(t.s[i:min(len(t.s), i+maxTable)], '(')
	if open < 0 {
		return
	}
	var columns [maxColumns]sepKey
	n, j := t.columns(i+open+1, columns[:])
	if n == 0 {
		return
	}
	j = t.blanks(j)
	if !t.hasFold(j, "values") {
		return
	}
	j = t.blanks(j + len("values"))
	for range maxRows {
		if t.at(j) != '(' {
			return
		}
		if j = t.row(j+1, columns[:n]); j < 0 {
			return
		}
		j = t.blanks(j)
		if t.at(j) != ',' {
			return
		}
		j = t.blanks(j + 1)
	}
}

// blanks returns the end of the blanks at i, line ends escaped or not.
func (t *text) blanks(i int) int {
	for {
		switch {
		case i < len(t.s) && isSpace(t.s[i]):
			i++
		case t.at(i) == '\\' && t.at(i+1) != 'u' && t.escapeAt(i) > i:
			i = t.escapeAt(i)
		default:
			return i
		}
	}
}

// columns reads a list of column names up to its closing parenthesis.
func (t *text) columns(i int, into []sepKey) (n, end int) {
	for n < len(into) {
		i = t.blanks(i)
		for t.at(i) == '"' || t.at(i) == '`' || t.at(i) == '[' || t.at(i) == '\\' {
			i++
		}
		stop := t.span(i, maxTable, isKeyByte)
		if stop == i {
			return 0, i
		}
		into[n] = sepKey{start: i, end: stop}
		n++
		i = stop
		for t.at(i) == '"' || t.at(i) == '`' || t.at(i) == ']' || t.at(i) == '\\' {
			i++
		}
		i = t.blanks(i)
		switch t.at(i) {
		case ',':
			i++
		case ')':
			return n, i + 1
		default:
			return 0, i
		}
	}
	return 0, i
}

// row verifies one row of values after its opening parenthesis and returns its end, or -1.
func (t *text) row(i int, columns []sepKey) int {
	for c := 0; ; c++ {
		i = t.blanks(i)
		v := t.literal(i)
		if v.end < 0 {
			return -1
		}
		if c < len(columns) {
			t.columnValue(columns[c], v)
		}
		i = v.end
		if v.closed {
			i++
		}
		i = t.blanks(i)
		switch t.at(i) {
		case ',':
			i++
		case ')':
			return i + 1
		default:
			return -1
		}
	}
}

// literal reads the literal at i; its end is -1 when there is none.
func (t *text) literal(i int) value {
	v := value{start: i, end: i}
	if t.at(i) == 'N' && t.at(i+1) == '\'' {
		i++
	}
	if t.at(i) != '\'' {
		v.end = t.span(i, maxTable, func(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '$' || c == '?' || c == ':' })
		if v.end == i {
			v.end = -1
		}
		return v
	}
	v.start, v.quote, v.closed = i+1, '\'', true
	v.end = t.quoteEnd(i+1, '\'', 0)
	if t.at(v.end) != '\'' {
		v.end = -1
	}
	return v
}

func (t *text) columnValue(k sepKey, v value) {
	key := t.s[k.start:k.end]
	v.keyStart, v.keyEnd = k.start, k.end
	if e := t.d.customKey(key); e != None {
		v.ref.entity = e
		t.anything(v)
		return
	}
	v.ref = lookupKey(key)
	if v.ref.entity == None && equalFold(key, "name") {
		v.ref = keyRef{entity: PersonName, weak: true}
	}
	if v.ref.entity != None && v.ref.entity != quiet {
		t.keyed(v)
	}
}

// like verifies email LIKE 'x' at the word i.
func like(t *text, i int) { t.operator(i, i+len("like")) }

// ilike verifies email ILIKE 'x' at the word i.
func ilike(t *text, i int) { t.operator(i, i+len("ilike")) }

// between verifies born BETWEEN 'x' AND 'y' at the word i.
func between(t *text, i int) { t.operator(i, i+len("between")) }

// in verifies email IN ('x', 'y') at the word i.
func in(t *text, i int) { t.operator(i, i+len("in ")) }

func (t *text) operator(i, after int) {
	j := t.blanks(after)
	list := t.at(j) == '('
	if list {
		j++
	}
	if t.at(j) != '\'' || t.at(i-1) != ' ' {
		return
	}
	end := i - 1
	if t.hasFold(end-4, " not") {
		end -= 4
	}
	k, ok := t.keyBefore(end)
	if !ok {
		return
	}
	for range maxElements {
		v := t.literal(j)
		if v.end < 0 {
			return
		}
		t.columnValue(k, v)
		if j = t.blanks(v.end + 1); !list && t.hasFold(j, "and '") && t.hasFold(i, "between") && v.start < j {
			t.columnValue(k, t.literal(j+len("and ")))
			return
		}
		if !list || t.at(j) != ',' {
			return
		}
		if j = t.blanks(j + 1); t.at(j) != '\'' {
			return
		}
	}
}
