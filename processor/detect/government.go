package detect

// The entities of this family.
const (
	USSSN Entity = iota + endFinancial
	UKNHS
	INAadhaar
	BRCPF
	endGovernment
)

func governmentRules() []rule {
	return []rule{
		{
			entity: USSSN,
			Info: Info{
				Name: "us_ssn", Class: "ssn", Group: GovernmentID, Compact: true,
				Rule:   "Area, group and serial ranges in the 3-2-4 layout; bare digits by key or cue",
				Source: "SSA POMS RM 10201",
			},
			keys:  keys("ssn", "us ssn", "social security number", "social security no", "social security", "ssn number", "social security num"),
			value: digitsByKey(0.99, isSSN),
			digits: []digitShape{
				{layout: "ddd-dd-dddd", valid: isSSN, conf: 0.95},
				{layout: "ddd dd dddd", valid: isSSN, cued: true, conf: 0.9},
				{layout: "ddd.dd.dddd", valid: isSSN, cued: true, conf: 0.9},
				{layout: "ddddddddd", valid: isSSN, cued: true, conf: 0.9},
			},
			cues:   []string{"ssn", "ssns", "social", "ss#"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"SSN «536-22-1234» on file", "ssn=«536221234»", "social security «536 22 1234»", `{"ssn":"«536-22-1234»"}`,
					"us.ssn|«536221234»", "SSN #«536-22-1234»", "SSN part number «536-22-1234»", "User{name=Jane Doe, ssn=«536-22-1234»}", "employee «123-45-6789» updated",
				},
				negative: []string{
					"part 000-12-3456", "666-12-3456", "900-12-3456", "536-00-1234", "536-22-0000", "id 536221234", "1536-22-1234",
					"536-22-1234-5", "sku-536-22-1234", "ssn=***-**-1234", "range 100-20-3000", "ticket 536-90-4399", "order no. 536-90-4399", "Part number: 536-90-4399", "ticket #536-90-4399", "ssn: 000000000",
				},
			},
		},
		{
			entity: UKNHS,
			Info: Info{
				Name: "uk_nhs", Class: "nhs", Group: Health, Compact: true,
				Rule:   "Ten digits with mod 11 in the 3-3-4 layout, by key or by cue",
				Source: "NHS data dictionary: NHS NUMBER",
			},
			keys:  keys("nhs number", "nhs no", "nhs", "nhs num", "nhs id"),
			value: digitsByKey(0.99, isNHS),
			digits: []digitShape{
				{layout: "ddd ddd dddd", valid: isNHS, conf: 0.85},
				{layout: "ddd-ddd-dddd", valid: isNHS, cued: true, conf: 0.96},
				{layout: "dddddddddd", valid: isNHS, cued: true, conf: 0.96},
			},
			cues: []string{"nhs", "patient", "health"},
			examples: examples{
				positive: []string{"NHS number «943 476 5919»", "nhs_number=«9434765919»", "patient «943 476 5919» admitted"},
				negative: []string{"943 476 5918", "at 9434765919 ms", "nhs_number=9434765910", "epoch 1700000000"},
			},
		},
		{
			entity: INAadhaar,
			Info: Info{
				Name: "in_aadhaar", Class: "aadhaar", Group: GovernmentID, Compact: true,
				Rule:   "Twelve digits with Verhoeff in the 4-4-4 layout, by key or by cue",
				Source: "UIDAI",
			},
			keys:  keys("aadhaar", "aadhar", "aadhaar number", "aadhar number", "aadhaar no", "aadhaar id", "uidai"),
			value: digitsByKey(0.99, isAadhaar),
			digits: []digitShape{
				{layout: "dddd dddd dddd", valid: isAadhaar, conf: 0.9},
				{layout: "dddd-dddd-dddd", valid: isAadhaar, conf: 0.9},
				{layout: "dddddddddddd", valid: isAadhaar, cued: true, conf: 0.95},
			},
			cues: []string{"aadhaar", "aadhar", "uidai", "uid "},
			examples: examples{
				positive: []string{"Aadhaar «2345 6789 0124»", "aadhaar_number=«234567890124»", "kyc «2345-6789-0124» ok"},
				negative: []string{"2345 6789 0125", "1345 6789 0124", "block 234567890124", "2345 6789 0124 5678 9012"},
			},
		},
		{
			entity: BRCPF,
			Info: Info{
				Name: "br_cpf", Class: "cpf", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with two check digits in the 3.3.3-2 layout, by key or by cue",
				Source: "Receita Federal do Brasil",
			},
			keys:  keys("cpf", "cpf number", "numero cpf", "cpf cnpj"),
			value: digitsByKey(0.99, isCPF),
			digits: []digitShape{
				{layout: "ddd.ddd.ddd-dd", valid: isCPF, conf: 0.98},
				{layout: "ddd-ddd-ddd-dd", valid: isCPF, conf: 0.9},
				{layout: "ddddddddd-dd", valid: isCPF, cued: true, conf: 0.95},
				{layout: "ddddddddddd", valid: isCPF, cued: true, conf: 0.95},
			},
			cues: []string{"cpf", "contribuinte"},
			examples: examples{
				positive: []string{"cliente «111.444.777-35»", "cpf=«11144477735»", "CPF: «11144477735»"},
				negative: []string{"111.444.777-36", "pid 11144477735", "111.111.111-11", "v1.111.444.777-35"},
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

// isNHS checks ten digits modulo 11 with weights 10 to 2.
func isNHS(d []byte) bool {
	if len(d) != 10 || allSame(d) {
		return false
	}
	check := 11 - weighted(d[:9], 10)%11
	return check%11 == int(d[9]-'0') && check != 10
}

// isAadhaar checks twelve digits by Verhoeff; the first is 2 to 9.
func isAadhaar(d []byte) bool {
	return len(d) == 12 && d[0] >= '2' && !allSame(d) && verhoeff(d)
}

// isCPF checks eleven digits: the last two modulo 11 with weights from 10 and from 11 down.
func isCPF(d []byte) bool {
	return len(d) == 11 && !allSame(d) &&
		weighted(d[:9], 10)*10%11%10 == int(d[9]-'0') && weighted(d[:10], 11)*10%11%10 == int(d[10]-'0')
}
