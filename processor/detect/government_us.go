package detect

// The entities of this family: the United States and Canada.
const (
	USSSN Entity = iota + endVAT
	USITIN
	USEIN
	USPassport
	USDriversLicense
	USMBI
	USNPI
	USDEA
	CASIN
	endGovernmentUS
)

func governmentUSRules() []rule {
	return []rule{
		{
			entity: USSSN,
			Info: Info{
				Name: "us_ssn", Class: "ssn", Group: GovernmentID, Compact: true,
				Rule:   "Area, group and serial ranges in the 3-2-4 layout; bare digits by key or cue",
				Not:    "Areas 000, 666 and 9xx, group 00, serial 0000; nine digits without key or cue; parts, orders and tickets in the 3-2-4 layout",
				Source: "SSA POMS RM 10201",
			},
			keys: append(keys("national id", "national id number", "national identification number", "national identity number", "government id", "citizen id", "personal id number", "personal identity number",
				"personal identity code", "identity card number", "id card number"), keys("ssn", "us ssn", "social security number", "social security no", "social security", "ssn number", "social security num", "numero de seguro social")...),
			value: nationalIDByKey,
			digits: []digitShape{
				{layout: "ddd-dd-dddd", valid: isSSN, conf: 0.95},
				{layout: "ddd dd dddd", valid: isPaddedSSN, conf: 0.78},
				{layout: "ddd.dd.dddd", valid: isPaddedSSN, conf: 0.78},
				{layout: "ddd dd dddd", valid: isSSN, cued: true, conf: 0.9},
				{layout: "ddd.dd.dddd", valid: isSSN, cued: true, conf: 0.9},
				{layout: "ddddddddd", valid: isSSN, cued: true, conf: 0.9},
			},
			cues:   []string{"ssn", "ssns", "social security", "social sec", "soc sec", "social number", "social no", "social insurance", "ss#", "seguro social"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"SSN «536-22-1234» on file", "ssn=«536221234»", "social security «536 22 1234»", `{"ssn":"«536-22-1234»"}`,
					"us.ssn|«536221234»", "SSN #«536-22-1234»", "SSN part number «536-22-1234»", "User{name=Jane Doe, ssn=«536-22-1234»}", "employee «123-45-6789» updated",
					"seguro social «536 22 1234»", "abc «078 05 1123» abc", "national_id=«536-22-1234»",
				},
				negative: []string{
					"part 000-12-3456", "666-12-3456", "900-12-3456", "536-00-1234", "536-22-0000", "id 536221234", "1536-22-1234",
					"536-22-1234-5", "sku-536-22-1234", "ssn=***-**-1234", "range 100-20-3000", "ticket 536-90-4399", "order no. 536-90-4399", "status 200 05 1123", "078 15 1123 rows", "at 012.05.2023", "Part number: 536-90-4399", "ticket #536-90-4399", "ssn: 000000000",
				},
			},
		},
		{
			entity: USITIN,
			Info: Info{
				Name: "us_itin", Class: "itin", Group: GovernmentID, Compact: true,
				Rule:   "9xx, group 50-65, 70-88, 90-92 or 94-99, in the 3-2-4 layout; other spellings by key or cue",
				Not:    "Groups the IRS does not use; nine digits without key or cue",
				Source: "IRS Publication 1915, Internal Revenue Manual 3.21.263",
			},
			keys:  keys("itin", "itin number", "individual taxpayer identification number", "individual taxpayer id"),
			value: digitsByKey(0.99, isITIN),
			digits: []digitShape{
				{layout: "ddd-dd-dddd", valid: isITIN, conf: 0.92},
				{layout: "ddd dd dddd", valid: isITIN, cued: true, conf: 0.9},
				{layout: "ddd-dddddd", valid: isITIN, cued: true, conf: 0.9},
				{layout: "ddddd-dddd", valid: isITIN, cued: true, conf: 0.9},
				{layout: "ddddddddd", valid: isITIN, cued: true, conf: 0.9},
			},
			cues:   []string{"itin", "individual taxpayer", "taxpayer id", "tax id"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"ITIN «911-70-1234»", "itin=«911701234»", "filed by «911-53-1234»", "taxpayer id «988 88 1234»", `{"itin":"«911-70-1234»"}`},
				negative: []string{"911-89-1234", "my tax id 911-89-1234", "911-66-1234", "order 911-70-1234", "911701234 bytes", "2911-70-1234", "id=911-70-1234-1"},
			},
		},
		{
			entity: USEIN,
			Info: Info{
				Name: "us_ein", Class: "ein", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits with the prefix of an IRS campus, by key or by cue",
				Not:    "The 2-7 layout without key or cue: dates, ranges, part numbers",
				Source: "IRS: How EINs are assigned and valid EIN prefixes",
			},
			keys:  keys("ein", "fein", "employer identification number", "employer id number", "federal tax id", "federal ein", "ein number", "tax id", "tax id number", "tax identification number", "tax number", "taxpayer id", "taxpayer identification number"),
			value: taxIDByKey,
			digits: []digitShape{
				{layout: "dd-ddddddd", valid: isEIN, cued: true, conf: 0.93},
				{layout: "ddddddddd", valid: isEIN, cued: true, conf: 0.85},
			},
			cues: []string{"ein ", "fein ", "employer id", "employer identification", "federal tax", "tax id"},
			examples: examples{
				positive: []string{"EIN «12-3456789» on form W-2", "fein=«945678901»", "Employer Identification Number «20-1234567»", `{"ein":"«47-1234567»"}`, "tax_id=«12-3456789»"},
				negative: []string{"12-3456789", "EIN 07-1234567", "EIN 12-345678", "build 20-1234567", "being 12-3456789", "offset 123456789"},
			},
		},
		{
			entity: USPassport,
			Info: Info{
				Name: "us_passport", Class: "uspassport", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits, or a letter and eight digits, by key or by cue",
				Not:    "Nine digits without key or cue; passports of other countries",
				Source: "US Department of State, ICAO Doc 9303",
			},
			keys: append(keys("us passport", "us passport number", "passport number", "passport no", "passport num", "passport id", "travel document number"),
				weakKeys("passport")...),
			value: passportByKey,
			digits: []digitShape{
				{layout: "ddddddddd", valid: isUSPassport, cued: true, conf: 0.85},
			},
			shapes: []shape{
				{layout: "Ldddddddd", valid: isUSPassport, cued: true, conf: 0.88},
			},
			cues: []string{"passport", "travel document", "pasaporte"},
			examples: examples{
				positive: []string{"passport «A12803456» expires", "passport_number=«912803456»", "my travel document is «A12803456»", `{"passportNumber":"«Z12803456»"}`, "passport|«A03005988»", "passportNo: «AB123456»"},
				negative: []string{"A12803456", "912803456", "passport 12345", "passport.js 4.0.1", "order A12803456", "passport 000000000", "passport ab12803456", "passport A1280-3456"},
			},
		},
		{
			entity: USDriversLicense,
			Info: Info{
				Name: "us_drivers_license", Class: "usdl", Group: GovernmentID, Compact: true,
				Rule:   "A layout that a state uses, by key or by cue",
				Not:    "A letter and digits without key or cue: tickets, models, serial numbers",
				Source: "AAMVA DL/ID Card Design Standard; formats published by the states",
			},
			keys: keys("drivers license", "driver license", "driving license", "drivers licence", "driver licence", "driving licence", "drivers license number", "driver license number",
				"driving license number", "driving licence number", "drivers license no", "driver license no", "driver license id", "us drivers license", "dl number"),
			value:  driversLicenseByKey,
			digits: licenseDigits("ddddddd", "dddddddd", "ddddddddd", "dddddddddd", "dddddddddddd", "ddd-ddd-ddd", "ddd ddd ddd", "dd ddd ddd", "ddd-dd-dddd"),
			shapes: licenseShapes(
				"Ldddddd", "Lddddddd", "Ldddddddd", "Lddddddddd", "Ldddddddddd", "Lddddddddddd", "Ldddddddddddd", "Lddddddddddddd", "Ldddddddddddddd",
				"LLdddd", "LLddddd", "LLdddddd", "LLddddddd", "LLddddddL", "LLLdddddd", "LLL-dd-dddd", "dddLLdddd", "ddLLLddddd", "dddddddL", "ddddddddL", "ddddddddLL", "dddddddddL", "LdLdL",
				"Lddd-dddd-dddd", "Lddd-ddd-dd-ddd-d", "Lddd-dddd-dddd-dd", "Ldddd-ddddd-ddddd", "Ldd-dd-dddd", "Lddd-ddd-ddd-ddd", "Ldd-ddd-ddd", "L-ddd-ddd-ddd-ddd",
			),
			cues: []string{"driver license", "drivers license", "driver's license", "driver’s license", "driver licence", "drivers licence", "driver's licence", "driving licen", "dl#", "dln ", "dmv ", "driver lic", "licencia de conducir"},
			examples: examples{
				positive: []string{
					"driver's license «D1234567» (CA)", "drivers_license=«F123456789012»", "Driver License No. «123456789»", `{"driverLicenseNumber":"«S530-4607-9001»"}`,
					"drivers license «A123-4567-8901» IL",
				},
				negative: []string{"D1234567", "license key A1234567", "license 12345678", "H12234567", "C12T345672", "driver version 12345678", "nvidia driver 535.104.05", "driver=org.postgresql.Driver"},
			},
		},
		{
			entity: USMBI,
			Info: Info{
				Name: "us_mbi", Class: "mbi", Group: Health, Compact: true,
				Rule:   "Eleven characters, letters and digits at their places, without S, L, O, I, B and Z",
				Not:    "Eleven characters with a letter that CMS leaves out, or at another place: ids of pods and builds",
				Source: "CMS: Understanding the Medicare Beneficiary Identifier Format",
			},
			keys:  keys("mbi", "medicare beneficiary identifier", "medicare beneficiary id", "medicare id", "medicare number"),
			value: shapeByKey(0.99, isMBI),
			shapes: []shape{
				{layout: "dLxd-Lxd-LLdd", valid: isMBI, conf: 0.95},
				{layout: "dLxd Lxd LLdd", valid: isMBI, conf: 0.9},
				{layout: "dLxdLxdLLdd", valid: isMBI, conf: 0.85},
			},
			cues: []string{"mbi ", "medicare", "beneficiary"},
			examples: examples{
				positive: []string{"Medicare ID: «3CD5-FG7-HJ89»", "The MBI is «4EF6GH8JK12» for this patient", "mbi=«1EG4-TE5-MK73»", "medicare «1eg4-te5-mk73»", "claim of «1EG4 TE5 MK73» paid"},
				negative: []string{"1EG4-LE5-MK73", "1BG4-TE5-MK73", "AEG4-TE5-MK73", "1eg4-te5-mk73", "0EG4-TE5-MK73", "pod-1eg4te5mk73", "1EG4-TE5-MK73-A1"},
			},
		},
		{
			entity: USNPI,
			Info: Info{
				Name: "us_npi", Class: "npi", Group: Health, Compact: true,
				Rule:   "Ten digits that start with 1 or 2, Luhn over 80840 and them, by key or by cue",
				Not:    "Ten digits without key or cue: epoch seconds",
				Source: "45 CFR 162.406, CMS: Requirements for NPI and NPI check digit",
			},
			keys:   keys("npi", "npi number", "national provider identifier", "national provider id", "provider npi"),
			value:  digitsByKey(0.99, isNPI),
			digits: []digitShape{{layout: "dddddddddd", valid: isNPI, cued: true, conf: 0.94}},
			cues:   []string{"npi ", "npis ", "national provider", "provider identifier", "provider number"},
			examples: examples{
				positive: []string{"NPI «1245319599»", "Provider identifier «1245319599»", "npi=«1245319599»", `{"provider_npi":«1245319599»}`},
				negative: []string{"1245319599", "NPI 0234567893", "NPI 1245319598", "npm 1245319599", "oauth provider ts 1700000000", "at 1700000001"},
			},
		},
		{
			entity: USDEA,
			Info: Info{
				Name: "us_dea", Class: "dea", Group: Health, Compact: true,
				Rule:   "Registrant letter, letter or 9, and seven digits with a check digit, by key or by cue",
				Not:    "Two letters and seven digits without key or cue, or with a wrong check digit",
				Source: "DEA Diversion Control Division: registration numbers, 21 CFR 1301.35",
			},
			keys:   keys("dea", "dea number", "dea registration number", "dea registration", "dea no"),
			value:  shapeByKey(0.99, isDEA),
			shapes: []shape{{layout: "Lxddddddd", valid: isDEA, cued: true, conf: 0.95}},
			cues:   []string{"dea ", "certificate number", "prescriber", "registrant", "controlled substance"},
			examples: examples{
				positive: []string{"my certificate number is: «BB1388568»", "DEA «AS1234563»", "dea_number=«BB1388568»", "prescriber «BB1388568» ok"},
				negative: []string{"BB1388568", "DEA BB1388567", "DEA QB1388568", "idea BB1388568", "certificate BB1388568-1.pem"},
			},
		},
		{
			entity: CASIN,
			Info: Info{
				Name: "ca_sin", Class: "sin", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits with Luhn in the 3-3-3 layout with hyphens; other spellings by key or cue",
				Not:    "Nine digits without key, cue or hyphens; first digit 0 or 8",
				Source: "Service Canada: Social Insurance Number Code of Practice",
			},
			keys:  append(keys("social insurance number", "social insurance no", "sin number", "ca sin", "canadian sin", "numero assurance sociale", "numero d assurance sociale"), exactKeys("sin")...),
			value: digitsByKey(0.98, isSIN),
			digits: []digitShape{
				{layout: "ddd-ddd-ddd", valid: isSIN, conf: 0.8},
				{layout: "ddd ddd ddd", valid: isSIN, cued: true, conf: 0.93},
				{layout: "ddddddddd", valid: isSIN, cued: true, conf: 0.93},
			},
			cues:   []string{"sin ", "social insurance", "assurance sociale"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"SIN «130 692 544»", "employee «347-677-452» hired", "social insurance «130692544»", "sin=«130-692-544»", "numéro d'assurance sociale «130 692 544»"},
				negative: []string{"111 111 111", "130-692-545", "count 130 692 544", "130692544", "seq 030-692-544", "order 347-677-452", "347-677-452-1", "v2-347-677-452", "046-454-286"},
			},
		},
	}
}

// isSSN checks the ranges of SSA: no area 000, 666 or 9xx, no group 00, no serial 0000.
func isSSN(d []byte) bool {
	if len(d) != 9 || allSame(d) {
		return false
	}
	if string(d[:8]) == "98765432" { // reserved for advertising: in many an example
		return true
	}
	area := number(d[:3])
	return area != 0 && area != 666 && area < 900 && number(d[3:5]) != 0 && number(d[5:]) != 0
}

// isPaddedSSN is isSSN for those whose leading zeros say that the groups are no quantities, nor a date.
func isPaddedSSN(d []byte) bool {
	century := number(d[5:7])
	return d[0] == '0' && d[3] == '0' && century != 19 && century != 20 && isSSN(d)
}

// isITIN checks the ranges that IRS assigns.
func isITIN(d []byte) bool {
	if len(d) != 9 || d[0] != '9' || allSame(d) {
		return false
	}
	group := number(d[3:5])
	return group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group != 93
}

// isEIN checks the prefix, which names the campus or the Internet.
func isEIN(d []byte) bool {
	if len(d) != 9 || number(d[2:]) == 0 {
		return false
	}
	switch p := number(d[:2]); p {
	case 0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97:
		return false
	}
	return true
}

// isUSPassport accepts the books of both generations.
func isUSPassport(c []byte) bool {
	return len(c) == 9 && (allDigits(c, 9) || fits("Ldddddddd", c)) && !allSame(c[1:])
}

// isMBI checks what may stand at each of the eleven places.
func isMBI(c []byte) bool {
	if len(c) != 11 || !fits("dLxdLxdLLdd", c) || c[0] == '0' {
		return false
	}
	for _, b := range c {
		switch b {
		case 'S', 'L', 'O', 'I', 'B', 'Z':
			return false
		}
	}
	return true
}

// isNPI checks Luhn with the prefix of the health industry and of the country, which adds 24 to the sum.
func isNPI(d []byte) bool {
	if len(d) != 10 || d[0] != '1' && d[0] != '2' {
		return false
	}
	var whole [15]byte
	copy(whole[:], "80840")
	copy(whole[5:], d)
	return luhn(whole[:])
}

// isDEA checks the type of registrant and the check digit.
func isDEA(c []byte) bool {
	if len(c) != 9 || !fits("Lxddddddd", c) || isDigit(c[1]) && c[1] != '9' {
		return false
	}
	switch c[0] {
	case 'I', 'N', 'O', 'Q', 'V', 'W', 'Y', 'Z':
		return false
	}
	d := c[2:]
	return (dot(d, 1, 0, 1, 0, 1, 0)+2*dot(d, 0, 1, 0, 1, 0, 1))%10 == int(d[6]-'0')
}

// isSIN checks Luhn; 0 is for numbers that are none, 8 for businesses.
func isSIN(d []byte) bool {
	return len(d) == 9 && d[0] != '0' && d[0] != '8' && !allSame(d) && luhn(d)
}

func licenseDigits(layouts ...string) (shapes []digitShape) {
	for _, l := range layouts {
		shapes = append(shapes, digitShape{layout: l, cued: true, conf: 0.82})
	}
	return shapes
}

func licenseShapes(layouts ...string) (shapes []shape) {
	for _, l := range layouts {
		shapes = append(shapes, shape{layout: l, cued: true, conf: 0.82})
	}
	return shapes
}

// isUSLicense accepts up to four letters before, among or after at least four digits.
func isUSLicense(c []byte) bool {
	letters := len(c) - countDigits(c)
	return len(c) >= 5 && len(c) <= 16 && letters <= 4 && len(c)-letters >= 4
}
