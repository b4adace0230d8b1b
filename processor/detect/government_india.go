package detect

// The entities of this family: India.
const (
	INAadhaar Entity = iota + endGovernmentOceania
	INPAN
	INPassport
	INVoterID
	INGSTIN
	INVehicle
	endGovernmentIndia
)

func governmentIndiaRules() []rule {
	return []rule{
		{
			entity: INAadhaar,
			Info: Info{
				Name: "in_aadhaar", Class: "aadhaar", Group: GovernmentID, Compact: true,
				Rule:   "Twelve digits with Verhoeff in the 4-4-4 layout, by key or by cue",
				Not:    "Twelve digits without layout, key or cue; first digit 0 or 1; four groups of a card",
				Source: "UIDAI",
			},
			keys: keys("aadhaar", "aadhar", "adhaar", "adhar", "aadhaar number", "aadhar number", "aadhaar no", "aadhar no", "aadhaar id", "aadhaar card",
				"aadhar card", "aadhaar card number", "uidai", "uidai number", "aadhaar num", "aadhar num", "in aadhaar"),
			value: digitsByKey(0.99, isAadhaar),
			digits: []digitShape{
				{layout: "dddd dddd dddd", valid: isAadhaar, conf: 0.9},
				{layout: "dddd-dddd-dddd", valid: isAadhaar, conf: 0.9},
				{layout: "dddddddddddd", valid: isAadhaar, cued: true, conf: 0.95},
			},
			cues: []string{
				"aadhaar", "aadhar", "adhaar", "adhar ", "uidai", "uid number", "uid no", "आधार", "আধার", "ஆதார்", "ఆధార్", "ಆಧಾರ್", "આધાર", "ആധാർ", "ਆਧਾਰ",
			},
			examples: examples{
				positive: []string{"Aadhaar «2345 6789 0124»", "aadhaar_number=«234567890124»", "kyc «2345-6789-0124» ok", "आधार संख्या «234567890124»", `{"aadharCard":"«234567890124»"}`, "ஆதார் எண் «234567890124»"},
				negative: []string{"2345 6789 0125", "1345 6789 0124", "block 234567890124", "2345 6789 0124 5678 9012", "guid 234567890124"},
			},
		},
		{
			entity: INPAN,
			Info: Info{
				Name: "in_pan", Class: "inpan", Group: GovernmentID, Compact: true,
				Rule:   "Five letters, the fourth of a kind of holder, four digits and a letter; letters of hexadecimal ids alone by key or cue",
				Not:    "Lower case without key or cue; a fourth letter of no kind of holder; hexadecimal words",
				Source: "Income-tax Department of India: structure of the PAN",
			},
			keys: keys("pan number", "pan no", "pan card", "pan card number", "pan card no", "permanent account number", "in pan", "indian pan", "income tax pan",
				"pancard"),
			value:  shapeByKey(0.98, isPAN),
			shapes: []shape{{layout: "LLLLLddddL", valid: isFreePAN, conf: 0.8}, {layout: "LLLLLddddL", valid: isPAN, cued: true, conf: 0.95}},
			cues:   []string{"pan ", "permanent account", "income tax", "income-tax", "tax payer", "पैन", "आयकर"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"PAN «ACUPA7085R»", "pan_number=«ABCPD1234Z»", "pan: «abcpd1234z»", "kyc of «ACUPA7085R» done", `{"panCard":"«ACUPA7085R»"}`, "पैन «ABCPE1234F»", "permanent account number «AAAPA1111A»",
				},
				negative: []string{"ABCDE1234F", "PAN ABCDE1234F", "sku ABCPD1234Z", "abcpd1234z", "pod web-abcpd1234z", "id ABCPD0000Z", "AAACA1111A", "CABFE1234D", "PAN ACUPA7085", "japan abcpd1234z"},
			},
		},
		{
			entity: INPassport,
			Info: Info{
				Name: "in_passport", Class: "inpassport", Group: GovernmentID, Compact: true,
				Rule:   "A letter and seven digits, neither the first nor the last 0, by key or by cue",
				Not:    "A letter and seven digits without key or cue",
				Source: "Ministry of External Affairs of India: passport number",
			},
			keys:  keys("in passport", "indian passport", "indian passport number", "india passport", "in passport number", "india passport number"),
			value: shapeByKey(0.96, isIndianPassport),
			shapes: []shape{
				{layout: "Lddddddd", valid: isIndianPassport, cued: true, conf: 0.9},
				{layout: "Ldd ddddd", valid: isIndianPassport, cued: true, conf: 0.9},
			},
			cues: []string{"passport", "पासपोर्ट", "travel document"},
			examples: examples{
				positive: []string{"my passport number is «T3569075»", "indian_passport=«A3456781»", `{"passportNumber":"«J8369854»"}`, "पासपोर्ट «M1234567»", "Passport No. «K12 34567» issued at Mumbai"},
				negative: []string{"A3456781", "my passport number is T356907", "passport A0456781", "passport Q3456781", "sku A3456781", "passport.js v345678"},
			},
		},
		{
			entity: INVoterID,
			Info: Info{
				Name: "in_voter_id", Class: "epic", Group: GovernmentID, Compact: true,
				Rule:   "Three letters and seven digits, by key or by cue",
				Not:    "Three letters and seven digits without key or cue",
				Source: "Election Commission of India: Electors Photo Identity Card",
			},
			keys: keys("voter id", "voter id number", "voter id no", "voter card", "voter card number", "epic number", "epic no", "elector id", "voterid", "in voter id",
				"election card"),
			value:  shapeByKey(0.97, isEPIC),
			shapes: []shape{{layout: "LLLddddddd", valid: isEPIC, cued: true, conf: 0.93}},
			cues:   []string{"vote ", "voter", "elector id", "electoral", "electors", "election card", "epic no", "epic number", "मतदाता", "वोटर"},
			examples: examples{
				positive: []string{"You can vote with your «CPJ4467918» number", "voter_id=«WKH1186253»", "voter card «abc1234567» verified", `{"epicNumber":"«WKH1186253»"}`, "मतदाता पहचान पत्र «WKH1186253»"},
				negative: []string{"CPJ4467918", "order ABC1234567", "vote A8923571WZ", "epic JRA1186253 closed", "voter ABC0000000", "jira epic PAY1186253"},
			},
		},
		{
			entity: INGSTIN,
			Info: Info{
				Name: "in_gstin", Class: "gstin", Group: GovernmentID, Compact: true,
				Rule:   "State, PAN, entity, Z and the check character modulo 36; without the check by key or by cue",
				Not:    "A wrong check character without key or cue",
				Source: "CBIC: structure of the GSTIN",
			},
			keys:  keys("gstin", "gst number", "gst no", "gst in", "gst registration", "gst registration number", "gstin number", "in gstin", "gst id", "gstin no"),
			value: shapeByKey(0.98, isGSTIN),
			shapes: []shape{
				{layout: "ddLLLLLddddLxLx", valid: isCheckedGSTIN, folded: true, conf: 0.97},
				{layout: "ddLLLLLddddLxLx", valid: isGSTIN, cued: true, conf: 0.95},
			},
			cues:   []string{"gst ", "gstin", "goods and services", "जीएसटी"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"GSTIN «27AAPFU0939F1ZV»", "supplier «27AAPFU0939F1ZV» filed", "gstin=«27aapfu0939f1zv»", "My GSTIN number is «27ABCDE1234F1Z5» for business registration", `{"gstNumber":"«07PQRST6789K1Z2»"}`, "जीएसटी «27AAPFU0939F1ZV»",
				},
				negative: []string{"99ABCDE1234F1A5", "45AAPFU0939F1ZV", "part 27AAPFU0939F1ZV", "27ABCDE1234F1Z5", "x-27ABCDE1234F1Z5", "27abcde1234f1z5", "commit 27aabfa0939f1ea"},
			},
		},
		{
			entity: INVehicle,
			Info: Info{
				Name: "in_vehicle", Class: "invehicle", Group: GovernmentID, Compact: true,
				Rule:   "State, district, series and number of a vehicle, or the year, BH, number and series; shorter ones by key or by cue",
				Not:    "Regions of clouds, seats and codes of products; unknown states",
				Source: "Central Motor Vehicles Rules 1989, rule 50; G.S.R. 594(E) of 2021",
			},
			keys: keys("in vehicle", "indian vehicle number", "vehicle number", "vehicle no",
				"rc number"),
			value: shapeByKey(0.95, isIndianVehicle),
			shapes: []shape{
				{layout: "LLddLLdddd", valid: isIndianVehicle, conf: 0.82},
				{layout: "LL dd LL dddd", valid: isIndianVehicle, conf: 0.88},
				{layout: "LL-dd-LL-dddd", valid: isIndianVehicle, conf: 0.88},
				{layout: "LL-ddLL-dddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LLdd LL dddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LLddLdddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LL dd L dddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LL-dd-L-dddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LLdLLLdddd", valid: isDelhiVehicle, conf: 0.82},
				{layout: "LLdLLdddd", valid: isIndianVehicle, cued: true, conf: 0.9},
				{layout: "LLdLdddd", valid: isIndianVehicle, cued: true, conf: 0.88},
				{layout: "LLdddddd", valid: isIndianVehicle, cued: true, conf: 0.85},
				{layout: "ddLLddddLL", valid: isBharatVehicle, conf: 0.85},
				{layout: "ddLLddddL", valid: isBharatVehicle, cued: true, conf: 0.9},
			},
			cues:   []string{"vehicle", "registration number", "registration no", "license plate", "licence plate", "number plate", "bike", "car ", "वाहन", "गाड़ी"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"My Bike's registration number is «OD02BA2341» with a lot of text beyond", "toll paid by «KA53ME3456»", "vehicle «MH 12 DE 1433» parked", "vehicle_number=«DL3CAB0001»", "«22BH1234AA» entered", `{"vehicleNo":"«GJ-09-AB-1234»"}`, "वाहन «KA01A1234»",
				},
				negative: []string{"XX53ME3456", "KA00ME3456", "sku KA53ME3456", "ka53me3456", "node-KA53ME3456", "vehicle ABNE123456", "KA01A1234", "KA53ME0000", "part MH 12 DE 1433"},
			},
		},
	}
}

// isAadhaar checks twelve digits by Verhoeff; the first is 2 to 9.
func isAadhaar(d []byte) bool {
	return len(d) == 12 && d[0] >= '2' && !allSame(d) && verhoeff(d)
}

// isPAN checks the place of letters and digits, the kind of holder, and that the number is not 0.
func isPAN(c []byte) bool {
	return isPANStem(c) && has("ABCFGHJLPT", c[3]) && number(c[5:9]) != 0
}

func isPANStem(c []byte) bool { return len(c) == 10 && fits("LLLLLddddL", c) }

// isFreePAN is isPAN without what a hexadecimal id may look like.
func isFreePAN(c []byte) bool { return isPAN(c) && beyondHex(c) }

// beyondHex reports whether one of the letters is no hexadecimal digit.
func beyondHex(c []byte) bool {
	for _, b := range c {
		if !isHex(b) {
			return true
		}
	}
	return false
}

// has reports whether set has the byte.
func has(set string, b byte) bool {
	for i := range len(set) {
		if set[i] == b {
			return true
		}
	}
	return false
}

// isIndianPassport checks the letter, which is not Q, X or Z, and the digits that are never 0.
func isIndianPassport(c []byte) bool {
	return len(c) == 8 && isLetter(c[0]) && !has("QXZ", c[0]) && allDigits(c[1:], 7) && c[1] != '0' && c[7] != '0' && !allSame(c[1:])
}

func isEPIC(c []byte) bool {
	return len(c) == 10 && fits("LLLddddddd", c) && !allSame(c[3:])
}

// isGSTIN checks the state, and the structure around the PAN, of which the kind of holder is not asked for.
func isGSTIN(c []byte) bool {
	if len(c) != 15 || !fits("ddLLLLLddddLxLx", c) || c[13] != 'Z' || c[12] == '0' {
		return false
	}
	state := number(c[:2])
	return state >= 1 && state <= 38 || state == 97 || state == 99
}

// isCheckedGSTIN checks the last character, too: the sum of both digits, to the base of 36, of the values times 1 and 2.
func isCheckedGSTIN(c []byte) bool {
	if !isGSTIN(c) {
		return false
	}
	sum := 0
	for i, b := range c[:14] {
		p := base36(b) * (1 + i%2)
		sum += p/36 + p%36
	}
	return (36-sum%36)%36 == base36(c[14])
}

// base36 returns the value of a digit or an upper-case letter, where A counts 10.
func base36(b byte) int {
	if isDigit(b) {
		return int(b - '0')
	}
	return int(b-'A') + 10
}

// indianStates are the codes of states and union territories on plates, former ones too.
const indianStates = "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS UA UK UP WB "

// isIndianVehicle checks state, district, series and number.
func isIndianVehicle(c []byte) bool {
	n := len(c)
	if n < 8 || n > 10 || !inTable(indianStates, c[:2]) || !allDigits(c[n-4:], 4) || number(c[n-4:]) == 0 {
		return false
	}
	i := 2
	for i < 4 && isDigit(c[i]) {
		i++
	}
	if i == 2 || number(c[2:i]) == 0 {
		return false
	}
	for _, b := range c[i : n-4] {
		if !isLetter(b) {
			return false
		}
	}
	return n-4-i <= 3
}

// isDelhiVehicle checks a plate of one digit and three letters, the first of which is the kind of vehicle.
func isDelhiVehicle(c []byte) bool {
	return isIndianVehicle(c) && string(c[:2]) == "DL" && isLetter(c[3])
}

// isBharatVehicle checks a plate of the series for all states: year, BH, number, and letters other than I and O.
func isBharatVehicle(c []byte) bool {
	if len(c) != 9 && len(c) != 10 || !allDigits(c[:2], 2) || number(c[:2]) < 21 || string(c[2:4]) != "BH" || !allDigits(c[4:8], 4) || number(c[4:8]) == 0 {
		return false
	}
	for _, b := range c[8:] {
		if !isLetter(b) || b == 'I' || b == 'O' {
			return false
		}
	}
	return true
}

// inTable reports whether a table of two-letter codes, each with a space after it, has the code.
func inTable(table string, code []byte) bool {
	for i := 0; i+2 < len(table); i += 3 {
		if table[i] == code[0] && table[i+1] == code[1] {
			return true
		}
	}
	return false
}
