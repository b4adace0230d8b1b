package detect

// Bounds of a table in text that is read.
const (
	maxHeader = 1024 // bytes of its first line
	maxRow    = 4096 // bytes of every other line
	maxCell   = 32   // bytes of the last name of a header
)

// table is the header of rows of values: the names of its columns, and how its lines are written.
type table struct {
	columns   [maxColumns]sepKey
	n         int
	delimiter byte
	escaped   bool // its line ends are \n in a string
}

// isDelimiter reports whether c separates the columns of a table.
func isDelimiter(c byte) bool { return c == ',' || c == ';' || c == '\t' || c == '|' }

// mayEndHeader reports whether a line ending at i, by its last column alone, may be the header of a table: a short name
// after a delimiter. Lines of logs hardly ever end like this.
func mayEndHeader(s string, i int) bool {
	for n := 0; i > 0 && n < 4; n++ {
		if c := s[i-1]; c != '\r' && c != ' ' && c != '|' && c != '"' && c != '\\' {
			break
		}
		i--
	}
	j := i
	for blanks := 0; j > 0 && i-j < maxCell; j-- {
		c := s[j-1]
		if c == ' ' {
			if blanks++; blanks == maxKeyWords { // prose
				return false
			}
		} else if !isWord(c) && c != '-' && c != '.' {
			break
		}
	}
	for j > 1 && (s[j-1] == '"' || s[j-1] == '\\') {
		j--
	}
	return j < i && j > 0 && isDelimiter(s[j-1])
}

// header handles the line end at i, which the next line follows at after. When names of columns stand before it, it
// verifies the values in the lines below: email,ssn and a@b.example,536-22-1234.
func (t *text) header(i, after int) {
	if i < t.tableEnd || !mayEndHeader(t.s, i) {
		return
	}
	h := table{escaped: t.s[i] == '\\'}
	if !t.readHeader(&h, i) {
		return
	}
	for range maxRows {
		end, next := t.lineStop(after, h.escaped)
		if end-after > maxRow || !t.isRuler(after, end) && !t.tableRow(&h, after, end) {
			break
		}
		after = next
		if next == end {
			break
		}
	}
	t.tableEnd = after
}

// lineStop returns where the line that i is in ends and the next one starts; the same for the last line. It looks no
// further than a row may reach.
func (t *text) lineStop(i int, escaped bool) (end, next int) {
	limit := min(len(t.s), i+maxRow+1)
	for ; i < limit; i++ {
		switch c := t.s[i]; {
		case c == '\n':
			return i, i + 1
		case escaped && c == '"' && t.s[i-1] != '\\':
			return i, i
		case escaped && c == '\\' && t.s[i-1] != '\\' && t.at(i+1) == 'n':
			return i, i + 2
		}
	}
	return i, i
}

// isRuler reports whether the line is drawn: between a header and its rows.
func (t *text) isRuler(start, end int) bool {
	dashes := 0
	for _, c := range []byte(t.s[start:end]) {
		switch c {
		case '-', '=':
			dashes++
		case '+', '|', ':', ' ', '\r':
		default:
			return false
		}
	}
	return dashes > 2
}

// readHeader reads the names of columns that end at i. One of them at least must name an entity.
func (t *text) readHeader(h *table, i int) bool {
	start, known := i, false
	for start > 0 && t.s[start-1] != '\n' {
		if i-start == maxHeader {
			return false
		}
		if h.escaped && (t.s[start-1] == '"' && t.at(start-2) != '\\' || start >= 2 && t.s[start-2] == '\\' && t.s[start-1] == 'n') {
			break
		}
		if h.delimiter == 0 && isDelimiter(t.s[start-1]) && t.at(start) != '\r' && start < t.cellEnd(start, i) {
			h.delimiter = t.s[start-1]
		}
		start--
	}
	for from := start; from <= i && h.n < maxColumns; {
		end := from
		for end < i && t.s[end] != h.delimiter {
			end++
		}
		k := t.column(from, end, from == start)
		if k.start < k.end {
			h.columns[h.n] = k
			h.n++
			known = known || t.namesColumn(k)
		} else if h.delimiter != '|' || from != start && end != i {
			return false
		}
		from = end + 1
	}
	return known && h.n >= 2
}

// cellEnd returns the end of the cell from start to end without the blanks and bars behind it.
func (t *text) cellEnd(start, end int) int {
	for end > start && (isSpace(t.s[end-1]) || t.s[end-1] == '|') {
		end--
	}
	return end
}

// column returns the name in a cell of a header, without its quotes. Prose may stand before the first: header: id,ssn.
func (t *text) column(from, end int, first bool) (k sepKey) {
	for end > from && (isSpace(t.s[end-1]) || t.s[end-1] == '"' || t.s[end-1] == '\\' || t.s[end-1] == '\'') {
		end--
	}
	words := 0
	start := end
	for ; start > from; start-- {
		c := t.s[start-1]
		if c == ' ' {
			words++
		} else if !isKeyByte(c) {
			break
		}
	}
	if start > from && !first && t.s[start-1] != '"' && t.s[start-1] != '\'' || end-start > maxKey && !first || words > maxKeyWords && !first {
		return k
	}
	for start < end && t.s[start] == ' ' {
		start++
	}
	return sepKey{start: max(start, end-maxKey), end: end}
}

// namesColumn reports whether the column of a header names an entity for certain.
func (t *text) namesColumn(k sepKey) bool {
	name := t.s[k.start:k.end]
	if t.d.customKey(name) != None {
		return true
	}
	ref := lookupKey(name)
	return ref.entity != None && ref.entity != quiet && !ref.weak
}

// tableRow verifies the values of a line when it has as many as the header has names.
func (t *text) tableRow(h *table, start, end int) bool {
	var cells [maxColumns]value
	n := 0
	end = t.cellEnd(start, end)
	if h.escaped && end-start >= 2 && t.s[end-1] == 'r' && t.s[end-2] == '\\' {
		end -= 2
	}
	if h.delimiter == '|' {
		for start < end && (t.s[start] == '|' || t.s[start] == ' ') {
			start++
		}
	}
	for i := start; i <= end; n++ {
		if n == h.n {
			return false
		}
		cells[n] = t.cell(i, end, h.delimiter)
		i = cells[n].end
		for i < end && t.s[i] != h.delimiter {
			i++
		}
		i++
	}
	if n != h.n {
		return false
	}
	for c := range n {
		if v := cells[c]; v.start < v.end {
			t.columnValue(h.columns[c], v)
		}
	}
	return true
}

// cell reads the value of a row that starts at i.
func (t *text) cell(i, end int, delimiter byte) value {
	for i < end && t.s[i] == ' ' {
		i++
	}
	v := value{start: i, closed: true}
	slashes := 0
	for i < end && t.s[i] == '\\' {
		slashes++
		i++
	}
	if i < end && t.s[i] == '"' {
		v.start, v.quote = i+1, '"'
		v.end = v.start
		for v.end < end && t.s[v.end] != '"' && (t.s[v.end] != '\\' || slashes == 0) {
			v.end++
		}
		return v
	}
	v.end = v.start
	for v.end < end && t.s[v.end] != delimiter {
		v.end++
	}
	for v.end > v.start && t.s[v.end-1] == ' ' {
		v.end--
	}
	return v
}
