package detect

// The entities of this family: South Africa, Nigeria and Israel.
const (
	ZAID Entity = iota + endGovernmentLatin
	NGNIN
	ILID
	endGovernmentAfrica
)

func governmentAfricaRules() []rule {
	return []rule{
		{
			entity: ZAID,
			Info: Info{
				Name: "za_id", Class: "zaid", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth, citizenship and Luhn in the 6-4-3 layout; bare digits by key or cue",
				Not:    "Thirteen digits without key or cue: epochs and message ids; a date or a citizenship that cannot be",
				Source: "Identification Act 68 of 1997, Department of Home Affairs",
			},
			keys: keys("za id", "sa id", "sa id number", "rsa id", "rsa id number", "south african id", "south african id number", "za id number", "south africa id",
				"said number"),
			value: digitsByKey(0.99, isZAID),
			digits: []digitShape{
				{layout: "dddddd dddd ddd", valid: isZAID, conf: 0.95},
				{layout: "dddddd-dddd-ddd", valid: isZAID, conf: 0.93},
				{layout: "dddddd dddd dd d", valid: isZAID, conf: 0.95},
				{layout: "dddddd dddd d dd", valid: isZAID, conf: 0.95},
				{layout: "ddddddddddddd", valid: isZAID, cued: true, conf: 0.97},
			},
			cues:   []string{"south africa", "south african", "rsa ", "sa id", "za id", "home affairs", "identiteitsnommer", "identity number", "id number", "isazisi"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"My South African ID is «9202201234088».", "RSA ID: «0002294321191»", "sa_id_number=«8001015009087»", "applicant «800101 5009 087»", `{"zaId":"«8001015009087»"}`, "identiteitsnommer «8001015009087»"},
				negative: []string{"8001015009087", "RSA ID 8001015009086", "SA ID 9913326789285", "ts=1700000000000", "SA ID 80010150090870", "rsa key 1707000000000 loaded", "SA ID 9902294321191"},
			},
		},
		{
			entity: NGNIN,
			Info: Info{
				Name: "ng_nin", Class: "ngnin", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits, not in sequence, by key or by cue",
				Not:    "Eleven digits without its key or cue",
				Source: "NIMC Act 23 of 2007: National Identification Number",
			},
			keys:  keys("nin", "nin number", "ng national identification number", "ng nin", "nigerian nin", "nimc number", "nigeria nin"),
			value: digitsByKey(0.93, isNIN),
			digits: []digitShape{
				{layout: "ddddddddddd", valid: isNIN, cued: true, conf: 0.88},
				{layout: "dddd-ddd-dddd", valid: isNIN, cued: true, conf: 0.9},
				{layout: "dddd ddd dddd", valid: isNIN, cued: true, conf: 0.9},
			},
			cues: []string{"nin ", "nimc", "national identification number"},
			examples: examples{
				positive: []string{"NIN «25384719604»", "nin=«73920184651»", "NIMC slip «4839-201-7563»", `{"ninNumber":"«25384719604»"}`, "Nigerian NIN: «48392017563»"},
				negative: []string{"25384719604", "NIN 12345678901", "nin=1234567890", "nine 25384719604", "running 25384719604", "NIN 08031234567", "nin 1234567890a"},
			},
		},
		{
			entity: ILID,
			Info: Info{
				Name: "il_id", Class: "ilid", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits with Luhn, by key or by cue",
				Not:    "Nine digits without its key or cue",
				Source: "רשות האוכלוסין וההגירה: ספרת ביקורת",
			},
			keys:  keys("teudat zehut", "teudat zeut", "israeli id", "israeli id number", "israel id", "il id", "mispar zehut", "il id number", "tehudat zehut"),
			value: digitsByKey(0.98, isIsraeliID),
			digits: []digitShape{
				{layout: "ddddddddd", valid: isIsraeliID, cued: true, conf: 0.95},
				{layout: "dddddddd-d", valid: isIsraeliID, cued: true, conf: 0.95},
				{layout: "d-ddddddd-d", valid: isIsraeliID, cued: true, conf: 0.95},
			},
			cues: []string{"teudat", "israeli id", "mispar zehut", "תעודת זהות", "מספר זהות", "ת\"ז", "ת.ז", "ת״ז", "זהות"},
			examples: examples{
				positive: []string{"תעודת זהות «003933744»", "teudat zehut «03933742-3»", "israeli_id=«003933744»", `{"teudatZehut":"«000000018»"}`, "ת.ז. «003933744»"},
				negative: []string{"003933744", "israeli id 003933745", "seq 000000018 of 000000026", "offset 003933744", "זהות 000000000"},
			},
		},
	}
}

// isZAID checks the date of birth, citizenship (2 is a refugee), the digit that was for race, and Luhn.
func isZAID(d []byte) bool {
	return allDigits(d, 13) && isBirthDate(d) && d[10] <= '2' && luhn(d)
}

// isBirthDate reports whether six digits are year, month and day, with February 29 in leap years only.
func isBirthDate(d []byte) bool {
	return isMonthDay(d[2:6]) && (number(d[2:6]) != 229 || number(d[:2])%4 == 0)
}

// isNIN checks that the digits are neither a telephone number, which begins with 0, nor an example: 12345678901.
func isNIN(d []byte) bool {
	if !allDigits(d, 11) || d[0] == '0' || allSame(d) {
		return false
	}
	for i := 1; i < len(d); i++ {
		if (d[i]-d[i-1]+10)%10 != 1 {
			return true
		}
	}
	return false
}

func isIsraeliID(d []byte) bool {
	return allDigits(d, 9) && number(d) != 0 && !allSame(d) && luhn(d)
}
