package detect

// EUVAT and the end of its family.
const (
	EUVAT Entity = iota + endBank
	endVAT
)

func vatRules() []rule {
	return []rule{
		{
			entity: EUVAT,
			Info: Info{
				Name: "eu_vat", Class: "vat", Group: Financial, Compact: true,
				Rule:   "Prefix and layout of a member state by key or cue, with its check digits where they are published; alone in Belgium and France, whose checks have two digits, and in Austria, Germany and the Netherlands, whose layouts tell",
				Not:    "The layout with wrong check digits, hexadecimal strings; short layouts without key or cue",
				Source: "European Commission, VIES: VAT identification number structure",
			},
			keys: keys(
				"vat", "vat number", "vat no", "vat num", "vat id", "vat reg", "vat reg no", "vat registration", "vat registration number", "vat identification number", "vatin", "eu vat", "eu vat id", "tax vat", "customer vat", "ust id", "ust idnr", "ust id nr", "uid nummer",
				"umsatzsteuer id", "umsatzsteuer identifikationsnummer", "tva", "numero tva", "numero de tva", "no tva", "tva intracommunautaire", "btw", "btw nummer", "btw nr", "btw id", "nif iva", "nif intracomunitario", "momsnummer", "moms nr", "alv numero", "alv",
				"kmkr", "pvn", "pvm kodas", "afm", "dph", "ic dph", "cod tva", "pdv id", "id za ddv",
			),
			value:    vatByKey,
			prefixes: append(after(EUVAT, 0.93, vatAt, "vat", "ust-id", "ust-idnr", "ustid", "ustidnr", "umsatzsteuer-id", "tva", "btw", "nif-iva"), prefix{"de ", spacedGermanVAT}),
			words:    []wordShape{{from: 12, to: 13, verify: vatAlone}},
			shapes: []shape{
				{layout: "LLddddddddd", valid: isVATAlone, conf: 0.86},
				{layout: "LL-ddd-ddd-ddd", valid: isVATAlone, conf: 0.9},
				{layout: "LL.ddd.ddd.ddd", valid: isVATAlone, conf: 0.9},
				{layout: "LLLdddddddd", valid: isVATAlone, conf: 0.9},
				{layout: "LLdddddddddLdd", valid: isVATAlone, conf: 0.92},
				{layout: "LL-ddd-ddd-ddd", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LL.ddd.ddd.ddd", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LLddddddddd", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LLdddddddd", valid: isVAT, cued: true, conf: 0.9},
				{layout: "LLdddddddddd", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LLddddddddddd", valid: isVAT, cued: true, conf: 0.94},
				{layout: "LLdddddddddddd", valid: isVAT, cued: true, conf: 0.94},
				{layout: "LLLdddddddd", valid: isVAT, cued: true, conf: 0.94},
				{layout: "LLdddddddddLdd", valid: isVAT, cued: true, conf: 0.95},
				{layout: "LLddddddddL", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LLdddddddL", valid: isVAT, cued: true, conf: 0.93},
				{layout: "LLdddddddLL", valid: isVAT, cued: true, conf: 0.93},
			},
			alone: aloneIn(isVATAlone, "LLddddddddd"),
			cues:  []string{"vat", "ust-id", "ustid", "umsatzsteuer", "tva ", "intracom", "btw", "moms ", "tax id", "tax no", "tax number"},
			examples: examples{
				positive: []string{
					"VAT number «DE136695976»", "vat_id=«ATU13585627»", `{"vatNumber":"«NL004495445B01»"}`, "USt-IdNr. «DE 136 695 976»", "TVA intracommunautaire: «FR40303265045»", "company.vat|«IE6388047V»", "BTW «BE 0428.759.497»",
					"invoice to «FR40303265045»", "supplier «BE0428759497» ok", "from «DE136695976»", "«DE 129 273 398»", "«DE-136-695-976»", "«DE.136.695.976»", "«ATU13585627»", "UID: «ATU13585627»", "«NL004495445B01»", "vat «de136695976»", "VAT «DK13585628» valid", "partner with VAT reg. no. «EL094259216»", "VAT: «ESX2482300W»", "VAT «GB980780684»", "DE-VAT «DE-136-695-976»", "vat=«CY10259033P»",
				},
				negative: []string{
					"vat=20", "vat=0.19", "order DE136695977", "FR41303265045", "BE0428759498", "vat amount 123456789", "vat=null", "VAT DE12345678", "VAT DE1234567890", "vat US123456789", "commit be0428759497", "innovat DE136695977", "id DE 136 695 977", "FR-136-695-976", "IT01333550323",
				},
			},
		},
	}
}

// vatLayouts are the layouts behind the prefix of a member state, with Northern Ireland (XI), and of the United Kingdom,
// which left; check is nil where none is published. Greece has the prefix EL, and GR in much data.
var vatLayouts = []struct {
	prefix, layout string
	check          func(c []byte) bool // gets what follows the prefix
}{
	{"AT", "Udddddddd", isVATOfAT},
	{"BE", "dddddddddd", isVATOfBE},
	{"BG", "dddddddddd", nil},
	{"BG", "ddddddddd", nil},
	{"CY", "ddddddddL", nil},
	{"CZ", "dddddddddd", nil},
	{"CZ", "ddddddddd", nil},
	{"CZ", "dddddddd", nil},
	{"DE", "ddddddddd", isISO7064Mod11},
	{"DK", "dddddddd", weights(11, 2, 7, 6, 5, 4, 3, 2, 1)},
	{"EE", "ddddddddd", weights(10, 3, 7, 1, 3, 7, 1, 3, 7, 1)},
	{"EL", "ddddddddd", isVATOfEL},
	{"GR", "ddddddddd", isVATOfEL},
	{"ES", "xdddddddx", nil},
	{"FI", "dddddddd", weights(11, 7, 9, 10, 5, 8, 4, 2, 1)},
	{"FR", "xxddddddddd", isVATOfFR},
	{"GB", "dddddddddddd", nil},
	{"GB", "ddddddddd", isVATOfGB},
	{"HR", "ddddddddddd", isISO7064Mod11},
	{"HU", "dddddddd", weights(10, 9, 7, 3, 1, 9, 7, 3, 1)},
	{"IE", "dddddddLL", isVATOfIE},
	{"IE", "dddddddL", isVATOfIE},
	{"IE", "dLdddddL", nil},
	{"IT", "ddddddddddd", luhn},
	{"LT", "dddddddddddd", nil},
	{"LT", "ddddddddd", nil},
	{"LU", "dddddddd", isVATOfLU},
	{"LV", "ddddddddddd", nil},
	{"MT", "dddddddd", weights(37, 3, 4, 6, 7, 8, 9, 10, 1)},
	{"NL", "dddddddddBdd", isVATOfNL},
	{"PL", "dddddddddd", isVATOfPL},
	{"PT", "ddddddddd", isVATOfPT},
	{"RO", "dddddddddd", nil},
	{"RO", "ddddddddd", nil},
	{"RO", "dddddddd", nil},
	{"RO", "ddddddd", nil},
	{"RO", "dddddd", nil},
	{"SE", "dddddddddddd", isVATOfSE},
	{"SI", "dddddddd", isVATOfSI},
	{"SK", "dddddddddd", isVATOfSK},
	{"XI", "dddddddddddd", nil},
	{"XI", "ddddddddd", isVATOfGB},
}

// longestVAT is how many characters follow the prefix at most.
const longestVAT = 12

// vatAt returns the end of the number at i, compact or in groups at single separators, or 0.
func vatAt(t *text, i int) int {
	if end := t.vatEnd(i, true); end > 0 {
		return end
	}
	return t.vatEnd(i, false)
}

// vatByKey trusts the key: check digits may be wrong, as in a typing error.
var vatByKey = readByKey(0.95, vatAt)

// vatEnd reads the longest layout at i whose check digits are right, or any.
func (t *text) vatEnd(i int, checked bool) int {
	best := 0
	for k := range vatLayouts {
		l := &vatLayouts[k]
		if t.at(i)&^0x20 != l.prefix[0] || t.at(i+1)&^0x20 != l.prefix[1] {
			continue
		}
		c := t.mixed.chars[:] // as the checks are called through a table, an array here would escape
		end := t.spacedForm(i+2, l.layout, c[:0])
		if end > best && (!checked || l.check == nil || l.check(c[:len(l.layout)])) && t.hasDigits(i, end) {
			best = end
		}
	}
	return best
}

// spacedForm returns the end of the value at i in the form, with single separators between any of its characters, or 0.
// The characters are appended to dst, in upper case.
func (t *text) spacedForm(i int, form string, dst []byte) int {
	groups := 0
	for k := range len(form) {
		if t.separatorAt(i) > 0 {
			i += t.separatorAt(i)
			groups++
		}
		c := t.at(i)
		if isLower(c) {
			c &^= 0x20
		}
		switch form[k] {
		case 'd':
			if !isDigit(c) {
				return 0
			}
		case 'L':
			if !isUpper(c) {
				return 0
			}
		case 'x':
			if !isUpper(c) && !isDigit(c) {
				return 0
			}
		default:
			if c != form[k] {
				return 0
			}
		}
		dst = append(dst, c)
		i++
	}
	if groups > 5 || !t.valueEnds(i) {
		return 0
	}
	return i
}

// isVAT checks a compact number with its prefix.
func isVAT(c []byte) bool {
	for k := range vatLayouts {
		l := &vatLayouts[k]
		if string(c[:2]) == l.prefix && len(c) == 2+len(l.layout) && hasForm(c[2:], l.layout) && (l.check == nil || l.check(c[2:])) {
			return true
		}
	}
	return false
}

// isVATAlone checks the numbers of the states whose prefix, layout and check digit together are no other id's.
func isVATAlone(c []byte) bool {
	switch string(c[:2]) {
	case "AT", "DE", "NL":
		return isVAT(c)
	}
	return false
}

// spacedGermanVAT verifies a German number in groups of three at spaces. As a layout it would wake the scan at every word
// of two letters before a number.
func spacedGermanVAT(t *text, i int) {
	if !isDigit(t.at(i+3)) || !isUpper(t.s[i]) {
		return
	}
	var c [longestVAT]byte
	end := t.spacedForm(i+2, "ddddddddd", c[:0])
	if end-i != len("DE 136 695 976") {
		t.near = t.near || t.at(i+6) == ' ' // what goes on may be a finding
		return
	}
	if t.at(i+6) != ' ' || t.at(i+10) != ' ' || !isISO7064Mod11(c[:9]) {
		return
	}
	if !t.numberMayStart(i) || !t.shapeMayStart(i) {
		t.near = true
		return
	}
	t.add(EUVAT, i, end, 0.9)
}

// hasForm reports whether upper-case letters and digits have the form.
func hasForm(c []byte, form string) bool {
	for i, b := range c {
		switch form[i] {
		case 'd':
			if !isDigit(b) {
				return false
			}
		case 'L':
			if !isUpper(b) {
				return false
			}
		case 'x':
		default:
			if b != form[i] {
				return false
			}
		}
	}
	return true
}

// vatAlone verifies the numbers of Belgium and France, whose checks let one in 97 pass; that of France wants a SIREN,
// which is one in ten of those.
func vatAlone(t *text, start, end int) {
	s := t.s[start:end]
	switch {
	case len(s) == 12 && s[:2] == "BE" && (s[2] == '0' || s[2] == '1'):
	case len(s) == 13 && s[:2] == "FR" && isDigit(s[2]) && isDigit(s[3]):
		if !t.digitsOnly(start+4, end) || !luhn([]byte(s[4:])) {
			return
		}
	default:
		return
	}
	n := copy(t.mixed.chars[:], s)
	if !t.digitsOnly(start+2, end) || !isVAT(t.mixed.chars[:n]) || !t.hasDigits(start, end) {
		return
	}
	if !t.numberMayStart(start) || !t.shapeMayStart(start) || !t.valueEnds(end) {
		t.near = true
		return
	}
	t.add(EUVAT, start, end, 0.9)
}
