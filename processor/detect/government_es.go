package detect

import "strings"

// The entities of this family: Spain and Portugal.
const (
	ESNIF Entity = iota + endGovernmentDE
	ESNIE
	PTNIF
	endGovernmentES
)

func governmentESRules() []rule {
	return []rule{
		{
			entity: ESNIF,
			Info: Info{
				Name: "es_nif", Class: "dni", Group: GovernmentID, Compact: true,
				Rule:   "Up to eight digits and the letter modulo 23 after a hyphen or joined; those that read as sizes, and organizations, by key or cue",
				Not:    "Sizes and counts with a letter (12345678B), a wrong letter, organizations without key or cue",
				Source: "Ministerio del Interior: cálculo del dígito de control del NIF, RD 1065/2007",
			},
			keys:  append(keys("dni", "es nif", "numero de identificacion fiscal", "documento nacional de identidad", "dni nif", "nif nie", "dni number", "numero dni", "cif"), exactKeys("nif")...),
			value: nifByKey,
			shapes: []shape{
				{layout: "dddddddd-L", valid: isNIF, conf: 0.92},
				{layout: "ddddddd-L", valid: isNIF, conf: 0.8},
				{layout: "dd.ddd.ddd-L", valid: isDottedNIF, conf: 0.95},
				{layout: "dd.ddd.dddL", valid: isNIF, conf: 0.9},
				{layout: "ddddddddL", valid: isPlainNIF, folded: true, conf: 0.85},
				{layout: "ddddddddL", valid: isNIF, cued: true, conf: 0.95},
				{layout: "dddddddL", valid: isNIF, cued: true, conf: 0.9},
				{layout: "dddddddd L", valid: isNIF, cued: true, conf: 0.9},
				{layout: "dd.ddd.ddd-L", valid: isNIF, cued: true, conf: 0.96},
				{layout: "dd.ddd.ddd L", valid: isNIF, cued: true, conf: 0.95},
				{layout: "Ldddddddx", valid: isOtherNIF, cued: true, conf: 0.95},
				{layout: "L-ddddddd-x", valid: isOtherNIF, cued: true, conf: 0.95},
				{layout: "L-dddddddx", valid: isOtherNIF, cued: true, conf: 0.95},
				{layout: "Lddddddd-x", valid: isOtherNIF, cued: true, conf: 0.95},
			},
			cues:   []string{"nif ", "dni ", "cif ", "identificacion fiscal", "identificación fiscal", "documento nacional", "identidad"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"«12345678Z»", "«12345678z»", "«55555555-K»", "«1111111-G»", "DNI «12345678z»", "cliente «12.345.678-Z»", "nif=«54362315K»", `{"dni":"«54362315-K»"}`, "CIF «A58818501»", "documento nacional de identidad «1111111G»", "dni|«12345678Z»",
				},
				negative: []string{
					"12345678A", "12345678a", "401-023-2138", "heap 16777216K->4096K", "chile 12.452.198-K", "54362315K used", "20240115T", "commit 12345684c", "const 12345676n", "took 12345679s", "part 12345678Z", "rev-12345678-Z", "12345678Z.log", "16777216G", "1111111G", "A58818501", "dni 12345678A", "12345678ZA",
				},
			},
		},
		{
			entity: ESNIE,
			Info: Info{
				Name: "es_nie", Class: "nie", Group: GovernmentID, Compact: true,
				Rule:   "X, Y or Z, seven digits and the letter modulo 23",
				Not:    "X, Y or Z and seven digits with a wrong letter",
				Source: "Ministerio del Interior: Orden INT/2058/2008",
			},
			keys:  keys("nie", "es nie", "nie number", "numero nie", "numero de identidad de extranjero", "numero de identificacion de extranjero"),
			value: shapeByKey(0.99, isNIE),
			shapes: []shape{
				{layout: "LdddddddL", valid: isNIE, conf: 0.9},
				{layout: "Lddddddd-L", valid: isNIE, conf: 0.95},
				{layout: "L-ddddddd-L", valid: isNIE, conf: 0.95},
				{layout: "L-dddddddL", valid: isNIE, conf: 0.95},
			},
			cues:   []string{"nie ", "extranjero"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"«Y8063915Z»", "«Y8063915-Z»", "Mi Número de identificación de extranjero es «Y8063915-Z»", "nie=«X1234567L»", `{"nie":"«x1234567l»"}`, "residente «X-1234567-L»"},
				negative: []string{"Y8063915Q", "Y806391Q", "W8063915Q", "y8063915z", "sku Y8063915Z", "Y8063915Z.tar", "a/Y8063915Z/b"},
			},
		},
		{
			entity: PTNIF,
			Info: Info{
				Name: "pt_nif", Class: "ptnif", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits with mod 11, by key or by cue",
				Not:    "Nine digits without key or cue",
				Source: "Autoridade Tributária: Decreto-Lei 14/2013, NIF",
			},
			keys:  keys("pt nif", "contribuinte", "numero de contribuinte", "numero contribuinte", "nipc", "numero de identificacao fiscal", "numero fiscal"),
			value: digitsByKey(0.98, isPTNIF),
			digits: []digitShape{
				{layout: "ddddddddd", valid: isPTNIF, cued: true, conf: 0.93},
				{layout: "ddd ddd ddd", valid: isPTNIF, cued: true, conf: 0.94},
				{layout: "ddd.ddd.ddd", valid: isPTNIF, cued: true, conf: 0.94},
			},
			cues: []string{"nif ", "contribuinte", "nipc", "identificação fiscal", "identificacao fiscal", "número fiscal", "numero fiscal"},
			examples: examples{
				positive: []string{"NIF «219876541»", "contribuinte «123 456 789»", "nif=«219876541»", "numero_contribuinte: «123456789»"},
				negative: []string{"123456789", "nif 123456780", "nif=12345678Z", "manifest 219876541", "count 219 876 541", "contribuinte 400000000"},
			},
		},
	}
}

const nifLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// isNIF checks the number of a citizen: seven or eight digits and their letter.
func isNIF(c []byte) bool {
	n := len(c) - 1
	return (n == 7 || n == 8) && allDigits(c[:n], n) && c[n] == nifLetters[rest(c[:n], 23)] && number(c[:n]) > 0
}

// isPlainNIF is isNIF without numbers that read as a size in units, as a literal, in hexadecimal or as a date.
func isPlainNIF(c []byte) bool {
	return strings.IndexByte("ABCDEFGHKLMNPST", c[len(c)-1]) < 0 && !isCalendar(c) && isNIF(c)
}

// isDottedNIF is isNIF without K, which Chile's numbers of the same layout end in.
func isDottedNIF(c []byte) bool { return c[len(c)-1] != 'K' && isNIF(c) }

// isNIE checks the number of a foreigner, in which the first letter is 0, 1 or 2.
func isNIE(c []byte) bool {
	if len(c) != 9 || !fits("LdddddddL", c) || c[0] < 'X' {
		return false
	}
	return c[8] == nifLetters[(int(c[0]-'X')*10_000_000+number(c[1:8]))%23]
}

// isOtherNIF checks the number of an organization, whose check is a digit or a letter, or of a citizen who has no number
// of the usual kind.
func isOtherNIF(c []byte) bool {
	if len(c) != 9 || !fits("Ldddddddx", c) {
		return false
	}
	if c[0] == 'K' || c[0] == 'L' || c[0] == 'M' {
		if c[8] == nifLetters[number(c[1:8])%23] {
			return true
		}
	} else if strings.IndexByte("ABCDEFGHJNPQRSUVW", c[0]) < 0 {
		return false
	}
	check := (10 - crossSum(c[1:8], 2, 1, 2, 1, 2, 1, 2)%10) % 10
	return c[8] == byte('0'+check) || c[8] == "JABCDEFGHI"[check]
}

// isPTNIF checks the kind of taxpayer and the check digit.
func isPTNIF(d []byte) bool {
	if !allDigits(d, 9) || d[0] == '0' || d[0] == '4' && d[1] != '5' || allSame(d) {
		return false
	}
	return modulo11(weighted(d[:8], 9)) == int(d[8]-'0')
}

var (
	esNIFByKey = shapeByKey(0.99, func(c []byte) bool { return isNIF(c) || isOtherNIF(c) })
	esNIEByKey = shapeByKey(0.99, isNIE)
	ptNIFByKey = digitsByKey(0.98, isPTNIF)
)

// nifByKey verifies a number under a key of both countries: the letter is Spanish.
func nifByKey(t *text, v value) {
	n := len(t.out)
	if esNIFByKey(t, v); len(t.out) > n {
		return
	}
	v.ref.entity = ESNIE
	if esNIEByKey(t, v); len(t.out) > n {
		return
	}
	v.ref.entity = PTNIF
	ptNIFByKey(t, v)
}
