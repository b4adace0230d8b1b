package detect

// The entities of this family: France and the Low Countries.
const (
	FRNIR Entity = iota + endGovernmentIT
	NLBSN
	BENRN
	endGovernmentWest
)

func governmentWestRules() []rule {
	return []rule{
		{
			entity: FRNIR,
			Info: Info{
				Name: "fr_nir", Class: "nir", Group: GovernmentID, Compact: true,
				Rule:   "Sex, year, month, department and key 97 - n mod 97 in groups or with 2A and 2B; bare digits by key or cue",
				Not:    "Thirteen or fifteen digits without groups, key or cue: epochs in milliseconds, card-like numbers",
				Source: "INSEE: numéro d'inscription au répertoire, décret 82-103",
			},
			keys:  keys("nir", "numero de securite sociale", "numero securite sociale", "securite sociale", "numero secu", "num secu", "insee number", "numero insee", "fr nir"),
			value: shapeByKey(0.99, isNIRByKey),
			digits: []digitShape{
				{layout: "d dd dd dd ddd ddd dd", valid: isNIR, conf: 0.97},
				{layout: "d-dd-dd-dd-ddd-ddd-dd", valid: isNIR, conf: 0.97},
				{layout: "d.dd.dd.dd.ddd.ddd.dd", valid: isNIR, conf: 0.97},
				{layout: "ddddddddddddd dd", valid: isNIR, conf: 0.9},
				{layout: "ddddddddddddddd", valid: isNIR, cued: true, conf: 0.97},
				{layout: "ddddddddddddd", valid: isNIRStem, cued: true, conf: 0.85},
			},
			shapes: []shape{
				{layout: "d dd dd dL ddd ddd dd", valid: isNIR, conf: 0.97},
				{layout: "ddddddLdddddddd", valid: isNIR, conf: 0.93},
				{layout: "ddddddLdddddd dd", valid: isNIR, conf: 0.93},
			},
			cues: []string{"nir ", "sécurité sociale", "securite sociale", "sécu ", "secu ", "insee", "numéro de ss", "assuré", "carte vitale"},
			examples: examples{
				positive: []string{
					"«1 85 05 78 006 084 91»", "NIR «185057800608491»", "assurée «2 69 05 49 588 157 80»", "nir=«185057800608491»", "«1 85 05 2A 123 456 33»", "patient «185052A12345633» admis", `{"numeroSecuriteSociale":"«2 69 05 49 588 157 80»"}`,
				},
				negative: []string{"1 85 05 78 006 084 92", "185057800608491", "5 85 05 78 006 084 91", "1 85 13 78 006 084 91", "commit 185052a12345633", "185052A12345634", "NIR 185057800608492", "1 2 3 4 5 6"},
			},
		},
		{
			entity: NLBSN,
			Info: Info{
				Name: "nl_bsn", Class: "bsn", Group: GovernmentID, Compact: true,
				Rule:   "Eight or nine digits that pass the eleven test, by key or by cue",
				Not:    "Nine digits without key or cue: one in eleven passes the test",
				Source: "Rijksdienst voor Identiteitsgegevens: Logisch Ontwerp BSN",
			},
			keys:  keys("bsn", "burgerservicenummer", "burger service nummer", "sofinummer", "sofi nummer", "bsn nummer", "bsn number"),
			value: digitsByKey(0.98, isBSN),
			digits: []digitShape{
				{layout: "ddddddddd", valid: isBSN, cued: true, conf: 0.94},
				{layout: "dddd.dd.ddd", valid: isBSN, cued: true, conf: 0.95},
				{layout: "dddd-dd-ddd", valid: isBSN, cued: true, conf: 0.95},
				{layout: "ddd ddd ddd", valid: isBSN, cued: true, conf: 0.95},
				{layout: "dddddddd", valid: isBSN, cued: true, conf: 0.9},
			},
			cues: []string{"bsn", "burgerservice", "sofi ", "sofinummer", "burger service"},
			examples: examples{
				positive: []string{"BSN «111222333»", "burgerservicenummer «1112.22.333»", "bsn=«123456782»", `{"bsn":«194345312»}`, "sofinummer: «123456782»"},
				negative: []string{"111222333", "BSN 111222334", "offset 123456782", "1112.22.333", "v1112.22.333", "absn=111222334"},
			},
		},
		{
			entity: BENRN,
			Info: Info{
				Name: "be_nrn", Class: "nrn", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth, serial and 97 - n mod 97, with the separators of the register, by key or by cue",
				Not:    "Eleven digits without separators, key or cue",
				Source: "SPF Intérieur: Arrêté royal du 3 avril 1984, numéro d'identification du Registre national",
			},
			keys:  keys("rijksregisternummer", "numero national", "numero de registre national", "numero registre national", "registre national", "rijksregister", "niss", "insz", "nrn", "national register number", "rrn nummer"),
			value: digitsByKey(0.99, isNRN),
			digits: []digitShape{
				{layout: "dd.dd.dd-ddd.dd", valid: isNRN, conf: 0.97},
				{layout: "dd.dd.dd-ddd-dd", valid: isNRN, conf: 0.97},
				{layout: "dd.dd.dd ddd dd", valid: isNRN, conf: 0.95},
				{layout: "dd.dd.dd ddd.dd", valid: isNRN, conf: 0.95},
				{layout: "dddddd-ddd-dd", valid: isNRN, conf: 0.9},
				{layout: "dddddd ddd dd", valid: isNRN, conf: 0.9},
				{layout: "ddddddddddd", valid: isNRN, cued: true, conf: 0.97},
			},
			cues:   []string{"rijksregister", "registre national", "numéro national", "national register", "niss ", "insz ", "nrn ", "rrn "},
			vetoes: versionNouns,
			examples: examples{
				positive: []string{"«85.07.30-033.28»", "rijksregisternummer «85073003328»", "nrn=«93051822361»", "né le, NISS «930518-223-61»", "«01.01.15-123.66» geboren", "rijksregister «85.07.30 033.28»", `{"registreNational":"«85.07.30-033.28»"}`},
				negative: []string{"85.07.30-033.29", "85073003328", "10.0.12-104.3", "85.13.30-033.28", "build 85.07.30-033.28", "v85.07.30-033.28", "nrn=85073003329"},
			},
		},
	}
}

// isNIR checks thirteen characters and their key. Corsica is 2A and 2B.
func isNIR(c []byte) bool {
	if len(c) != 15 || !isDigit(c[13]) || !isDigit(c[14]) || !isNIRStem(c[:13]) {
		return false
	}
	n := rest(c[:5], 97)
	department := [2]byte{c[5], c[6]}
	switch c[6] {
	case 'A':
		department = [2]byte{'1', '9'}
	case 'B':
		department = [2]byte{'1', '8'}
	}
	for _, part := range [...][]byte{department[:], c[7:13]} {
		for _, b := range part {
			n = (n*10 + int(b-'0')) % 97
		}
	}
	return 97-n == number(c[13:])
}

// isNIRStem checks a number without its key: sex, month (above 12 where it is not known) and department.
func isNIRStem(c []byte) bool {
	if len(c) != 13 || !allDigits(c[:6], 6) || !allDigits(c[7:], 6) {
		return false
	}
	if c[6] != 'A' && c[6] != 'B' && !isDigit(c[6]) || isLetter(c[6]) && c[5] != '2' {
		return false
	}
	if c[0] != '1' && c[0] != '2' && c[0] != '3' && c[0] != '4' && c[0] != '7' && c[0] != '8' {
		return false
	}
	month := number(c[3:5])
	return (month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) && (isLetter(c[6]) || number(c[5:7]) > 0) && !allSame(c)
}

func isNIRByKey(c []byte) bool { return isNIR(c) || isNIRStem(c) }

// isBSN checks the eleven test: weights 9 to 2, and -1 for the last digit. A leading zero may be missing.
func isBSN(d []byte) bool {
	n := len(d)
	if n != 8 && n != 9 || !allDigits(d, n) || allSame(d) || number(d) < 1_000_000 {
		return false
	}
	return (weighted(d[:n-1], n)-int(d[n-1]-'0'))%11 == 0
}

// isNRN checks the date of birth, whose month counts 20 or 40 more in the numbers of residents without registration, and
// the check, before which a 2 stands for those born since 2000.
func isNRN(d []byte) bool {
	if !allDigits(d, 11) {
		return false
	}
	month, day := number(d[2:4])%20, number(d[4:6])
	if number(d[2:4]) > 52 || (month != 0 || day != 0) && !isDay(max(month, 1), max(day, 1)) || number(d[6:9]) == 0 {
		return false
	}
	check := number(d[9:])
	n := rest(d[:9], 97)
	return 97-n == check || 97-(2_000_000_000+number(d[:9]))%97 == check
}
