package rewrite

import "bytes"

// canonicalExpiry turns the spellings of a month and a year (12/27, 12 / 2027, 1227, 2027-12) into 12/27.
func canonicalExpiry(dst []byte, from int) []byte {
	var d [6]byte
	n, first := 0, -1 // digits, and how many stand before a separator
	for _, c := range dst[from:] {
		switch {
		case !digit(c):
			if first < 0 {
				first = n
			}
		case n == len(d):
			return dst
		default:
			d[n] = c
			n++
		}
	}
	month, year := d[:2], d[2:n]
	if n == 6 && first == 4 {
		month, year = d[4:], d[:4]
	}
	switch {
	case n == 6:
		year = year[2:]
	case n != 4:
		return dst
	}
	return append(dst[:from], month[0], month[1], '/', year[0], year[1])
}

// canonicalDate turns a date in digits into year-month-day. Dots stand between day and month in this order; with other
// separators a number above twelve tells the day. Where nothing tells, and in words, the date stays as it is. A time of
// day behind it goes.
func canonicalDate(dst []byte, from int) []byte {
	value := dst[from:]
	if i := bytes.IndexByte(value, 'T'); i >= len("19850412") {
		value = value[:i]
	}
	var n, width [3]int
	part, sep := 0, byte(0)
	for _, c := range value {
		switch {
		case digit(c):
			n[part] = 10*n[part] + int(c-'0')
			width[part]++
		case (c == '-' || c == '/' || c == '.') && part < 2 && width[part] > 0 && (sep == 0 || c == sep):
			sep = c
			part++
		default:
			return dst
		}
	}
	year, month, day := n[0], n[1], n[2]
	switch {
	case part == 0 && width[0] == 8:
		year, month, day = n[0]/10000, n[0]/100%100, n[0]%100
	case part != 2 || width[1] > 2:
		return dst
	case width[0] == 4 && width[2] <= 2:
	case width[2] == 4 && width[0] <= 2 && (sep == '.' || n[0] > 12 || n[0] == n[1]):
		year, month, day = n[2], n[1], n[0]
	case width[2] == 4 && width[0] <= 2 && n[1] > 12:
		year, month, day = n[2], n[0], n[1]
	default:
		return dst
	}
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return dst
	}
	dst = append(dst[:from], byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	return append(dst, byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10))
}
