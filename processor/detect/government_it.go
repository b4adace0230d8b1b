package detect

import "strings"

// The entities of this family: Italy.
const (
	ITFiscalCode Entity = iota + endGovernmentES
	ITVAT
	ITIDCard
	ITPassport
	ITDriversLicense
	endGovernmentIT
)

func governmentITRules() []rule {
	return []rule{
		{
			entity: ITFiscalCode,
			Info: Info{
				Name: "it_fiscal_code", Class: "codicefiscale", Group: GovernmentID, Compact: true,
				Rule:   "Sixteen characters: name, date of birth, place and check letter, letters in place of digits included",
				Not:    "Sixteen capitals and digits with an impossible month, day or check letter",
				Source: "Agenzia delle Entrate: DM 23 dicembre 1976, art. 7",
			},
			keys:  keys("codice fiscale", "codicefiscale", "cod fiscale", "cod fisc", "fiscal code", "it fiscal code"),
			value: shapeByKey(0.99, isFiscalCode),
			shapes: []shape{
				{layout: "LLLLLLddLddLdddL", valid: isFiscalCode, folded: true, conf: 0.97},
				{layout: "LLLLLLxxLxxLxxxL", valid: isFiscalCode, conf: 0.95},
			},
			cues: []string{"codice fiscale", "fiscal", "c.f."},
			examples: examples{
				positive: []string{"«RSSMRA85T10A562S»", "codice fiscale «rssmra85t10a562s»", "cf: utente «BNCMRA80A41H501E» creato", "codice_fiscale=«VRDGPP13R10B293P»", `{"fiscalCode":"«RSSMRA85T10A562S»"}`, "«RSSMRA85T10A56NH»"},
				negative: []string{"A55AAA00B11C333N", "RSSMRA85T10A562T", "RSSMRA85F10A562S", "RSSMRA85T32A562S", "pod-RSSMRA85T10A562S", "RSSMRA85T10A562SX", "RSSMRA85T10A562S.pdf"},
			},
		},
		{
			entity: ITVAT,
			Info: Info{
				Name: "it_vat", Class: "itvat", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with Luhn, by key or by cue",
				Not:    "Eleven digits without key or cue",
				Source: "Agenzia delle Entrate: DPR 633/1972, art. 35",
			},
			keys:   keys("partita iva", "partitaiva", "p iva", "piva", "it vat", "numero iva"),
			value:  digitsByKey(0.98, isITVAT),
			digits: []digitShape{{layout: "ddddddddddd", valid: isITVAT, cued: true, conf: 0.94}},
			cues:   []string{"partita iva", "p.iva", "p. iva", "piva ", "iva ", "codice iva"},
			examples: examples{
				positive: []string{"P.IVA «01333550323»", "partita_iva=«07435220137»", "Partita IVA: «01333550323»", `{"piva":"«07435220137»"}`},
				negative: []string{"01333550323", "01333550_323", "P.IVA 01333550324", "private 01333550323", "seq=07435220137", "P.IVA 00000000000"},
			},
		},
		{
			entity: ITIDCard,
			Info: Info{
				Name: "it_id_card", Class: "itid", Group: GovernmentID, Compact: true,
				Rule:   "Two letters and seven digits, or the layouts of the electronic cards, by key or by cue",
				Not:    "Letters and digits of that layout without key or cue: serial numbers, tickets",
				Source: "Ministero dell'Interno: carta d'identità elettronica, DM 23 dicembre 2015",
			},
			keys:  keys("carta d identita", "carta identita", "carta di identita", "numero carta identita", "numero carta d identita", "cie number"),
			value: shapeByKey(0.95, isITIDCard),
			shapes: []shape{
				{layout: "LLddddddd", cued: true, conf: 0.87},
				{layout: "LL ddddddd", cued: true, conf: 0.87},
				{layout: "LLdddddLL", cued: true, conf: 0.87},
				{layout: "dddddddLL", cued: true, conf: 0.87},
			},
			cues: []string{"carta d'identit", "carta d’identit", "carta di identit", "carta identit", "identity card", "italian id", "cie "},
			examples: examples{
				positive: []string{"carta d'identità «AA1234567»", "carta_identita=«CA00000AA»", "Carta di identità n. «AX 1234567»", `{"cartaIdentita":"«1234567AB»"}`},
				negative: []string{"AA1234567 aa 1234567", "AA12345aa", "carta AA1234567", "identity AA1234567", "CA00000AA"},
			},
		},
		{
			entity: ITPassport,
			Info: Info{
				Name: "it_passport", Class: "itpassport", Group: GovernmentID, Compact: true,
				Rule:   "Two letters and seven digits, by key or by cue",
				Not:    "Two letters and seven digits without key or cue",
				Source: "Ministero degli Affari Esteri, ICAO Doc 9303",
			},
			keys:   keys("passaporto", "numero passaporto", "it passport", "italian passport"),
			value:  shapeByKey(0.95, isITPassport),
			shapes: []shape{{layout: "LLddddddd", cued: true, conf: 0.89}},
			cues:   []string{"passaporto", "italian passport"},
			examples: examples{
				positive: []string{"passaporto «YA7654321»", "numero_passaporto=«AA1234567»", "Passaporto n. «aa7654321»", "Italian passport «YB1234567»"},
				negative: []string{"aa7654321", "YA7654321", "passaporto YA765432", "pass YA7654321"},
			},
		},
		{
			entity: ITDriversLicense,
			Info: Info{
				Name: "it_drivers_license", Class: "itdl", Group: GovernmentID, Compact: true,
				Rule:   "Two letters, seven digits and a letter, or U1 and eight characters without vowels, by key or by cue",
				Not:    "Letters and digits of that layout without key or cue",
				Source: "Ministero delle Infrastrutture e dei Trasporti: patente di guida",
			},
			keys:  keys("patente", "patente di guida", "numero patente", "it drivers license"),
			value: itLicenseByKey,
			shapes: []shape{
				{layout: "LLdddddddL", valid: isITLicense, cued: true, conf: 0.9},
				{layout: "LdxxxxxxxL", valid: isITLicense, cued: true, conf: 0.9},
			},
			cues: []string{"patente", "driver licen", "driving licen", "driver's licen", "drivers licen"},
			examples: examples{
				positive: []string{"patente «U1H00B000C»", "patente di guida «MI1234567A»", "numero_patente=«RM7654321X»", `{"patente":"«U1B12345CC»"}`},
				negative: []string{"U1H00A000B", "U1H00B000C", "patente U1H00A000B", "patent MI1234567A", "MI1234567A"},
			},
		},
	}
}

// fiscalOdd are the values of the characters 0 to 9 and A to Z at odd places.
var fiscalOdd = [...]uint8{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
}

// omocodic are the letters that stand for the digits 0 to 9 where two persons would have one code.
const omocodic = "LMNPQRSTUV"

// isFiscalCode checks the date of birth, whose day counts 40 more for women, and the check letter.
func isFiscalCode(c []byte) bool {
	if len(c) != 16 || !fits("LLLLLLxxLxxLxxxL", c) {
		return false
	}
	sum := 0
	for i, b := range c[:15] {
		v := int(b - '0')
		if isLetter(b) {
			v = int(b - 'A')
		}
		if i%2 == 0 {
			if isLetter(b) {
				v += 10
			}
			v = int(fiscalOdd[v])
		}
		sum += v
	}
	if c[15] != byte('A'+sum%26) {
		return false
	}
	for _, i := range [...]int{6, 7, 9, 10, 12, 13, 14} {
		if isLetter(c[i]) && strings.IndexByte(omocodic, c[i]) < 0 {
			return false
		}
	}
	month := strings.IndexByte("ABCDEHLMPRST", c[8]) + 1
	day := omocodicDigit(c[9])*10 + omocodicDigit(c[10])
	return isDay(month, day) || isDay(month, day-40)
}

func omocodicDigit(b byte) int {
	if isDigit(b) {
		return int(b - '0')
	}
	return strings.IndexByte(omocodic, b)
}

func isITVAT(d []byte) bool { return allDigits(d, 11) && !allSame(d) && luhn(d) }

func isITIDCard(c []byte) bool {
	return fits("LLddddddd", c) || fits("LLdddddLL", c) || fits("dddddddLL", c)
}

func isITPassport(c []byte) bool { return fits("LLddddddd", c) }

var itLicenseByKey = shapeByKey(0.96, isITLicense)

// isITLicense accepts the layouts of the provinces and of the central office, U1.
func isITLicense(c []byte) bool {
	if fits("LLdddddddL", c) {
		return true
	}
	if !fits("LdxxxxxxxL", c) || c[0] != 'U' || c[1] != '1' {
		return false
	}
	for _, b := range c[2:9] {
		if isLetter(b) && strings.IndexByte("AEIOQV", b) >= 0 {
			return false
		}
	}
	return true
}
