package main

import (
	"fmt"
	"strings"
)

// More check digits of ids, each from the rule its authority publishes, apart from the detector's.

// sum adds the digits of s times their weights.
func sum(s string, weights ...int) int {
	total := 0
	for i, w := range weights {
		total += int(s[i]-'0') * w
	}
	return total
}

// down are the weights n, n-1, ... 2.
func down(n int) []int {
	var w []int
	for ; n >= 2; n-- {
		w = append(w, n)
	}
	return w
}

func digit(n int) string { return string(rune('0' + n)) }

// until draws bodies until one has a check digit: rules modulo 11 have none for some.
func until(draw func() (string, int)) string {
	for {
		if body, check := draw(); check >= 0 && check < 10 {
			return body + digit(check)
		}
	}
}

// iso7064 is the check digit of ISO 7064 MOD 11,10 (German tax ids and VAT numbers, Croatian OIB).
func iso7064(body string) int {
	p := 10
	for i := range len(body) {
		p = (p + int(body[i]-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return (11 - p) % 10
}

// icao is the check digit of ICAO 9303: weights 7, 3, 1, letters from 10.
func icao(body string) string {
	total := 0
	for i, c := range body {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
		}
		total += v * []int{7, 3, 1}[i%3]
	}
	return digit(total % 10)
}

// crossSum adds the digits of each product, as the German insurance numbers do.
func crossSum(s string, weights ...int) int {
	total := 0
	for i, w := range weights {
		p := int(s[i]-'0') * w
		total += p/10 + p%10
	}
	return total
}

// ordinal writes a capital as its two-digit place in the alphabet.
func ordinal(letter string) string { return fmt.Sprintf("%02d", letter[0]-'A'+1) }

// vinCheck is the ninth character of a North American VIN, 49 CFR 565.15.
func vinCheck(vin string) string {
	values := map[rune]int{
		'A': 1, 'B': 2, 'C': 3, 'D': 4, 'E': 5, 'F': 6, 'G': 7, 'H': 8, 'J': 1, 'K': 2, 'L': 3, 'M': 4, 'N': 5, 'P': 7, 'R': 9,
		'S': 2, 'T': 3, 'U': 4, 'V': 5, 'W': 6, 'X': 7, 'Y': 8, 'Z': 9,
	}
	total := 0
	for i, c := range vin {
		v, letter := values[c]
		if !letter {
			v = int(c - '0')
		}
		total += v * []int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}[i]
	}
	return string("0123456789X"[total%11])
}

// fiscalCheck is the sixteenth character of an Italian codice fiscale (D.M. 23 December 1976).
func fiscalCheck(body string) string {
	odd := []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	total := 0
	for i, c := range body {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c - 'A')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		total += v
	}
	return string(upper[total%26])
}

// rfcCheck is the last character of a Mexican RFC: modulo 11 over an alphabet with & and Ñ.
func rfcCheck(body string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"
	total := 0
	for i, c := range body {
		total += strings.IndexRune(alphabet, c) * (13 - i)
	}
	return string("0123456789A0"[(11-total%11)%11])
}

// curpCheck is the last digit of a Mexican CURP.
func curpCheck(body string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMN_OPQRSTUVWXYZ" // the place of N with a tilde stays empty
	total := 0
	for i, c := range body {
		total += strings.IndexRune(alphabet, c) * (18 - i)
	}
	return digit((10 - total%10) % 10)
}

// gstinCheck is the last character of an Indian GSTIN: a Luhn rule over 36 characters.
func gstinCheck(body string) string {
	const alphabet = digits + upper
	total := 0
	for i, c := range body {
		p := strings.IndexRune(alphabet, c) * (1 + i%2)
		total += p/36 + p%36
	}
	return string(alphabet[(36-total%36)%36])
}

// cnpjCheck returns the two check digits of a Brazilian CNPJ.
func cnpjCheck(body string) string {
	weights := []int{6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}
	for i := range 2 {
		rest := sum(body, weights[1-i:]...) % 11
		if rest < 2 {
			rest = 11
		}
		body += digit(11 - rest)
	}
	return body[12:]
}
