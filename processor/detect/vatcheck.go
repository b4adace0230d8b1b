package detect

import "strings"

// Check digits of the member states, of the characters behind their prefix.

// weights returns a check of digits: their sum, times the weights, is a multiple of modulus.
func weights(modulus int, weight ...int) func(c []byte) bool {
	return func(c []byte) bool {
		sum := 0
		for i, w := range weight {
			sum += int(c[i]-'0') * w
		}
		return sum%modulus == 0
	}
}

// isISO7064Mod11 checks digits by ISO/IEC 7064, MOD 11,10.
func isISO7064Mod11(c []byte) bool {
	product := 10
	for _, d := range c[:len(c)-1] {
		sum := (int(d-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11-product)%10 == int(c[len(c)-1]-'0')
}

func isVATOfAT(c []byte) bool {
	sum := 4
	for i, d := range c[1:8] {
		v := int(d - '0')
		if i%2 == 1 {
			v = v*2/10 + v*2%10
		}
		sum += v
	}
	return (10-sum%10)%10 == int(c[8]-'0')
}

func isVATOfBE(c []byte) bool { return c[0] <= '1' && 97-number(c[:8])%97 == number(c[8:]) }

func isVATOfEL(c []byte) bool {
	sum := 0
	for _, d := range c[:8] {
		sum = (sum + int(d-'0')) * 2
	}
	return sum%11%10 == int(c[8]-'0')
}

// isVATOfFR checks a key of two digits; the newer keys have letters, whose check is another one.
func isVATOfFR(c []byte) bool {
	if !isDigit(c[0]) || !isDigit(c[1]) {
		return true
	}
	return (12+3*(number(c[2:])%97))%97 == number(c[:2])
}

func isVATOfGB(c []byte) bool {
	sum := weighted(c[:7], 8) + number(c[7:])
	return sum%97 == 0 || (sum+55)%97 == 0
}

func isVATOfIE(c []byte) bool {
	sum := weighted(c[:7], 8)
	if len(c) == 9 {
		if c[8] > 'I' && c[8] != 'W' {
			return false
		}
		if c[8] <= 'I' {
			sum += 9 * int(c[8]-'A'+1)
		}
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == c[7]
}

func isVATOfLU(c []byte) bool { return number(c[:6])%89 == number(c[6:]) }

// isVATOfNL checks the digits of a company, modulo 11, or the whole number of a person, modulo 97.
func isVATOfNL(c []byte) bool {
	check := weighted(c[:8], 9) % 11
	if check == int(c[8]-'0') {
		return true
	}
	rest := 0
	for _, b := range [...]byte{'N', 'L'} {
		rest = ibanStep(rest, b)
	}
	for _, b := range c {
		rest = ibanStep(rest, b)
	}
	return rest == 1
}

func isVATOfPL(c []byte) bool {
	sum := 0
	for i, w := range [...]int{6, 5, 7, 2, 3, 4, 5, 6, 7} {
		sum += int(c[i]-'0') * w
	}
	return sum%11 == int(c[9]-'0')
}

func isVATOfPT(c []byte) bool {
	return strings.IndexByte("1235689", c[0]) >= 0 && modulo11(weighted(c[:8], 9)) == int(c[8]-'0')
}

func isVATOfSE(c []byte) bool { return luhn(c[:10]) && number(c[10:]) > 0 }

func isVATOfSI(c []byte) bool {
	check := 11 - weighted(c[:7], 8)%11
	return check < 11 && check%10 == int(c[7]-'0')
}

func isVATOfSK(c []byte) bool { return c[0] != '0' && number(c)%11 == 0 }
