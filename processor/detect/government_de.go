package detect

import "strings"

// The entities of this family: Germany.
const (
	DETaxID Entity = iota + endGovernmentUK
	DEIDCard
	DEPassport
	DESocialSecurity
	DEHealthInsurance
	endGovernmentDE
)

func governmentDERules() []rule {
	return []rule{
		{
			entity: DETaxID,
			Info: Info{
				Name: "de_tax_id", Class: "idnr", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with ISO 7064 MOD 11,10, by key or by cue",
				Not:    "Eleven digits without key or cue; digits that occur as no tax id's do",
				Source: "BZSt: Steuerliche Identifikationsnummer, § 139b AO",
			},
			keys:  keys("steuer id", "steueridentifikationsnummer", "steuer identifikationsnummer", "steueridnr", "idnr", "steuer idnr", "steuerid", "steuernummer", "german tax id", "de tax id"),
			value: digitsByKey(0.98, isIdNr),
			digits: []digitShape{
				{layout: "dd ddd ddd ddd", valid: isIdNr, cued: true, conf: 0.95},
				{layout: "ddddddddddd", valid: isIdNr, cued: true, conf: 0.95},
				{layout: "dd-ddd-ddd-ddd", valid: isIdNr, cued: true, conf: 0.95},
				{layout: "dd/ddd/ddd/ddd", valid: isIdNr, cued: true, conf: 0.9},
			},
			cues: []string{"steuer", "idnr", "id-nr", "identifikationsnummer", "tin ", "tax id", "tax identification", "finanzamt"},
			examples: examples{
				positive: []string{"IdNr. «98765432106» liegt vor.", "Steuer-ID «86 095 742 719»", "steuer_id=«47036892816»", "Steueridentifikationsnummer: «86095742719»", `{"steuerId":"«86 095 742 719»"}`},
				negative: []string{"98765432106", "86 095 742 719 bytes", "IdNr. 98765432100", "IdNr. 02345678901", "steuerung 1700000000000", "offset 86095742719"},
			},
		},
		{
			entity: DEIDCard,
			Info: Info{
				Name: "de_id_card", Class: "deid", Group: GovernmentID, Compact: true,
				Rule:   "Letter and eight characters without vowels, with or without a check digit, by key or by cue",
				Not:    "Nine or ten characters without key or cue, or with vowels",
				Source: "PAuswV Anhang 3, ICAO Doc 9303 part 5",
			},
			keys:  keys("personalausweis", "personalausweisnummer", "ausweisnummer", "ausweis nr", "ausweis", "personalausweis nr", "german id card"),
			value: shapeByKey(0.96, isDEIDCard),
			shapes: []shape{
				{layout: "Lxxxxxxxx", valid: isDEIDCard, cued: true, conf: 0.9},
				{layout: "Lxxxxxxxxd", valid: isDEIDCard, cued: true, conf: 0.95},
			},
			cues:  []string{"ausweis", "personalausweis", "identity card", "id card"},
			alone: aloneIn(isDEIDCardAlone, "Lxxxxxxxx", "Lxxxxxxxxd"),
			examples: examples{
				positive: []string{"Ausweis Nr. «T22000129» gültig bis 2025.", "Personalausweis «L01X00T471»", "ausweisnummer=«CZ6311T03»", `{"personalausweis":"«t22000129»"}`, "id card «L01X00T47»"},
				negative: []string{"order T22000129", "T2200012", "T220001290", "Ausweis T220001290", "job L01X00T47", "ausweis pending", "Ausweis ABCDEFGH1", "req T22000129"},
			},
		},
		{
			entity: DEPassport,
			Info: Info{
				Name: "de_passport", Class: "depassport", Group: GovernmentID, Compact: true,
				Rule:   "Letter C, F, G, H, J or K and eight characters without vowels, with or without a check digit, by key or by cue",
				Not:    "Nine or ten characters without key or cue, or with vowels",
				Source: "PassV Anlage, ICAO Doc 9303 part 4",
			},
			keys:  keys("reisepass", "reisepassnummer", "passnummer", "pass nr", "reisepass nr", "german passport", "de passport"),
			value: shapeByKey(0.96, isDEPassport),
			shapes: []shape{
				{layout: "Lxxxxxxxx", valid: isDEPassport, cued: true, conf: 0.9},
				{layout: "Lxxxxxxxxd", valid: isDEPassport, cued: true, conf: 0.95},
			},
			cues:  []string{"reisepass", "passnummer", "pass-nr", "passnr", "pass nr", "passport"},
			alone: aloneIn(isDEPassport, "Lxxxxxxxx", "Lxxxxxxxxd"),
			examples: examples{
				positive: []string{"Pass-Nr.: «F12345671»", "Reisepass «C01X00T47» verlängert", "reisepassnummer=«C01X00T478»", "passport «C01X00T478»", `{"reisepass":"«G00000002»"}`},
				negative: []string{"F12345678", "901234567", "C01X00T47", "passport C01X00T479", "reisepass T01X00T47", "pass 3 of 12 F12345671", "passport.authenticate F12345671x"},
			},
		},
		{
			entity: DESocialSecurity,
			Info: Info{
				Name: "de_social_security", Class: "rvnr", Group: GovernmentID, Compact: true,
				Rule:   "Area, date of birth, letter, serial and check digit",
				Not:    "Numbers with an impossible date of birth or a wrong check digit",
				Source: "VKVV § 2, Deutsche Rentenversicherung",
			},
			keys:  keys("rentenversicherungsnummer", "sozialversicherungsnummer", "rvnr", "svnr", "sv nummer", "rv nummer", "sozialversicherungs nr", "sozialversicherungsnr", "versicherungsnummer"),
			value: shapeByKey(0.99, isRVNR),
			shapes: []shape{
				{layout: "ddddddddLddd", valid: isUndatedRVNR, conf: 0.88},
				{layout: "dd dddddd L ddd", valid: isRVNR, conf: 0.95},
				{layout: "dd dddddd L dd d", valid: isRVNR, conf: 0.95},
				{layout: "dd ddddddLddd", valid: isRVNR, conf: 0.93},
				{layout: "ddddddddLddd", valid: isRVNR, cued: true, conf: 0.95},
			},
			cues: []string{"rentenversicherung", "sozialversicherung", "rvnr", "svnr", "sv-nummer", "sv-nr", "rv-nummer", "versicherungsnummer", "versicherungsnr"},
			examples: examples{
				positive: []string{"«65 180539 W 001»", "SV-Nummer «15070649C103»", "rvnr=«65180539W001»", "Mitarbeiter «15070649C103» gemeldet", `{"sozialversicherungsnummer":"«15 070649 C 103»"}`},
				negative: []string{"15070049C103", "20240115T123", "20240115R001", "65180539W003", "99180539W001", "blk15070649C103", "15070649C103-1", "15070649c103"},
			},
		},
		{
			entity: DEHealthInsurance,
			Info: Info{
				Name: "de_health_insurance", Class: "kvnr", Group: Health, Compact: true,
				Rule:   "Letter and nine digits with a check digit, by key or by cue",
				Not:    "A letter and nine digits without key or cue: tickets and serial numbers",
				Source: "GKV-Spitzenverband: Krankenversichertennummer, § 290 SGB V",
			},
			keys:   keys("krankenversichertennummer", "kvnr", "versichertennummer", "krankenversicherungsnummer", "versicherten nr", "egk nummer", "kv nummer"),
			value:  shapeByKey(0.99, isKVNR),
			shapes: []shape{{layout: "Lddddddddd", valid: isKVNR, cued: true, conf: 0.95}},
			cues:   []string{"krankenversicher", "kvnr", "versichertennummer", "versicherten-", "krankenkasse", "gesundheitskarte", "egk ", "health insurance"},
			alone:  aloneIn(isKVNR, "Lddddddddd"),
			examples: examples{
				positive: []string{"KVNR «A000500015»", "kvnr=«M123456785»", "Krankenkasse: Mitglied «Z999999997»", `{"versichertennummer":"«M123456785»"}`},
				negative: []string{"order A000500015", "KVNR A000500016", "order M123456785", "health check M123456785"},
			},
		},
	}
}

// isIdNr checks eleven digits. That one digit comes twice or thrice is not asked for: test data ignores it.
func isIdNr(d []byte) bool {
	return allDigits(d, 11) && d[0] != '0' && !allSame(d) && hybrid11(d)
}

// germanDocument reports whether all characters are of the set that German documents use, and one is a digit.
func germanDocument(c []byte) bool {
	digits := 0
	for _, b := range c {
		if isDigit(b) {
			digits++
		} else if strings.IndexByte("CFGHJKLMNPRTVWXYZ", b) < 0 {
			return false
		}
	}
	return digits >= 1
}

// isDEIDCard checks the characters, and the check digit when there is one.
func isDEIDCard(c []byte) bool {
	return (len(c) == 9 || len(c) == 10 && isDigit(c[9]) && check731(c)) && isLetter(c[0]) && germanDocument(c)
}

// isDEIDCardAlone leaves what Singapore's check letter fits to Singapore.
func isDEIDCardAlone(c []byte) bool { return isDEIDCard(c) && !isNRIC(c) }

// isDEPassport is isDEIDCard for the first letters of passports.
func isDEPassport(c []byte) bool { return isDEIDCard(c) && strings.IndexByte("CFGHJK", c[0]) >= 0 }

// isRVNR checks the area, the day and month of birth, and the check digit, for which the letter is two digits.
func isRVNR(c []byte) bool {
	if len(c) != 12 || !fits("ddddddddLddd", c) {
		return false
	}
	if area := number(c[:2]); area < 2 || area > 89 {
		return false
	}
	if !isDayMonth(c[2:6]) {
		return false
	}
	var d [13]byte
	letter := c[8] - 'A' + 1
	copy(d[:], c[:8])
	d[8], d[9] = '0'+letter/10, '0'+letter%10
	copy(d[10:], c[9:])
	return crossSum(d[:12], 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)%10 == int(d[12]-'0')
}

// isUndatedRVNR is isRVNR for those that do not begin like the date of a release.
func isUndatedRVNR(c []byte) bool { return !isCalendar(c[:8]) && isRVNR(c) }

// isKVNR checks the check digit, for which the letter is two digits.
func isKVNR(c []byte) bool {
	if len(c) != 10 || !fits("Lddddddddd", c) {
		return false
	}
	var d [10]byte
	letter := c[0] - 'A' + 1
	d[0], d[1] = '0'+letter/10, '0'+letter%10
	copy(d[2:], c[1:9])
	return crossSum(d[:], 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)%10 == int(c[9]-'0')
}
