package detect

// The entities of this family: Singapore, Japan, China, Thailand and the Philippines.
const (
	SGNRIC Entity = iota + endGovernmentKorea
	SGUEN
	JPMyNumber
	CNRIC
	THTNIN
	PHTIN
	endGovernmentAsia
)

func governmentAsiaRules() []rule {
	return []rule{
		{
			entity: SGNRIC,
			Info: Info{
				Name: "sg_nric", Class: "nric", Group: GovernmentID, Compact: true,
				Rule:   "S, T, F, G or M, seven digits and the check letter, by key or by cue",
				Not:    "A letter, seven digits and a letter without key or cue: codes of products look the same",
				Source: "ICA and MOM of Singapore: NRIC and FIN; M since 2022",
			},
			keys:   keys("nric", "nric number", "nric no", "nric fin", "sg nric", "fin number", "fin no", "singpass id", "ic number"),
			value:  shapeByKey(0.99, isNRIC),
			shapes: []shape{{layout: "LdddddddL", valid: isNRIC, cued: true, conf: 0.97}},
			cues:   []string{"nric", "fin ", "singapore", "identity card", "singpass", "身份证", "kad pengenalan"},
			alone:  aloneIn(isNRIC, "LdddddddL"),
			examples: examples{
				positive: []string{"NRIC «S1234567D»", "nric=«s1234567d»", "FIN: «G1234567X»", "Singapore worker «M4332674T»", `{"nricFin":"«F1234567N»"}`, "身份证 «T0000001E»"},
				negative: []string{"order S1234567D", "NRIC S1234567A", "sku S1234567D", "NRIC A1234567Z", "pod fin-s1234567d-x", "nric B1234567Z"},
			},
		},
		{
			entity: SGUEN,
			Info: Info{
				Name: "sg_uen", Class: "uen", Group: GovernmentID, Compact: true,
				Rule:   "Year, kind of entity and check letter; those of businesses and local companies by key or cue",
				Not:    "Numbers of companies without key or cue; years to come",
				Source: "ACRA: Unique Entity Number, formats A, B and C",
			},
			keys:  keys("uen", "uen number", "uen no", "unique entity number", "sg uen", "acra number"),
			value: shapeByKey(0.98, isUEN),
			shapes: []shape{
				{layout: "LddLLddddL", valid: isUEN, conf: 0.93},
				{layout: "LddLLddddL", valid: isUEN, folded: true, cued: true, conf: 0.97},
				{layout: "ddddddddL", valid: isUEN, cued: true, conf: 0.96},
				{layout: "dddddddddL", valid: isUEN, cued: true, conf: 0.96},
			},
			cues:   []string{"uen ", "unique entity", "acra"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"UEN «T16RF0037C»", "vendor «R16RF0037F» added", "uen=«00192200M»", "UEN: «197401143C»", `{"uen":"«S16FC0121D»"}`},
				negative: []string{"T16RF0037D", "R16RF0037E", "00192200M", "197401143C", "UEN 197401143D", "sku T16RF0037C", "queen 197401143C"},
			},
		},
		{
			entity: JPMyNumber,
			Info: Info{
				Name: "jp_my_number", Class: "mynumber", Group: GovernmentID, Compact: true,
				Rule:   "Twelve digits with mod 11, by key or by cue",
				Not:    "Twelve digits without its key or cue; a wrong check digit",
				Source: "総務省令第85号 (2014), 第5条: 個人番号の検査用数字",
			},
			keys:  keys("my number", "mynumber", "individual number", "jp my number", "kojin bango", "kojin bangou", "my number card", "japan my number"),
			value: digitsByKey(0.98, isMyNumber),
			digits: []digitShape{
				{layout: "dddd dddd dddd", valid: isMyNumber, cued: true, conf: 0.975},
				{layout: "dddd-dddd-dddd", valid: isMyNumber, cued: true, conf: 0.975},
				{layout: "dddddddddddd", valid: isMyNumber, cued: true, conf: 0.96},
			},
			cues: []string{"my number", "mynumber", "individual number", "kojin bang", "マイナンバー", "個人番号", "マイナ"},
			examples: examples{
				positive: []string{"マイナンバー: «1234 5678 9018»", "my_number=«123456789018»", "個人番号「«123456789018»」を登録", "My Number «1234-5678-9018»", `{"マイナンバー":"«123456789018»"}`, `{"myNumber":"«123456789018»"}`},
				negative: []string{"123456789018", "my number 123456789017", "offset 123456789018", "マイナンバー 000000000000", "dummy number1 block 1234567890189"},
			},
		},
		{
			entity: CNRIC,
			Info: Info{
				Name: "cn_ric", Class: "cnid", Group: GovernmentID, Compact: true,
				Rule:   "Region, date of birth and ISO 7064 mod 11-2 over 17 digits; the old ones of 15 by key or cue",
				Not:    "Eighteen digits of no province or date; a wrong check character",
				Source: "GB 11643-1999, GB/T 2260",
			},
			keys: keys("resident identity card", "resident identity card number", "cn ric", "chinese id", "chinese id number", "china id", "sfz", "shenfenzheng", "shenfenzhenghao",
				"sfzh", "id card cn", "citizen identification number", "cn id card", "resident id card"),
			value:  shapeByKey(0.99, isAnyRIC),
			digits: []digitShape{{layout: "dddddddddddddddddd", valid: isRIC, conf: 0.92}, {layout: "ddddddddddddddd", valid: isOldRIC, cued: true, conf: 0.9}},
			shapes: []shape{
				{layout: "dddddddddddddddddL", valid: isRIC, folded: true, conf: 0.95},
			},
			cues:   []string{"resident identity", "identity card", "id card", "chinese id", "shenfenzheng", "sfz ", "身份证", "身份證", "居民身份", "公民身份"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"身份证号 «11010519491231002X»", "用户 «440308199901101512» 登录", "sfzh=«11010519491231002x»", `{"身份证号":"«440308199901101512»"}`, "身份证号码：«440308199901101512»", "resident identity card «130503670401001»", `{"residentIdentityCard":"«11010519491231002X»"}`,
				},
				negative: []string{"110105194912310021", "11010519491331002X", "991105194912310029", "order 440308199901101512", "130503670401001", "snowflake 175928847299117063", "trace 440308199901101512ab", "blk_440308199901101512"},
			},
		},
		{
			entity: THTNIN,
			Info: Info{
				Name: "th_tnin", Class: "thaiid", Group: GovernmentID, Compact: true,
				Rule:   "Kind, province and mod 11 in the 1-4-5-2-1 layout; bare digits by key or cue",
				Not:    "Thirteen digits without layout, key or cue",
				Source: "กรมการปกครอง: เลขประจำตัวประชาชน",
			},
			keys:  keys("tnin", "thai id", "thai id number", "thai national id", "thai id card", "th tnin", "thai citizen id", "thai national id number"),
			value: digitsByKey(0.99, isKeyedTNIN),
			digits: []digitShape{
				{layout: "d-dddd-ddddd-dd-d", valid: isTNIN, conf: 0.95},
				{layout: "d dddd ddddd dd d", valid: isTNIN, conf: 0.92},
				{layout: "ddddddddddddd", valid: isTNIN, cued: true, conf: 0.96},
			},
			cues: []string{"tnin", "thai id", "thai national", "thai citizen", "บัตรประชาชน", "เลขประจำตัว", "ประชาชน", "เลขบัตร"},
			examples: examples{
				positive: []string{"My Thai ID is «1234567890121»", "Thai National ID «1234567890121»", "ลูกค้า «1-2345-67890-12-1»", "tnin=«1234567890121»", "เลขประจำตัวประชาชน «1234567890121»", `{"thaiIdNumber":"«1-2345-67890-12-1»"}`},
				negative: []string{"1234567890121", "Thai ID 1234567890123", "1-2345-67890-12-2", "epoch 1700000000000", "thai id 9234567890121", "Thai ID 123456789012a", "Thai ID 1284567890124"},
			},
		},
		{
			entity: PHTIN,
			Info: Info{
				Name: "ph_tin", Class: "phtin", Group: GovernmentID, Compact: true,
				Rule:   "Nine digits and a branch of 3 to 5 by key; with mod 11 by cue, or alone in groups with a branch below 10",
				Not:    "Nine or twelve digits without its key or cue",
				Source: "BIR Revenue Regulations 7-2012, RMC 4-2021",
			},
			keys:  keys("ph tin", "bir tin", "philippine tin", "bir tin number", "ph tin number"),
			value: digitsByKey(0.96, isKeyedTIN),
			digits: []digitShape{
				{layout: "ddd-ddd-ddd-ddd", valid: isFirstBranchTIN, conf: 0.85},
				{layout: "ddd-ddd-ddd-ddddd", valid: isFirstBranchTIN, conf: 0.87},
				{layout: "ddd-ddd-ddd", valid: isPhilippineTIN, cued: true, conf: 0.96},
				{layout: "ddd-ddd-ddd-ddd", valid: isPhilippineTIN, cued: true, conf: 0.97},
				{layout: "ddd-ddd-ddd-ddddd", valid: isPhilippineTIN, cued: true, conf: 0.97},
				{layout: "ddd ddd ddd", valid: isPhilippineTIN, cued: true, conf: 0.93},
				{layout: "ddd ddd ddd ddd", valid: isPhilippineTIN, cued: true, conf: 0.95},
				{layout: "ddddddddd", valid: isPhilippineTIN, cued: true, conf: 0.93},
				{layout: "dddddddddddd", valid: isPhilippineTIN, cued: true, conf: 0.93},
				{layout: "dddddddddddddd", valid: isPhilippineTIN, cued: true, conf: 0.93},
			},
			cues:   []string{"tin ", "bir ", "tax id", "taxpayer id"},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{"My TIN is «000-123-456-000»", "TIN: «000123456»", "BIR TIN: «000123456000»", "Tax ID: «000-123-456-001»", "Please use «000-123-456-000» as your ID", `{"tinNumber":"«000-123-456-00000»"}`, "ph_tin=«000123456000»", "bir_tin=«778-230-530»"},
				negative: []string{"Invalid TIN 000-123-457-000", "Not a TIN 123456789", "000-123-456", "000123456", "000-123-456-789", "printing 000123456000", "part 000-123-456-000"},
			},
		},
	}
}

// isNRIC checks the check letter, of which residents, foreigners until 2021 and those since then have a table each.
func isNRIC(c []byte) bool {
	if len(c) != 9 || !fits("LdddddddL", c) || allSame(c[1:8]) {
		return false
	}
	sum := dot(c[1:], 2, 7, 6, 5, 4, 3, 2)
	letters := "JZIHGFEDCBA"
	switch c[0] {
	case 'S':
	case 'T':
		sum += 4
	case 'F':
		letters = "XWUTRQPNMLK"
	case 'G':
		sum += 4
		letters = "XWUTRQPNMLK"
	case 'M':
		sum += 3
		letters = "XWUTRQPNJLK"
	default:
		return false
	}
	return letters[sum%11] == c[8]
}

// uenKinds are the kinds of entity of the third format.
const uenKinds = "CC CD CH CL CM CP CS CX DP FB FC FM FN GA GB GS HS LL LP MB MC MD MH MM MQ NB NR PA PB PF RF RP SM SS TC TU VH XL "

// isUEN checks the number of a business (eight digits), of a local company (year and five digits), or of any other
// entity (year, kind and four digits), each with its check letter.
func isUEN(c []byte) bool {
	switch {
	case len(c) == 9 && allDigits(c[:8], 8):
		return !allSame(c[:8]) && "XMKECAWLJDB"[dot(c, 10, 4, 9, 3, 8, 2, 7, 1)%11] == c[8]
	case len(c) == 10 && allDigits(c[:9], 9):
		year := number(c[:4])
		return year >= 1880 && year < 2100 && "ZKCMDNERGWH"[dot(c, 10, 8, 6, 4, 9, 7, 5, 3, 1)%11] == c[9]
	case len(c) == 10 && fits("LddLLddddL", c):
		if !has("RST", c[0]) || !inTable(uenKinds, c[3:5]) {
			return false
		}
		const values = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
		sum := -5
		for i, w := range [...]int{4, 3, 5, 3, 10, 2, 2, 5, 7} {
			for v := range len(values) {
				if values[v] == c[i] {
					sum += v * w
				}
			}
		}
		return values[(sum%11+11)%11] == c[9]
	}
	return false
}

// isMyNumber checks the last digit: weights 6 to 2, then 7 to 2.
func isMyNumber(d []byte) bool {
	if !allDigits(d, 12) || allSame(d) {
		return false
	}
	r := dot(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	return d[11] == '0' && r <= 1 || r > 1 && 11-r == int(d[11]-'0')
}

// isChineseRegion reports whether the first two digits are a province, a municipality, a region, or one of those outside.
func isChineseRegion(d []byte) bool {
	n := number(d[:2])
	switch {
	case n >= 11 && n <= 15, n >= 21 && n <= 23, n >= 31 && n <= 37, n >= 41 && n <= 46, n >= 50 && n <= 54, n >= 61 && n <= 65:
		return true
	}
	return n == 71 || n >= 81 && n <= 83
}

// isRIC checks region, date of birth and the check, which is a digit or X.
func isRIC(c []byte) bool {
	if len(c) != 18 || !allDigits(c[:17], 17) || !isChineseRegion(c) {
		return false
	}
	if year := number(c[6:10]); year < 1900 || year > 2035 || !isMonthDay(c[10:14]) {
		return false
	}
	return "10X98765432"[dot(c, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11] == c[17]
}

// isOldRIC checks a number as before 1999: a year of two digits and no check.
func isOldRIC(d []byte) bool {
	return allDigits(d, 15) && isChineseRegion(d) && isMonthDay(d[8:12])
}

func isAnyRIC(c []byte) bool { return isRIC(c) || isOldRIC(c) }

// isTNIN checks the kind of holder, the province and the check digit.
func isTNIN(d []byte) bool {
	if !allDigits(d, 13) || d[0] == '0' || d[0] == '9' || allSame(d) {
		return false
	}
	switch n := number(d[1:3]); {
	case n < 10, n == 28, n == 29, n == 59, n == 68, n == 69, n == 78, n == 79, n >= 87 && n <= 89, n > 96:
		return false
	}
	return isKeyedTNIN(d)
}

// isKeyedTNIN checks the check digit.
func isKeyedTNIN(d []byte) bool {
	return allDigits(d, 13) && !allSame(d) && (11-weighted(d[:12], 13)%11)%10 == int(d[12]-'0')
}

// isKeyedTIN checks the count of digits: the authority publishes no check, and a key says enough.
func isKeyedTIN(d []byte) bool {
	n := len(d)
	return (n == 9 || n >= 12 && n <= 14) && allDigits(d, n) && number(d[:9]) != 0
}

// isPhilippineTIN checks nine digits by mod 11, after which a branch of three to five may stand.
func isPhilippineTIN(d []byte) bool {
	if n := len(d); n != 9 && n != 12 && n != 13 && n != 14 || !allDigits(d, n) || number(d[:9]) == 0 {
		return false
	}
	return weighted(d[:8], 9)%11 == int(d[8]-'0') && !allSame(d[:9])
}

// isFirstBranchTIN is isPhilippineTIN with one of the first branches.
func isFirstBranchTIN(d []byte) bool { return isPhilippineTIN(d) && number(d[9:]) < 10 }
