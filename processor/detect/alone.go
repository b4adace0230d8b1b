package detect

import "math/bits"

// A text that is nothing but one value, under no key at all, is its own context, as in a list with one value a line. Values
// of letters and digits mixed are found there by their layout and check, which would say too little among other words.

// Bounds of such a text, in bytes.
const (
	shortestAlone = 6
	longestAlone  = 16
)

// mayBeAlone reports whether the text may be such a value: it has letters and digits and nothing else than separators.
func mayBeAlone(key Key, s string) bool {
	if key.present || len(s) < shortestAlone || len(s) > longestAlone {
		return false
	}
	letter, _, digit, _ := lettersOf(s, 0, len(s))
	if letter == 0 || digit == 0 || bits.OnesCount64(letter|digit) < len(s)-maxAloneSeparators {
		return false
	}
	for rest := ^(letter | digit) & (1<<len(s) - 1); rest != 0; rest &= rest - 1 {
		if !isSeparator(s[bits.TrailingZeros64(rest)]) {
			return false
		}
	}
	return true
}

const maxAloneSeparators = 3

// aloneConf is the confidence in them: anything else that is found in the text knows better.
const aloneConf = 0.6

// aloneRules are the rules that know such texts.
var aloneRules []*rule

func init() {
	for i := range rules {
		if rules[i].alone != nil {
			aloneRules = append(aloneRules, &rules[i])
		}
	}
}

// alone verifies the whole text.
func (t *text) alone() {
	if len(t.tokens) > 0 || !mayBeAlone(t.key, t.s) {
		return
	}
	for _, r := range aloneRules {
		if r.alone(t) {
			t.add(r.entity, 0, len(t.s), aloneConf)
		}
	}
}

// aloneIn returns what alone of a rule asks: whether the text has one of the layouts, and valid accepts its letters and digits
// in upper case. Letters are of one case.
func aloneIn(valid func(c []byte) bool, layouts ...string) func(t *text) bool {
	return func(t *text) bool {
		c, _, one := t.aloneChars()
		if !one {
			return false
		}
		for _, layout := range layouts {
			if fits(layout, t.s) {
				return valid(c)
			}
		}
		return false
	}
}

// aloneChars returns the letters and digits of the text in upper case, whether its letters are in lower case, and whether
// they are all of one case.
func (t *text) aloneChars() (c []byte, isLow, one bool) {
	c = t.mixed.chars[:0]
	isUp := false
	for _, b := range []byte(t.s) {
		switch {
		case isLower(b):
			isLow = true
			b -= 'a' - 'A'
		case isUpper(b):
			isUp = true
		case !isDigit(b):
			continue
		}
		c = append(c, b)
	}
	return c, isLow, !isLow || !isUp
}
