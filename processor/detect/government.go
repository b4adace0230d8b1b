package detect

// The entities of this family.
const (
	INAadhaar Entity = iota + endFinancial
	BRCPF
	endGovernment
)

// versionNouns stand before versions.
var versionNouns = []string{"build", "version", "ver", "release", "rev", "revision", "tag", "firmware", "patch"}

func governmentRules() []rule {
	return []rule{
		{
			entity: INAadhaar,
			Info: Info{
				Name: "in_aadhaar", Class: "aadhaar", Group: GovernmentID, Compact: true,
				Rule:   "Twelve digits with Verhoeff in the 4-4-4 layout, by key or by cue",
				Not:    "Twelve digits without layout, key or cue; first digit 0 or 1; four groups of a card",
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
				Not:    "Eleven digits without layout, key or cue; eleven times the same digit",
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

// isAadhaar checks twelve digits by Verhoeff; the first is 2 to 9.
func isAadhaar(d []byte) bool {
	return len(d) == 12 && d[0] >= '2' && !allSame(d) && verhoeff(d)
}

// isCPF checks eleven digits: the last two modulo 11 with weights from 10 and from 11 down.
func isCPF(d []byte) bool {
	return len(d) == 11 && !allSame(d) &&
		weighted(d[:9], 10)*10%11%10 == int(d[9]-'0') && weighted(d[:10], 11)*10%11%10 == int(d[10]-'0')
}
