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
				Name: "us_ssn", Class: "ssn", Group: GovernmentID,
				Rule:   "Area, group and serial ranges in the 3-2-4 layout; bare digits by key or cue",
				Source: "SSA POMS RM 10201",
			},
		},
		{
			entity: UKNHS,
			Info: Info{
				Name: "uk_nhs", Class: "nhs", Group: Health,
				Rule:   "Ten digits with mod 11 in the 3-3-4 layout, by key or by cue",
				Source: "NHS data dictionary: NHS NUMBER",
			},
		},
		{
			entity: INAadhaar,
			Info: Info{
				Name: "in_aadhaar", Class: "aadhaar", Group: GovernmentID,
				Rule:   "Twelve digits with Verhoeff in the 4-4-4 layout, by key or by cue",
				Source: "UIDAI",
			},
		},
		{
			entity: BRCPF,
			Info: Info{
				Name: "br_cpf", Class: "cpf", Group: GovernmentID,
				Rule:   "Eleven digits with two check digits in the 3.3.3-2 layout, by key or by cue",
				Source: "Receita Federal do Brasil",
			},
		},
	}
}
