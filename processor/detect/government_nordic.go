package detect

// The entities of this family: the Nordic countries.
const (
	SEPersonnummer Entity = iota + endGovernmentWest
	FIHETU
	DKCPR
	NOFNR
	endGovernmentNordic
)

func governmentNordicRules() []rule {
	return []rule{
		{
			entity: SEPersonnummer,
			Info: Info{
				Name: "se_personnummer", Class: "personnummer", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and Luhn in the layout with a hyphen, unless it reads as date and time; bare digits by key or cue",
				Not:    "Ten digits without hyphen, key or cue; what reads as date and time",
				Source: "Skatteverket SKV 704, SFS 1991:481",
			},
			keys:  keys("personnummer", "person nummer", "personnr", "samordningsnummer", "se personnummer", "swedish personal number"),
			value: digitsByKey(0.99, isPersonnummer),
			digits: []digitShape{
				{layout: "dddddd-dddd", valid: isUntimedPersonnummer, conf: 0.86},
				{layout: "dddddddd-dddd", valid: isUntimedPersonnummer, conf: 0.88},
				{layout: "dddddd-dddd", valid: isPersonnummer, cued: true, conf: 0.96},
				{layout: "dddddddd-dddd", valid: isPersonnummer, cued: true, conf: 0.96},
				{layout: "dddddd dddd", valid: isPersonnummer, cued: true, conf: 0.95},
				{layout: "dddddddddd", valid: isPersonnummer, cued: true, conf: 0.95},
				{layout: "dddddddddddd", valid: isPersonnummer, cued: true, conf: 0.96},
			},
			cues:   []string{"personnummer", "personnr", "samordningsnummer", "personal identity", "swedish", "skatteverket", "svensk"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"personnummer «811228-9874»", "Here's my personnummer «200109022392».", "«20110925-2385»", "My personal identity code is: «189110089811». Thank you.", "personnummer=«6709199530»", `{"personnummer":"«19811228-9874»"}`, "kund «811228-9874» skapad",
				},
				negative: []string{"20240115-1042", "20110925-2386", "19000309-3393", "19001309-2393", "200504422381", "8112289874", "personnummer 189x09179809", "run-811228-9874", "811228-9874-1", "order 811228-9874", "backup 20110925-1234"},
			},
		},
		{
			entity: FIHETU,
			Info: Info{
				Name: "fi_hetu", Class: "hetu", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth, sign of the century, serial and check character modulo 31",
				Not:    "Dates with a dash and a run number whose check character is another",
				Source: "Digi- ja väestötietovirasto, valtioneuvoston asetus 128/2010 ja 690/2022",
			},
			keys:  keys("hetu", "henkilotunnus", "henkilo tunnus", "sotu", "fi hetu", "finnish personal identity code"),
			value: shapeByKey(0.99, isHETU),
			shapes: []shape{
				{layout: "dddddd-dddx", valid: isUntimedHETU, conf: 0.95},
				{layout: "dddddd-dddx", valid: isHETU, cued: true, conf: 0.97},
				{layout: "ddddddLdddx", valid: isHETU, conf: 0.95},
			},
			cues:   []string{"hetu", "henkilötunnus", "henkilotunnus", "sotu", "personbeteckning", "finnish"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"«131052-308T»", "My personal identity code is: «010594Y9032». Thank you.", "hetu=«010594Y9032»", `{"nationalIdNumber":"«131052-308T»"}`, "«020516C903K»", "Here's my henkilötunnus «020594X902N».", `{"hetu":"«131052-308t»"}`},
				negative: []string{"010324A110G", "131052/308T", "131052:308T", "131052.308T", "131352-308T", "311190-1111", "131052-308t", "img-131052-308T", "131052-308T.png"},
			},
		},
		{
			entity: DKCPR,
			Info: Info{
				Name: "dk_cpr", Class: "cpr", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and serial in the 6-4 layout with mod 11; without it, or bare, by key or cue",
				Not:    "The 6-4 layout that fails mod 11, unless key or cue name it; ten digits bare",
				Source: "CPR-kontoret: Personnummeret i CPR",
			},
			keys:  keys("cpr", "cpr number", "cpr nummer", "cpr nr", "cprnr", "dk cpr", "danish personal number"),
			value: digitsByKey(0.97, isCPR),
			digits: []digitShape{
				{layout: "dddddd-dddd", valid: isCheckedCPR, conf: 0.85},
				{layout: "dddddd-dddd", valid: isCPR, cued: true, conf: 0.96},
				{layout: "dddddd dddd", valid: isCPR, cued: true, conf: 0.93},
				{layout: "dddddddddd", valid: isCPR, cued: true, conf: 0.93},
			},
			cues:   []string{"cpr", "personnummer", "danish"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"CPR «010180-1233»", "borger «211062-5629»", "cpr=«2110625629»", `{"cprNummer":"«010180-1234»"}`, "CPR-nr. «0101801234»"},
				negative: []string{"010180-1234", "2110625629", "320180-1234", "cpr 0113801234", "job-211062-5629", "range 211062-5629", "211062-56290"},
			},
		},
		{
			entity: NOFNR,
			Info: Info{
				Name: "no_fnr", Class: "fnr", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and two check digits modulo 11, in the 6-5 layout, by key or by cue",
				Not:    "Eleven digits without layout, key or cue",
				Source: "Skatteetaten: Folkeregisterforskriften § 2-2-1",
			},
			keys:  keys("fodselsnummer", "foedselsnummer", "foedselsnr", "fnr", "fodselsnr", "personnummer no", "no fnr", "d nummer", "norwegian national id"),
			value: digitsByKey(0.99, isFNR),
			digits: []digitShape{
				{layout: "dddddd ddddd", valid: isFNR, conf: 0.93},
				{layout: "dddddd-ddddd", valid: isFNR, conf: 0.93},
				{layout: "ddddddddddd", valid: isFNR, cued: true, conf: 0.97},
			},
			cues:   []string{"fødselsnummer", "fodselsnummer", "foedselsnummer", "fnr", "fødselsnr", "personnummer", "d-nummer", "norwegian"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"fødselsnummer «01128010056»", "fnr=«21098610186»", "bruker «011280 10137» opprettet", `{"fodselsnummer":"«21098610267»"}`},
				negative: []string{"01128010056", "011280 10138", "fnr=21098610187", "offset 21098610186", "991280 10137", "order 011280 10137"},
			},
		},
	}
}

// isPersonnummer checks ten digits, or twelve with the century. The day counts 60 more in a coordination number.
func isPersonnummer(d []byte) bool {
	if len(d) == 12 {
		if century := number(d[:2]); century < 18 || century > 20 {
			return false
		}
		d = d[2:]
	}
	if !allDigits(d, 10) || number(d[6:9]) == 0 {
		return false
	}
	month, day := number(d[2:4]), number(d[4:6])
	return (isDay(month, day) || isDay(month, day-60)) && luhn(d)
}

// isUntimedPersonnummer is isPersonnummer without what reads as the date and time of a file or a build: a time of day, or
// a date since 2015.
func isUntimedPersonnummer(d []byte) bool {
	n := len(d)
	year := number(d[n-10 : n-8])
	recent := year >= 15 && year <= 35 && (n == 10 || number(d[:2]) == 20)
	return !recent && !isTimeOfDay(d[n-4:]) && isPersonnummer(d)
}

const hetuChecks = "0123456789ABCDEFHJKLMNPRSTUVWXY"

// isHETU checks a code with or without the letter of the century.
func isHETU(c []byte) bool {
	if len(c) == 11 {
		switch c[6] {
		case 'A', 'B', 'C', 'D', 'E', 'F', 'U', 'V', 'W', 'X', 'Y':
		default:
			return false
		}
	} else if len(c) != 10 {
		return false
	}
	n := len(c)
	if !allDigits(c[:6], 6) || !allDigits(c[n-4:n-1], 3) || !isDayMonth(c) || number(c[n-4:n-1]) < 2 {
		return false
	}
	return c[n-1] == hetuChecks[(number(c[:6])*1000+number(c[n-4:n-1]))%31]
}

// isUntimedHETU is isHETU without what reads as date and time.
func isUntimedHETU(c []byte) bool {
	return isHETU(c) && (isLetter(c[9]) || !isTimeOfDay(c[6:]))
}

// isCPR checks the date of birth, whose day counts 60 more in some numbers.
func isCPR(d []byte) bool {
	return allDigits(d, 10) && (isDayMonth(d) || isDay(number(d[2:4]), number(d[:2])-60)) && number(d[6:]) > 0
}

// isCheckedCPR is isCPR with the check that numbers given out before 2007 pass, without times of day.
func isCheckedCPR(d []byte) bool {
	return isCPR(d) && dot(d, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 && !isTimeOfDay(d[6:])
}

// isFNR checks the date of birth, whose day counts 40 more in a D number and whose month in a synthetic one, and both
// check digits.
func isFNR(d []byte) bool {
	if !allDigits(d, 11) {
		return false
	}
	day, month := number(d[:2]), number(d[2:4])
	if day > 40 {
		day -= 40
	}
	for month > 40 {
		month -= 40
	}
	return isDay(month, day) && dot(d, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && dot(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}
