package detect

import "strings"

// The entities of this family: the United Kingdom.
const (
	UKNHS Entity = iota + endGovernmentUS
	UKNINO
	UKPassport
	UKDriversLicense
	UKPostcode
	endGovernmentUK
)

func governmentUKRules() []rule {
	return []rule{
		{
			entity: UKNHS,
			Info: Info{
				Name: "uk_nhs", Class: "nhs", Group: Health, Compact: true,
				Rule:   "Ten digits with mod 11 in the 3-3-4 layout, by key or by cue",
				Not:    "Ten digits without layout, key or cue: one number in eleven passes the check, epoch seconds among them",
				Source: "NHS data dictionary: NHS NUMBER",
			},
			keys:  keys("nhs number", "nhs no", "nhs", "nhs num", "nhs id"),
			value: digitsByKey(0.99, isNHS),
			digits: []digitShape{
				{layout: "ddd ddd dddd", valid: isNHS, conf: 0.85},
				{layout: "ddd-ddd-dddd", valid: isNHS, cued: true, conf: 0.96},
				{layout: "dddddddddd", valid: isNHS, cued: true, conf: 0.96},
			},
			cues: []string{"nhs", "patient", "national health", "health number", "health record"},
			examples: examples{
				positive: []string{"NHS number «943 476 5919»", "nhs_number=«9434765919»", "patient «943 476 5919» admitted"},
				negative: []string{"943 476 5918", "at 9434765919 ms", "nhs_number=9434765910", "epoch 1700000000", "health check 9434765919"},
			},
		},
		{
			entity: UKNINO,
			Info: Info{
				Name: "uk_nino", Class: "nino", Group: GovernmentID, Compact: true,
				Rule:   "Two letters that HMRC allows, six digits and A, B, C or D",
				Not:    "Prefixes that HMRC does not issue (BG, GB, NK, ...), suffixes after D, hexadecimal strings",
				Source: "HMRC National Insurance Manual NIM39110",
			},
			keys:  keys("nino", "national insurance number", "national insurance no", "national insurance", "ni number", "ni no", "uk nino"),
			value: shapeByKey(0.99, isNINO),
			shapes: []shape{
				{layout: "LL dd dd dd L", valid: isNINO, conf: 0.95},
				{layout: "LL-dd-dd-dd-L", valid: isNINO, conf: 0.95},
				{layout: "LL dddddd L", valid: isNINO, conf: 0.95},
				{layout: "LLddddddL", valid: isNINO, conf: 0.86},
				{layout: "LLddddddL", valid: isWordyNINO, folded: true, conf: 0.8},
				{layout: "LL ddddddL", valid: isNINO, cued: true, conf: 0.95},
				{layout: "LLdddddd L", valid: isNINO, cued: true, conf: 0.95},
			},
			cues:   []string{"nino", "national insurance", "insurance number", "ni no", "ni number", "hmrc"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"NI number «AB 12 34 56 C»", "nino: «PR 123612C»", "«AA 12 34 56 B»", "nino=«AB123456C»", `{"nationalInsuranceNumber":"«ab123456c»"}`,
					"employee «JG103759A» on payroll", "national insurance «tw987654a»", "«tw987654a»",
				},
				negative: []string{
					"AA 12 34 56 H", "AB 12 34 56 1", "ab1234561", "nino: nt 99 88 77 a", "BG123456A", "DA123456A", "AO123456A", "commit ab123456c", "part AB123456C", "AB123456C.jar", "x-AB123456C", "AB123456C-01",
					"base64 aGVsbG8+AB123456C/", "AB123456CD", "AB123456C=",
				},
			},
		},
		{
			entity: UKPassport,
			Info: Info{
				Name: "uk_passport", Class: "ukpassport", Group: GovernmentID, Compact: true,
				Rule:   "Two letters and seven digits, or nine digits, by key or by cue",
				Not:    "Nine digits without the words for such a passport",
				Source: "HM Passport Office, ICAO Doc 9303",
			},
			keys:   keys("uk passport", "uk passport number", "uk passport no", "gb passport", "gb passport number", "gb passport no", "british passport", "british passport number"),
			value:  shapeByKey(0.95, isUKPassport),
			digits: []digitShape{{layout: "ddddddddd", cued: true, cues: []string{"uk passport", "gb passport", "british passport"}, conf: 0.92}},
			shapes: []shape{{layout: "LLddddddd", cued: true, conf: 0.86}},
			cues:   []string{"passport", "travel document"},
			examples: examples{
				positive: []string{"My passport number is «CD7654321» and it expires soon", "uk_passport=«925665416»", "british_passport_number: «533380006»", "UK passport no. «615116086»", "gbPassportNo=«659063702»"},
				negative: []string{"ABC123456", "123456789", "AB 1234567", "1234567AB", "passport XYZAB1234567QRS", "CD7654321", "passport-local CD7654321-1"},
			},
		},
		{
			entity: UKDriversLicense,
			Info: Info{
				Name: "uk_drivers_license", Class: "ukdl", Group: GovernmentID, Compact: true,
				Rule:   "Sixteen characters: surname, date of birth and initials at their places",
				Not:    "Sixteen capitals and digits whose date of birth or initials are none",
				Source: "DVLA: driver number, INF 45/1",
			},
			keys:  keys("uk drivers license", "uk driving licence", "uk drivers licence", "dvla number", "driver number"),
			value: ukLicenseByKey,
			shapes: []shape{
				{layout: "LxxxxddddddLxxLL", valid: isUKLicense, folded: true, conf: 0.95},
				{layout: "Lxxxx dddddd LxxLL", valid: isUKLicense, folded: true, conf: 0.95},
				{layout: "Lxxxx-dddddd-LxxLL", valid: isUKLicense, folded: true, conf: 0.95},
			},
			cues: []string{"driver license", "driver licence", "driving licen", "dvla", "licence"},
			examples: examples{
				positive: []string{
					"«MORGA657054SM9IJ»", "Licence: «MORGA607054SM9IJ» ok", "driver «FO999512018AA1AB» banned", "«morga607054sm9ij»", "driver_number=«JONES710153J99EF»", "DVLA «MORGA 657054 SM9IJ»",
				},
				negative: []string{
					"MORGA600054SM9IJ", "MORGA613054SM9IJ", "MORGA650054SM9IJ", "MORGA601324SM9IJ", "MORGA65705SM9IJ", "MORGA6570544SM9IJ", "i-MORGA657054SM9IJ", "MORG9A57054SM9IJ", "F9O99512018AA1AB",
				},
			},
		},
		{
			entity: UKPostcode,
			Info: Info{
				Name: "uk_postcode", Class: "postcode", Group: Personal, Compact: true,
				Rule:   "Postcode area, district and inward code with a space between; short or joined ones by key or cue",
				Not:    "Short or joined codes without key or cue: models, gates, shelves; areas Royal Mail does not have",
				Source: "BS 7666, Royal Mail Programmers' Guide to PAF",
			},
			keys:  keys("uk postcode"),
			value: shapeByKey(0.9, isPostcode),
			shapes: []shape{
				{layout: "LLdL dLL", valid: isPostcode, conf: 0.8},
				{layout: "LLdd dLL", valid: isPlainPostcode, conf: 0.8},
				{layout: "LLd dLL", valid: isPlainPostcode, conf: 0.75},
				{layout: "Ldd dLL", valid: isPlainPostcode, conf: 0.75},
				{layout: "LdL dLL", valid: isPlainPostcode, conf: 0.75},
				{layout: "LLL dLL", valid: isPostcode, conf: 0.8},
				{layout: "LLd dLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "Ldd dLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "LdL dLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "Ld dLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "LLdLdLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "LLdddLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "LLddLL", valid: isPostcode, cued: true, conf: 0.9},
				{layout: "LdddLL", valid: isPostcode, cued: true, conf: 0.9},
			},
			cues:   []string{"postcode", "post code", "postal", "united kingdom"},
			vetoes: append(append([]string{"type", "port", "slot"}, versionNouns...), numberNouns...),
			examples: examples{
				positive: []string{
					"My address is «SW1A 1AA» in London", "From «SW1A 1AA» to «EC1A 1BB»", "deliver to «DN55 1PT»", "postcode=«M1 1AE»", `{"postcode":"«b33 8th»"}`, "address.postcode|«M1 1AE»", "«GIR 0AA»", "postcode «DN551PT»", "postal code «E1 6AN»",
				},
				negative: []string{
					"QA1 1AA", "VA1 1AA", "M1 1CA", "M1 1AI", "1A1 1AA", "S3 1GB", "L2 2TB", "pod web-7f9c SW1A1AA", "RG45 6XX.log", "BS7 2ND attempt", "node CT12 3RD try", "ip-DN55 1PT-x", "sw1a 1aa",
				},
			},
		},
	}
}

// isNHS checks ten digits modulo 11 with weights 10 to 2.
func isNHS(d []byte) bool {
	if len(d) != 10 || allSame(d) {
		return false
	}
	check := 11 - weighted(d[:9], 10)%11
	return check%11 == int(d[9]-'0') && check != 10
}

// isNINO checks the prefix and the suffix.
func isNINO(c []byte) bool {
	if len(c) != 9 || !fits("LLddddddL", c) || c[8] > 'D' {
		return false
	}
	if strings.IndexByte("DFIQUV", c[0]) >= 0 || strings.IndexByte("DFIOQUV", c[1]) >= 0 {
		return false
	}
	switch string(c[:2]) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return !allSame(c[2:8])
}

// isWordyNINO is isNINO with a letter that no hexadecimal number has.
func isWordyNINO(c []byte) bool { return isNINO(c) && (c[0] > 'F' || c[1] > 'F') }

func isUKPassport(c []byte) bool { return allDigits(c, 9) || len(c) == 9 && fits("LLddddddd", c) }

var ukLicenseByKey = shapeByKey(0.97, isUKLicense)

// isUKLicense checks the surname, which 9 fills up, the date of birth, whose month counts 50 more for women, and the
// initials, which 9 fills up.
func isUKLicense(c []byte) bool {
	if len(c) != 16 || !fits("LxxxxddddddLxxLL", c) || isDigit(c[12]) && c[12] != '9' {
		return false
	}
	for i := 1; i < 5; i++ {
		if isDigit(c[i]) && c[i] != '9' || isLetter(c[i]) && c[i-1] == '9' {
			return false
		}
	}
	month := number(c[6:8])
	if month > 50 {
		month -= 50
	}
	return isDay(month, number(c[8:10]))
}

// postcodeAreas are the 124 areas of Royal Mail, with the crown dependencies.
var postcodeAreas = func() map[string]bool {
	areas := map[string]bool{}
	for _, a := range strings.Fields(`AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX
		FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX
		PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE`) {
		areas[a] = true
	}
	return areas
}()

// isPostcode checks the area, the letter after the district and the inward code.
func isPostcode(c []byte) bool {
	n := len(c) - 3
	if n < 2 || n > 4 || !fits("dLL", c[n:]) {
		return false
	}
	for _, b := range c[n+1:] {
		if strings.IndexByte("CIKMOV", b) >= 0 {
			return false
		}
	}
	if string(c[:n]) == "GIR" {
		return string(c[n:]) == "0AA"
	}
	letters := 1
	if isLetter(c[1]) {
		letters = 2
	}
	if letters == n || !postcodeAreas[string(c[:letters])] {
		return false
	}
	district := c[letters:n]
	switch len(district) {
	case 1:
		return isDigit(district[0])
	case 2:
		if isDigit(district[0]) && isDigit(district[1]) {
			return district[0] != '0'
		}
		return isDigit(district[0]) && (letters == 1 && strings.IndexByte("ABCDEFGHJKPSTUW", district[1]) >= 0 ||
			letters == 2 && strings.IndexByte("ABEHMNPRVWXY", district[1]) >= 0)
	}
	return false
}

// isPlainPostcode is isPostcode without those whose inward code reads as a size, an ordinal or a placeholder: 1GB, 2ND, 5XX.
func isPlainPostcode(c []byte) bool {
	switch string(c[len(c)-2:]) {
	case "GB", "TB", "PB", "EB", "ST", "ND", "RD", "TH", "XX", "HZ", "GP", "NS", "US", "PX", "EX":
		return false
	}
	return isPostcode(c)
}
