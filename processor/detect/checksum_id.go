package detect

// Checks that several numbers of authorities share. All take ASCII digits.

// dot returns the sum of the first digits times their weights.
func dot(d []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]-'0') * w
	}
	return sum
}

// crossSum returns the sum of the digits of the products of digits and weights.
func crossSum(d []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		p := int(d[i]-'0') * w
		sum += p/10 + p%10
	}
	return sum
}

// hybrid11 checks digits whose last one is the check digit by ISO/IEC 7064, MOD 11,10.
func hybrid11(d []byte) bool {
	p := 10
	for _, c := range d[:len(d)-1] {
		sum := (p + int(c-'0')) % 10
		if sum == 0 {
			sum = 10
		}
		p = sum * 2 % 11
	}
	return (11-p)%10 == int(d[len(d)-1]-'0')
}

// rest returns the number that the digits are modulo m.
func rest(d []byte, m int) int {
	r := 0
	for _, c := range d {
		r = (r*10 + int(c-'0')) % m
	}
	return r
}

// check731 checks letters and digits whose last one is the check digit, with weights 7, 3 and 1 modulo 10 as in
// machine-readable travel documents (ICAO Doc 9303): A counts 10.
func check731(c []byte) bool {
	sum := 0
	for i, b := range c[:len(c)-1] {
		v := int(b - '0')
		if isLetter(b) {
			v = int(b-'A') + 10
		}
		sum += v * [...]int{7, 3, 1}[i%3]
	}
	return sum%10 == int(c[len(c)-1]-'0')
}

var daysOf = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// isDay reports whether the month has the day; the year is not known.
func isDay(month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= daysOf[month-1]
}

// isDayMonth reports whether four digits are a day and a month.
func isDayMonth(d []byte) bool { return isDay(number(d[2:4]), number(d[:2])) }

// isMonthDay reports whether four digits are a month and a day.
func isMonthDay(d []byte) bool { return isDay(number(d[:2]), number(d[2:4])) }

// isCalendar reports whether eight digits are a date of this or the last century, year first: a log is full of them.
func isCalendar(d []byte) bool {
	century := number(d[:2])
	return (century == 19 || century == 20) && isMonthDay(d[4:8])
}

// isTimeOfDay reports whether four digits are hours and minutes.
func isTimeOfDay(d []byte) bool { return number(d[:2]) < 24 && number(d[2:4]) < 60 }

// allDigits reports whether c is n digits.
func allDigits(c []byte, n int) bool {
	for _, b := range c {
		if !isDigit(b) {
			return false
		}
	}
	return len(c) == n
}
