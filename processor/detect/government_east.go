package detect

// The entities of this family: Central and Eastern Europe, and Turkey.
const (
	PLPESEL Entity = iota + endGovernmentNordic
	PLNIP
	PLREGON
	ROCNP
	CZRC
	BGEGN
	HROIB
	TRTCKN
	endGovernmentEast
)

func governmentEastRules() []rule {
	return []rule{
		{
			entity: PLPESEL,
			Info: Info{
				Name: "pl_pesel", Class: "pesel", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth with the century in the month and mod 10, by key or by cue",
				Not:    "Eleven digits without key or cue: numbers of events and offsets",
				Source: "Ustawa o ewidencji ludności, art. 15; gov.pl: numer PESEL",
			},
			keys:   keys("pesel", "numer pesel", "nr pesel", "pesel number"),
			value:  digitsByKey(0.99, isPESEL),
			digits: []digitShape{{layout: "ddddddddddd", valid: isPESEL, cued: true, conf: 0.97}},
			cues:   []string{"pesel"},
			examples: examples{
				positive: []string{"My pesel is «44051401458».", "PESEL: «02270803624»", "pesel=«44051401458»", "national_id=«44051401458»", `{"numerPesel":"«02270803624»"}`},
				negative: []string{"44051401458", "pesel 44051401459", "pesel 1111321111", "11-11-11-11114", "offset 02270803624", "PESEL 44131401458"},
			},
		},
		{
			entity: PLNIP,
			Info: Info{
				Name: "pl_nip", Class: "nip", Group: GovernmentID, Compact: true,
				Rule:   "Ten digits with mod 11 in the 3-3-2-2 or 3-2-2-3 layout, by key or by cue",
				Not:    "Ten digits without layout, key or cue: epoch seconds",
				Source: "Ustawa o zasadach ewidencji i identyfikacji podatników",
			},
			keys:  keys("nip", "numer nip", "nr nip", "nip number", "pl nip"),
			value: digitsByKey(0.98, isNIP),
			digits: []digitShape{
				{layout: "ddd-ddd-dd-dd", valid: isNIP, conf: 0.88},
				{layout: "ddd-dd-dd-ddd", valid: isNIP, conf: 0.88},
				{layout: "ddd ddd dd dd", valid: isNIP, cued: true, conf: 0.95},
				{layout: "dddddddddd", valid: isNIP, cued: true, conf: 0.95},
			},
			cues:   []string{"nip ", "identyfikacji podatkowej", "podatnik"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"NIP «526-104-08-28»", "nip=«5261040828»", "faktura dla «123-456-32-18»", "NIP: «1234563218»", `{"nip":"«526-10-40-828»"}`},
				negative: []string{"526-104-08-29", "5261040828", "snip 5261040828", "ticket 526-104-08-28", "v526-104-08-28", "nip 0000000000"},
			},
		},
		{
			entity: PLREGON,
			Info: Info{
				Name: "pl_regon", Class: "regon", Group: GovernmentID, Compact: true,
				Rule:   "Nine or fourteen digits with mod 11, by key or by cue",
				Not:    "Nine or fourteen digits without key or cue",
				Source: "GUS: rozporządzenie Rady Ministrów w sprawie rejestru REGON",
			},
			keys:  keys("regon", "numer regon", "nr regon"),
			value: digitsByKey(0.98, isREGON),
			digits: []digitShape{
				{layout: "ddddddddd", valid: isREGON, cued: true, conf: 0.95},
				{layout: "dddddddddddddd", valid: isREGON, cued: true, conf: 0.96},
			},
			cues: []string{"regon"},
			examples: examples{
				positive: []string{"REGON «123456785»", "regon=«12345678512347»", "REGON: «010350525»", `{"regon":"«123456785»"}`},
				negative: []string{"123456785", "REGON 123456786", "region 123456786", "oregon id 010350526", "pid 010350525"},
			},
		},
		{
			entity: ROCNP,
			Info: Info{
				Name: "ro_cnp", Class: "cnp", Group: GovernmentID, Compact: true,
				Rule:   "Sex and century, date of birth, county and mod 11, by key or by cue",
				Not:    "Thirteen digits without key or cue: epochs in milliseconds",
				Source: "Legea 105/1996, OUG 97/2005: codul numeric personal",
			},
			keys:  keys("cnp", "cod numeric personal", "ro cnp"),
			value: digitsByKey(0.99, isCNP),
			digits: []digitShape{
				{layout: "ddddddddddddd", valid: isCNP, cued: true, conf: 0.97},
				{layout: "d dddddd dddddd", valid: isCNP, conf: 0.9},
			},
			cues: []string{"cnp", "cod numeric", "codul numeric"},
			examples: examples{
				positive: []string{"CNP «1800101123450»", "cnp=«2850615401234»", "cod numeric personal: «1800101123450»", `{"cnp":"«1800101123450»"}`},
				negative: []string{"1800101123450", "CNP 1800101123451", "ts=1700000000000", "cnp 1801301123450", "epoch 1800101123450"},
			},
		},
		{
			entity: CZRC,
			Info: Info{
				Name: "cz_rc", Class: "rodnecislo", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and serial with a slash that 11 divides; without a slash by key or cue",
				Not:    "Ten digits without a slash; paths and fractions that 11 does not divide",
				Source: "Zákon č. 133/2000 Sb., § 13",
			},
			keys:  keys("rodne cislo", "rodnecislo", "rc cislo", "cz rc", "birth number"),
			value: digitsByKey(0.98, isRC),
			digits: []digitShape{
				{layout: "dddddd/dddd", valid: isUntimedRC, conf: 0.88},
				{layout: "dddddd/dddd", valid: isRC, cued: true, conf: 0.97},
				{layout: "dddddd/ddd", valid: isOldRC, cued: true, conf: 0.93},
				{layout: "dddddddddd", valid: isRC, cued: true, conf: 0.96},
			},
			cues:   []string{"rodné", "rodne", "rodného", "r.č.", "rč ", "birth number"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"rodné číslo «736028/1005»", "pacient «736028/9992» přijat", "rodne_cislo=«8506151005»", "r.č. «850615/1016»"},
				negative: []string{"736028/1006", "7360281005", "/backup/230115/1042", "731328/1005", "path/736028/1005", "pages 850615/1005/2"},
			},
		},
		{
			entity: BGEGN,
			Info: Info{
				Name: "bg_egn", Class: "egn", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth with the century in the month and mod 11, by key or by cue",
				Not:    "Ten digits without key or cue: epoch seconds",
				Source: "Наредба № РД-02-20-9 за ЕСГРАОН",
			},
			keys:   keys("egn", "bg egn", "egn number", "edinen grazhdanski nomer"),
			value:  digitsByKey(0.98, isEGN),
			digits: []digitShape{{layout: "dddddddddd", valid: isEGN, cued: true, conf: 0.96}},
			cues:   []string{"egn ", "edinen grazhdanski", "егн", "единен граждански"},
			examples: examples{
				positive: []string{"ЕГН «7523169263»", "egn=«8501010011»", "EGN: «7523169263»", `{"egn":"«8501010011»"}`},
				negative: []string{"7523169263", "EGN 7523169264", "begin 8501010011", "egn 7533169263", "epoch 1700000000"},
			},
		},
		{
			entity: HROIB,
			Info: Info{
				Name: "hr_oib", Class: "oib", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with ISO 7064 MOD 11,10, by key or by cue",
				Not:    "Eleven digits without key or cue",
				Source: "Zakon o osobnom identifikacijskom broju, NN 60/08",
			},
			keys:   keys("oib", "hr oib", "oib broj", "osobni identifikacijski broj"),
			value:  digitsByKey(0.98, isOIB),
			digits: []digitShape{{layout: "ddddddddddd", valid: isOIB, cued: true, conf: 0.95}},
			cues:   []string{"oib", "osobni identifikacijski"},
			examples: examples{
				positive: []string{"OIB «69435151530»", "oib=«33392005961»", "OIB: «69435151530» potvrđen", `{"oib":"«33392005961»"}`},
				negative: []string{"69435151530", "OIB 69435151531", "void 33392005961", "offset 33392005961"},
			},
		},
		{
			entity: TRTCKN,
			Info: Info{
				Name: "tr_tckn", Class: "tckn", Group: GovernmentID, Compact: true,
				Rule:   "Eleven digits with two check digits, by key or by cue",
				Not:    "Eleven digits without key or cue",
				Source: "Nüfus ve Vatandaşlık İşleri: T.C. kimlik numarası",
			},
			keys:   keys("tckn", "tc kimlik no", "tc kimlik", "kimlik no", "tc kimlik numarasi", "kimlik numarasi", "tc no", "tcno", "turkish id", "vatandaslik no"),
			value:  digitsByKey(0.99, isTCKN),
			digits: []digitShape{{layout: "ddddddddddd", valid: isTCKN, cued: true, conf: 0.97}},
			cues:   []string{"tckn", "kimlik", "turkish id", "turkish", "vatandaş", "kişi", "tc no"},
			examples: examples{
				positive: []string{
					"TC Kimlik No: «10000000146»", "Başvuru sahibinin TCKN numarası «10000000146» olarak tescil edilmiştir.", "Birinci kişi: «10000000146», ikinci kişi: «76543210794»",
					"Turkish ID «10000000146»", "tckn=«36493665440»", "Türk kimlik numarası «36493665440»", `{"tcKimlikNo":"«10000000146»"}`,
				},
				negative: []string{"10000000146", "TCKN 10000000145", "TCKN 02531814694", "TCKN 12345678900", "tcp 10000000146", "offset 36493665440", "tckn 1234567890"},
			},
		},
	}
}

// isPESEL checks the date of birth and the check digit.
func isPESEL(d []byte) bool {
	if !allDigits(d, 11) || allSame(d) {
		return false
	}
	if !isDay(number(d[2:4])%20, number(d[4:6])) {
		return false
	}
	return dot(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// isNIP checks the check digit, which is never 10.
func isNIP(d []byte) bool {
	return allDigits(d, 10) && d[0] != '0' && !allSame(d) && dot(d, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == int(d[9]-'0')
}

// isREGON checks nine digits, and the five of a branch.
func isREGON(d []byte) bool {
	switch {
	case allDigits(d, 9):
		return !allSame(d) && dot(d, 8, 9, 2, 3, 4, 5, 6, 7)%11%10 == int(d[8]-'0')
	case allDigits(d, 14):
		return isREGON(d[:9]) && dot(d, 2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)%11%10 == int(d[13]-'0')
	}
	return false
}

// isCNP checks sex and century, date of birth, county and check digit.
func isCNP(d []byte) bool {
	if !allDigits(d, 13) || d[0] == '0' || !isMonthDay(d[3:7]) {
		return false
	}
	if county := number(d[7:9]); county == 0 || county > 52 && county != 70 && county < 80 || county > 83 {
		return false
	}
	check := dot(d, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if check == 10 {
		check = 1
	}
	return check == int(d[12]-'0')
}

// isBirth reports whether four digits are month and day of birth; the month counts 50 more for women, and 20 more where
// the serials of a day had run out.
func isBirth(d []byte) bool {
	month := number(d[:2]) % 50
	return isDay(month, number(d[2:4])) || isDay(month-20, number(d[2:4]))
}

// isRC checks a number of ten digits, as since 1954.
func isRC(d []byte) bool {
	return allDigits(d, 10) && isBirth(d[2:6]) && (rest(d, 11) == 0 || rest(d[:9], 11) == 10 && d[9] == '0')
}

// isUntimedRC is isRC without what reads as date and time.
func isUntimedRC(d []byte) bool { return isRC(d) && !isTimeOfDay(d[6:]) }

// isOldRC checks a number of nine digits, which has no check digit.
func isOldRC(d []byte) bool {
	return allDigits(d, 9) && number(d[:2]) < 54 && isBirth(d[2:6]) && number(d[6:]) > 0
}

// isEGN checks the date of birth, whose month counts 20 more before 1900 and 40 more since 2000, and the check digit.
func isEGN(d []byte) bool {
	if !allDigits(d, 10) {
		return false
	}
	month := number(d[2:4])
	if month > 52 || !isDay(month%20, number(d[4:6])) {
		return false
	}
	return dot(d, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == int(d[9]-'0')
}

func isOIB(d []byte) bool { return allDigits(d, 11) && !allSame(d) && hybrid11(d) }

// isTCKN checks both check digits.
func isTCKN(d []byte) bool {
	if !allDigits(d, 11) || d[0] == '0' || allSame(d) {
		return false
	}
	tenth := (7*dot(d, 1, 0, 1, 0, 1, 0, 1, 0, 1) - dot(d, 0, 1, 0, 1, 0, 1, 0, 1) + 100) % 10
	return tenth == int(d[9]-'0') && dot(d, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10 == int(d[10]-'0')
}
