package detect

import "slices"

// The entities of this family: what is printed on a card beside its number.
const (
	CardCVV Entity = iota + endFinancial
	CardExpiry
	endCard
)

func cardRules() []rule {
	return []rule{
		{
			entity: CardCVV,
			Info: Info{
				Name: "card_cvv", Class: "cvv", Group: Financial,
				Rule:   "Three or four digits by key, right after a cue, or behind a card number and its expiry",
				Not:    "Three or four digits without key, cue or card in front: status codes, ports",
				Source: "PCI DSS 4.0, requirement 3.3.1",
			},
			keys: append(keys(
				"cvv", "cvv2", "cvc", "cvc2", "cvn", "cvn2", "cvv code", "cvc code", "card verification value", "card verification code", "card verification number", "card security code", "card code", "kartenpruefnummer", "pruefnummer karte",
				"codigo cvv", "codigo de seguridad tarjeta", "cryptogramme visuel",
			), weakKeys("security code", "verification value", "csc", "cryptogramme", "codigo de seguridad", "codigo de seguranca")...),
			value:    cvvByKey,
			prefixes: after(CardCVV, 0.9, cvvAt, "cvv2", "cvv", "cvc2", "cvc", "card security code", "kartenprüfnummer"),
			examples: examples{
				positive: []string{
					"cvv=«123»", `{"cvc":"«1234»"}`, "card_cvv|«737»", "CVV «123» mismatch", "CVC: «123»", "pan=4111111111111111&cvv2=«123»&x=1", "card 4111111111111111|12|2027|«123»", "4111 1111 1111 1111 12/27 «123»",
					"card 4111111111111111, security code: «123»", "card_security_code=«9876»", "card-verification-value=«508»",
				},
				negative: []string{
					"cvv=null", "cvv=12345", "cvv_result=M", "cvv 3 attempts", "security_code=123", "cvv mismatch 502", "cvc/123", "cvv:***", "csc=100", "cid=4242", "4111111111111111 200 404", "cvv=000",
				},
			},
		},
		{
			entity: CardExpiry,
			Info: Info{
				Name: "card_expiry", Class: "expiry", Group: Financial,
				Rule:   "Month and year by key, after a cue near a card, or behind a card number",
				Not:    "Month and year without key, cue or card near: dates, fractions, versions",
				Source: "ISO/IEC 7813",
			},
			keys: append(keys(
				"card expiry", "card exp", "card exp date", "card expiry date", "card expiration", "card expiration date", "cc exp", "cc expiry", "valid thru", "valid through", "good thru", "card valid to", "card valid until", "exp month year",
				"caducidad tarjeta", "vencimiento tarjeta", "validade cartao", "card expires",
			), weakKeys("exp", "expiry", "exp date", "expiry date", "expiration", "expiration date", "expires", "gueltig bis", "validade", "caducidad", "vencimiento", "scadenza", "date d expiration", "vervaldatum")...),
			value: expiryByKey,
			prefixes: slices.Concat(
				after(CardExpiry, 0.9, expiryAt, "valid thru", "valid through", "good thru"),
				after(CardExpiry, 0.88, expiryByCard, "exp", "exp. date", "expires", "expiry", "expiry date", "exp date", "expiration date", "expiration", "valid until", "gültig bis", "caduca", "scadenza", "validade"),
			),
			examples: examples{
				positive: []string{
					"card_expiry=«12/27»", `{"card_exp":"«12/2027»"}`, "Visa 4111111111111111, exp «12/27»", "valid thru «09/28»", "4111 1111 1111 1111 «12/27» 123", "card 4111111111111111|«12|2027»|123", "card.expiry|«1227»",
					"card 4111111111111111 expires «01/2030».", `{"pan":"4111111111111111","exp":"«12/27»"}`, "card declined, expiry: «11/26»", "Karte gültig bis «04/29» gesperrt", "exp. date «04/29» for card 5555555555554444", "cc_exp=«2027-12»", "?cc_exp=«12%2F27»&x=1",
				},
				negative: []string{
					"exp=1700000000", "expires 12/27", `{"exp":1227,"sub":"x"}`, "expiry=3600", "exp 13/27", "export 12/27", "card_expiry=null", "cache expiry: 11/26", "expired 12/27 tests", "card 4111111111111111 page 12/27", "card_expiry=00/27", "expiration: 12/27/2026",
				},
			},
		},
	}
}

var (
	cvvAt      = numberReader(3, 4)
	trustedCVV = readByKey(0.97, cvvAt)
)

// cvvByKey verifies a code under a key; one that names other codes as well wants a card near.
func cvvByKey(t *text, v value) {
	if v.weak() && (v.attr() || !t.cardNear(v.keyStart, v.end)) {
		t.near = true
		return
	}
	trustedCVV(t, v)
}

// cardWords are the cues of a card that are not the cues of its code and date.
var cardWords = []string{"card", "visa", "mastercard", "amex", "credit", "debit", "cvv", "cvc", "pan ", "cc ", "karte ", "kreditkart", "tarjeta", "carte ", "carta ", "cartao", "cartão"}

// cardNear reports whether a word for a card or a card number stands near.
func (t *text) cardNear(start, end int) bool {
	if t.cue(cardWords, start, end) {
		return true
	}
	from, _ := t.around(start, start, cueReach)
	for i := from; i < start; i++ {
		if isDigit(t.s[i]) && (i == 0 || !isWord(t.s[i-1])) {
			if stop := t.span(i, 20, isDigit); stop < start && isCard([]byte(t.s[i:stop])) {
				return true
			}
		}
	}
	return false
}

// expiryByKey verifies a date under a key. Its digits alone, MMYY, are read under the key of a card only.
func expiryByKey(t *text, v value) {
	if v.weak() && (v.attr() || !t.cardNear(v.keyStart, v.end)) {
		t.near = true
		return
	}
	end := expiryAt(t, v.start)
	if end == 0 && !v.weak() {
		end = bareExpiryAt(t, v.start)
	}
	if end > 0 && (!v.closed || end == v.end) {
		t.emit(v, v.start, end, 0.95)
	}
}

// expiryByCard reads a date that has a card near.
func expiryByCard(t *text, i int) int {
	end := expiryAt(t, i)
	if end == 0 || !t.cardNear(i, end) {
		return 0
	}
	return end
}

// expiryAt returns the end of the month and year at i, or 0: 12/27, 12/2027, 12-27, 2027-12.
func expiryAt(t *text, i int) int {
	if t.digitsOnly(i, i+4) && t.at(i+4) == '-' && isMonthNumber(t.at(i+5), t.at(i+6)) && t.hasFold(i, "20") && t.valueEnds(i+7) {
		return i + 7
	}
	if !isMonthNumber(t.at(i), t.at(i+1)) {
		return 0
	}
	i += 2
	switch c := t.at(i); {
	case c == '/' || c == '-' || c == '|':
		i++
	case c == ' ' && t.at(i+1) == '/' && t.at(i+2) == ' ':
		i += 3
	case t.hasFold(i, "%2f"):
		i += 3
	default:
		return 0
	}
	return t.expiryYear(i)
}

// bareExpiryAt reads 1227 and 122027.
func bareExpiryAt(t *text, i int) int {
	if !isMonthNumber(t.at(i), t.at(i+1)) {
		return 0
	}
	return t.expiryYear(i + 2)
}

// expiryYear returns the end of the year at i, of this century in four digits or two, or 0.
func (t *text) expiryYear(i int) int {
	end := t.span(i, 5, isDigit)
	switch end - i {
	case 2:
	case 4:
		if t.s[i] != '2' || t.s[i+1] != '0' {
			return 0
		}
	default:
		return 0
	}
	if !t.valueEnds(end) {
		return 0
	}
	return end
}

// isMonthNumber reports whether two digits are a month.
func isMonthNumber(a, b byte) bool {
	return a == '0' && b >= '1' && b <= '9' || a == '1' && b >= '0' && b <= '2'
}

// behindCard verifies what stands right behind a card number that ends at i: its expiry, and its code behind that.
// Dumps of cards separate them by bars, semicolons, commas or blanks.
func (t *text) behindCard(i int) {
	sep := t.at(i)
	if sep != '|' && sep != ';' && sep != ',' && sep != ' ' && sep != ':' {
		return
	}
	i++
	if t.at(i) == ' ' {
		i++
	}
	end := expiryAt(t, i)
	if sep == '|' && end == 0 {
		end = bareExpiryAt(t, i)
	}
	if end == 0 {
		return
	}
	t.add(CardExpiry, i, end, 0.9)
	if c := t.at(end); c != '|' && c != ';' && c != ',' && c != ' ' && c != ':' {
		return
	}
	i = end + 1
	if t.at(i) == ' ' {
		i++
	}
	if end = cvvAt(t, i); end > 0 {
		t.add(CardCVV, i, end, 0.88)
	}
}
