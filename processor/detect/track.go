package detect

// Payment cards as forms, tables and magnetic stripes spell them.

// wideCard verifies a card number in groups at plus signs, as forms encode blanks, or at two or three blanks, whose
// first group starts at start: 4111+1111+1111+1111.
func (t *text) wideCard(start int) {
	var d [maxDigits]byte
	n, i, groups := 0, start, 0
	for n < 19 {
		from := i
		for isDigit(t.at(i)) && n < maxDigits && i-from < 7 {
			d[n] = t.s[i]
			n++
			i++
		}
		groups++
		end := i
		if t.at(i) == '+' {
			i++
		} else {
			for t.at(i) == ' ' && i < end+3 {
				i++
			}
		}
		if i == end || !isDigit(t.at(i)) || t.s[end] == ' ' && i == end+1 {
			i = end
			break
		}
	}
	if groups < 3 || groups > 5 || !isCard(d[:n]) {
		return
	}
	if !t.numberMayStart(start) || !t.numberMayEnd(i) || t.at(i) == '+' {
		t.near = true
		return
	}
	t.add(PaymentCard, start, i, 0.96)
}

// trackRest is the least number of digits after a card number on the second track: expiry and service code.
const trackRest = 7

// track2 verifies the card number [start, end) of the second track of a magnetic stripe, ISO/IEC 7813:
// ;4111111111111111=25121011234567890?
func (t *text) track2(start, end int) {
	for i := end + 1; i <= end+trackRest; i++ {
		if !isDigit(t.at(i)) {
			return
		}
	}
	if isCard([]byte(t.s[start:end])) {
		t.add(PaymentCard, start, end, 0.97)
	}
}

// track1 verifies the card number and the name of the first track, whose %B ends at i: %B4111111111111111^ROE/JANE^2512.
func (t *text) track1(i int) {
	end := t.span(i, 20, isDigit)
	if t.at(end) != '^' || !isCard([]byte(t.s[i:end])) {
		return
	}
	t.add(PaymentCard, i, end, 0.98)
	name := end + 1
	stop := t.span(name, 26, func(c byte) bool { return isUpper(c) || c == '/' || c == ' ' || c == '.' || c == '-' || c == '\'' })
	if t.at(stop) == '^' {
		if stop = t.trimRight(name, stop); stop > name+2 {
			t.add(PersonName, name, stop, 0.9)
		}
	}
}
