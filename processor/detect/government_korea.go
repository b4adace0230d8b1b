package detect

// The entities of this family: South Korea.
const (
	KRRRN Entity = iota + endGovernmentIndia
	KRFRN
	KRBRN
	KRPassport
	KRDriversLicense
	endGovernmentKorea
)

func governmentKoreaRules() []rule {
	return []rule{
		{
			entity: KRRRN,
			Info: Info{
				Name: "kr_rrn", Class: "rrn", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and sex with mod 11 in the 6-7 layout; bare, or without the check that those since October 2020 lack, by key or cue",
				Not:    "Dates with a time of day; thirteen digits without layout, key or cue",
				Source: "주민등록법 시행규칙 제2조; 행정안전부 2020",
			},
			keys: keys("rrn", "resident registration number", "korean resident registration number", "kr rrn", "jumin", "jumin number", "jumin no", "jumin bunho",
				"juminno", "resident registration no"),
			value: digitsByKey(0.99, isRRN),
			digits: []digitShape{
				{layout: "dddddd-ddddddd", valid: isCheckedRRN, conf: 0.9},
				{layout: "dddddd-ddddddd", valid: isRRN, cued: true, conf: 0.97},
				{layout: "dddddd ddddddd", valid: isRRN, cued: true, conf: 0.95},
				{layout: "ddddddddddddd", valid: isRRN, cued: true, conf: 0.95},
			},
			cues:   []string{"rrn ", "jumin", "resident registration", "주민"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"주민등록번호 «971013-9019902»", "가입자 «850912-2000014»", "주민번호 «050912-2000019»", "rrn=«0509122000019»", "resident registration number «960121-1021413»", `{"juminNo":"«971013-9019902»"}`, `{"주민등록번호":"«960121-1021413»"}`,
				},
				negative: []string{"961321-1021413", "dump-230115-1042123", "230115-1042125", "0509122000019", "ts=1700000000000", "rrn 960303-0021413x", "960111-10214131", "960121+1021413", "051102-9234110"},
			},
		},
		{
			entity: KRFRN,
			Info: Info{
				Name: "kr_frn", Class: "frn", Group: GovernmentID, Compact: true,
				Rule:   "Date of birth and 5 to 8 for a foreigner with mod 11 in the 6-7 layout; bare, or without the check, by key or cue",
				Not:    "Dates with a time of day; thirteen digits without layout, key or cue",
				Source: "출입국관리법 시행규칙 제47조의3",
			},
			keys:  keys("frn", "foreigner registration number", "alien registration number kr", "kr frn", "foreign registration number", "korean frn"),
			value: digitsByKey(0.99, isFRN),
			digits: []digitShape{
				{layout: "dddddd-ddddddd", valid: isCheckedFRN, conf: 0.9},
				{layout: "dddddd-ddddddd", valid: isFRN, cued: true, conf: 0.97},
				{layout: "dddddd ddddddd", valid: isFRN, cued: true, conf: 0.95},
				{layout: "ddddddddddddd", valid: isFRN, cued: true, conf: 0.95},
			},
			cues:   []string{"frn ", "foreigner registration", "foreign registration", "alien registration", "외국인"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"His Korean FRN is «911124-5678901»", "frn=«9111245678901»", "외국인등록번호 «911124-5678906»", `{"foreignerRegistrationNumber":"«911124-5678901»"}`, "His FRN is «9111245678906»"},
				negative: []string{"911324-5678901", "9111245678901", "job-911124-5678901", "960111-50214131", "FRN 911124-9678901", "offset 9111245678906"},
			},
		},
		{
			entity: KRBRN,
			Info: Info{
				Name: "kr_brn", Class: "krbrn", Group: GovernmentID, Compact: true,
				Rule:   "Ten digits with mod 10 in the 3-2-5 layout; bare digits by key or cue",
				Not:    "Ten digits without layout, key or cue; a wrong check digit",
				Source: "국세청: 사업자등록번호",
			},
			keys:  keys("brn", "business registration number", "business registration no", "kr brn", "korean brn", "biz reg no", "biz reg number", "saupja number", "business reg no"),
			value: digitsByKey(0.98, isBRN),
			digits: []digitShape{
				{layout: "ddd-dd-ddddd", valid: isBRN, conf: 0.86},
				{layout: "ddd dd ddddd", valid: isBRN, cued: true, conf: 0.95},
				{layout: "dddddddddd", valid: isBRN, cued: true, conf: 0.95},
			},
			cues:   []string{"brn ", "business registration", "사업자"},
			vetoes: append([]string{"isbn", "account", "acct"}, numberNouns...),
			examples: examples{
				positive: []string{"My BRN is «1048656659»", "공급자 «104-86-56659»", "brn=«1048656659»", "사업자등록번호: «116-82-00276»", `{"businessRegistrationNumber":"«116-82-00276»"}`},
				negative: []string{"104-86-56658", "1048656659", "110-81-4127A", "order 104-86-56659", "v104-86-56659", "104-00-56659", "part 104-86-56659-2"},
			},
		},
		{
			entity: KRPassport,
			Info: Info{
				Name: "kr_passport", Class: "krpassport", Group: GovernmentID, Compact: true,
				Rule:   "A letter of the kind of passport, three digits, a letter and four digits, or eight digits; kinds other than M and S, and the digits, by key or cue",
				Not:    "A letter and eight digits without key or cue",
				Source: "외교부: 차세대 전자여권 2021",
			},
			keys:  keys("kr passport", "korean passport", "korean passport number", "korea passport", "kr passport number"),
			value: shapeByKey(0.97, isKoreanPassport),
			shapes: []shape{
				{layout: "LdddLdddd", valid: isCommonKoreanPassport, conf: 0.78},
				{layout: "LdddLdddd", valid: isKoreanPassport, cued: true, conf: 0.95},
				{layout: "Ldddddddd", valid: isKoreanPassport, cued: true, conf: 0.9},
			},
			cues:   []string{"korean", "passport no", "passport number", "여권"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"«M123A4567»", "My passport number is «M123A4567»", "대한민국 여권 «S87654321»", "korean_passport=«D123B4567»", "«M123A4567» and «M456B7890»", `{"여권번호":"«G123A4567»"}`},
				negative: []string{"A123B4567", "M12A4567", "MM123A4567", "M123A45678", "M123-A4567", "D123A4567", "m123a4567", "model M123A4567", "sku-M123A4567", "S87654321"},
			},
		},
		{
			entity: KRDriversLicense,
			Info: Info{
				Name: "kr_drivers_license", Class: "krlicense", Group: GovernmentID, Compact: true,
				Rule:   "Region 11 to 28, year, serial and two check digits in the 2-2-6-2 layout, by key or by cue",
				Not:    "Twelve digits in its layout without key or cue",
				Source: "도로교통법 시행규칙: 운전면허증",
			},
			keys:  keys("kr drivers license", "korean drivers license", "korean driver license", "kr driver license number", "kr drivers license number"),
			value: digitsByKey(0.97, isKoreanLicense),
			digits: []digitShape{
				{layout: "dd-dd-dddddd-dd", valid: isKoreanLicense, cued: true, conf: 0.96},
			},
			cues: []string{"면허", "driver", "driving"},
			examples: examples{
				positive: []string{"운전면허번호 «11-22-123456-12»", "driver license «28-05-654321-60»", "kr_drivers_license=«112212345612»", `{"면허번호":"«13-99-100200-51»"}`},
				negative: []string{"11-22-123456-12", "운전면허 99-22-123456-12", "면허 111-22-123456-12", "driver build 11-22-123456-12-7", "driver 27-22-123456-12", "job 112212345612"},
			},
		},
	}
}

// isKoreanBirth reports whether the first six digits are a date of birth.
func isKoreanBirth(d []byte) bool { return allDigits(d, 13) && isMonthDay(d[2:6]) }

// isRRN checks the date and the digit of sex and century; 9 is of men born before 1900. The digits after it are drawn by
// lot since October 2020.
func isRRN(d []byte) bool {
	return isKoreanBirth(d) && (d[6] >= '1' && d[6] <= '4' || d[6] == '9')
}

// isFRN checks the date and the digit of sex and century of a foreigner.
func isFRN(d []byte) bool { return isKoreanBirth(d) && d[6] >= '5' && d[6] <= '8' }

// koreanSum is the weighted sum of both numbers modulo 11.
func koreanSum(d []byte) int { return dot(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5) % 11 }

// isCheckedRRN is isRRN with the check and the region, and without what reads as date and time of a log.
func isCheckedRRN(d []byte) bool {
	if !isRRN(d) || d[6] == '9' || number(d[7:9]) > 95 || (11-koreanSum(d))%10 != int(d[12]-'0') {
		return false
	}
	return d[6] > '2' || number(d[:2]) >= 40 || !isTimeOfDay(d[6:10])
}

func isCheckedFRN(d []byte) bool {
	return isFRN(d) && (13-koreanSum(d))%10 == int(d[12]-'0')
}

// isBRN checks the code of the office, of the kind of business, and the check digit.
func isBRN(d []byte) bool {
	if !allDigits(d, 10) || number(d[:3]) < 101 || number(d[3:5]) == 0 {
		return false
	}
	sum := dot(d, 1, 3, 7, 1, 3, 7, 1, 3, 5) + int(d[8]-'0')*5/10
	return (10-sum%10)%10 == int(d[9]-'0')
}

// isKoreanPassport checks the kind, and digits with or without the letter among them.
func isKoreanPassport(c []byte) bool {
	return len(c) == 9 && has("MSRODG", c[0]) && (fits("LdddLdddd", c) || allDigits(c[1:], 8) && !allSame(c[1:]))
}

// isCommonKoreanPassport checks a passport of many or of one journey, whose letters are not those of a hexadecimal id.
func isCommonKoreanPassport(c []byte) bool {
	return isKoreanPassport(c) && (c[0] == 'M' || c[0] == 'S') && isLetter(c[4])
}

// isKoreanLicense checks the region that issued the license.
func isKoreanLicense(d []byte) bool {
	if !allDigits(d, 12) {
		return false
	}
	region := number(d[:2])
	return (region >= 11 && region <= 26 || region == 28) && number(d[4:10]) != 0
}
