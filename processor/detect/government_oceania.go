package detect

// The entities of this family: Australia.
const (
	AUTFN Entity = iota + endGovernmentEast
	AUABN
	AUACN
	AUMedicare
	endGovernmentOceania
)

func governmentOceaniaRules() []rule {
	return []rule{
		{
			entity: AUTFN,
			Info: Info{
				Name: "au_tfn", Class: "tfn", Group: GovernmentID, Compact: true,
				Rule:   "Eight or nine digits with mod 11, by key or by cue",
				Not:    "Eight or nine digits without its key or cue",
				Source: "ATO: tax file number, algorithm of the electronic commerce interface",
			},
			keys:  keys("tfn", "tax file number", "tax file no", "tfn number", "au tfn"),
			value: digitsByKey(0.99, isTFN),
			digits: []digitShape{
				{layout: "ddd ddd ddd", valid: isTFN, cued: true, conf: 0.96},
				{layout: "ddd-ddd-ddd", valid: isTFN, cued: true, conf: 0.96},
				{layout: "ddddddddd", valid: isTFN, cued: true, conf: 0.96},
				{layout: "dd ddd ddd", valid: isTFN, cued: true, conf: 0.95},
				{layout: "dddddddd", valid: isTFN, cued: true, conf: 0.95},
			},
			cues: []string{"tfn ", "tax file"},
			examples: examples{
				positive: []string{"TFN «123 456 782»", "tfn=«123456782»", "tax file number: «876543210»", `{"taxFileNumber":"«123-456-782»"}`, "au.tfn|«123456782»", "staff tfn «37 118 629» on payroll"},
				negative: []string{"123 456 782", "tfn 123 456 783", "offset 123456782", "tfn=000000000", "batch 876543210", "TFN 123 456 782 014"},
			},
		},
		{
			entity: AUABN,
			Info: Info{
				Name: "au_abn", Class: "abn", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with mod 89 in the 2-3-3-3 layout; other spellings by key or cue",
				Not:    "Eleven digits without layout, key or cue",
				Source: "ABR: format of the ABN",
			},
			keys:  keys("abn", "australian business number", "abn number", "au abn", "business number au"),
			value: digitsByKey(0.99, isABN),
			digits: []digitShape{
				{layout: "dd ddd ddd ddd", valid: isABN, conf: 0.85},
				{layout: "dd-ddd-ddd-ddd", valid: isABN, cued: true, conf: 0.96},
				{layout: "dd.ddd.ddd.ddd", valid: isABN, cued: true, conf: 0.95},
				{layout: "ddddddddddd", valid: isABN, cued: true, conf: 0.97},
			},
			cues:   []string{"abn ", "business number"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"ABN «83 914 571 673»", "supplier «51 824 753 556» paid", "abn=«51824753556»", `{"australianBusinessNumber":"«51 824 753 556»"}`, "ABN: «83-914-571-673»"},
				negative: []string{"52 824 753 556", "51824753556", "rows 51 824 753 556 120", "51 824 753 557", "ip 51.824.753.556", "order 51 824 753 556", "abnormal 51824753556"},
			},
		},
		{
			entity: AUACN,
			Info: Info{
				Name: "au_acn", Class: "acn", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits with mod 10, by key or by cue",
				Not:    "Nine digits without its key or cue",
				Source: "ASIC: Australian Company Number check",
			},
			keys:  keys("acn", "australian company number", "acn number", "au acn"),
			value: digitsByKey(0.98, isACN),
			digits: []digitShape{
				{layout: "ddd ddd ddd", valid: isACN, cued: true, conf: 0.96},
				{layout: "ddd-ddd-ddd", valid: isACN, cued: true, conf: 0.95},
				{layout: "ddddddddd", valid: isACN, cued: true, conf: 0.95},
			},
			cues: []string{"acn ", "company number"},
			examples: examples{
				positive: []string{"ACN «004 085 616»", "acn=«005499981»", "ACN: «000 000 019»", `{"acn":"«006 249 976»"}`, "Pty Ltd, company number «005 499 981»"},
				negative: []string{"004 085 616", "acn 004 085 617", "seq 005499981", "vacancy 005499981", "acn=123", "ACN 004 085 616 120"},
			},
		},
		{
			entity: AUMedicare,
			Info: Info{
				Name: "au_medicare", Class: "medicare", Group: Health, Compact: true,
				Rule:   "Ten or eleven digits, the first 2 to 6, with mod 10 over the first eight, by key or by cue",
				Not:    "Ten digits without its key or cue",
				Source: "Services Australia: Medicare card number; METeOR 270101",
			},
			keys:  keys("medicare card", "medicare card number", "medicare no", "medicare card no", "au medicare", "medicare irn"),
			value: digitsByKey(0.98, isMedicare),
			digits: []digitShape{
				{layout: "dddd ddddd d", valid: isMedicare, cued: true, conf: 0.97},
				{layout: "dddd-ddddd-d", valid: isMedicare, cued: true, conf: 0.97},
				{layout: "dddd ddddd d-d", valid: isMedicare, cued: true, conf: 0.97},
				{layout: "dddd ddddd d/d", valid: isMedicare, cued: true, conf: 0.97},
				{layout: "dddddddddd", valid: isMedicare, cued: true, conf: 0.96},
				{layout: "ddddddddddd", valid: isMedicare, cued: true, conf: 0.95},
			},
			cues: []string{"medicare"},
			examples: examples{
				positive: []string{"Medicare «2123 45670 1»", "medicare card «2428 77813 2/1»", "medicare_card_number=«2123456701»", `{"medicareCard":"«2428-77813-2»"}`, "medicare: «21234567011»"},
				negative: []string{"2123 45670 1", "medicare 2123 45671 1", "medicare 1123 45670 1", "port 2123456701", "medicare claim at 1700000000"},
			},
		},
	}
}

// isTFN checks nine digits, or the eight of the oldest numbers, whose weighted sum 11 divides.
func isTFN(d []byte) bool {
	switch {
	case allDigits(d, 9):
		return !allSame(d) && dot(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0
	case allDigits(d, 8):
		return !allSame(d) && dot(d, 10, 7, 8, 4, 6, 3, 5, 1)%11 == 0
	}
	return false
}

// isABN checks eleven digits: with the first one less, 89 divides their weighted sum.
func isABN(d []byte) bool {
	return allDigits(d, 11) && d[0] != '0' && !allSame(d) && (dot(d, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0
}

func isACN(d []byte) bool {
	return allDigits(d, 9) && !allSame(d) && (10-dot(d, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(d[8]-'0')
}

// isMedicare checks the number of a card, perhaps with the reference number of a person on it, which is not 0.
func isMedicare(d []byte) bool {
	if !allDigits(d, 10) && !allDigits(d, 11) {
		return false
	}
	return d[0] >= '2' && d[0] <= '6' && d[9] != '0' && (len(d) == 10 || d[10] != '0') &&
		dot(d, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(d[8]-'0')
}
