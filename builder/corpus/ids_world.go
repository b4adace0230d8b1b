package main

import (
	"fmt"
	"strconv"
)

var worldIDs = []id{
	{
		entity: "us_itin", layouts: []string{"###-##-####", "###-##-####", ""}, make: itin,
		keys: []string{"itin", "us_itin", "individual_taxpayer_id", "itin_number"},
		cues: []string{"en:ITIN", "en:individual taxpayer identification number", "en:taxpayer ITIN", "en:IRS ITIN"},
	},
	{
		entity: "us_ein", weak: true, layouts: []string{"##-#######"}, make: func(r *dice) string {
			return pick(r, []string{"12", "20", "27", "36", "45", "61", "75", "84", "94"}) + number(r, 7)
		},
		keys: []string{"ein", "employer_identification_number", "federal_tax_id", "us_ein"},
		cues: []string{"en:EIN", "en:employer identification number", "en:federal tax ID", "en:FEIN"},
	},
	{
		entity: "us_passport", weak: true, make: func(r *dice) string {
			return pick(r, []string{number(r, 9), chars(r, "AXZ", 1) + chars(r, digits, 8)})
		},
		keys: []string{"us_passport", "us_passport_number", "passport_number_us", "american_passport_number"},
		cues: []string{"en:US passport", "en:U.S. passport number", "en:American passport", "en:US passport no."},
	},
	{
		entity: "us_drivers_license", make: func(r *dice) string {
			return pick(r, []string{chars(r, upper, 1) + chars(r, digits, 7), chars(r, upper, 1) + number(r, 12)})
		},
		keys: []string{"drivers_license", "driver_license_number", "us_drivers_license", "dl_number"},
		cues: []string{"en:driver's license", "en:driver license number", "en:DMV license", "en:drivers license no."},
	},
	{
		entity: "us_mbi", layouts: []string{"", "####-###-####"}, make: mbi,
		keys: []string{"mbi", "medicare_beneficiary_identifier", "medicare_number", "medicare_id"},
		cues: []string{"en:MBI", "en:Medicare number", "en:Medicare beneficiary identifier", "en:Medicare ID"},
	},
	{
		entity: "us_npi", checked: true, weak: true, make: npi,
		keys: []string{"npi", "provider_npi", "national_provider_identifier", "npi_number"},
		cues: []string{"en:NPI", "en:provider NPI", "en:national provider identifier", "en:NPI number"},
	},
	{
		entity: "us_dea", checked: true, make: dea,
		keys: []string{"dea", "dea_number", "dea_registration", "prescriber_dea"},
		cues: []string{"en:DEA number", "en:DEA", "en:DEA registration", "en:prescriber DEA no."},
	},
	{
		entity: "ca_sin", checked: true, weak: true, layouts: []string{"### ### ###", "###-###-###", ""}, make: func(r *dice) string {
			b := chars(r, "1234567", 1) + chars(r, digits, 7)
			return b + string(luhn(b))
		},
		keys: []string{"sin", "social_insurance_number", "sin_number", "canadian_sin"},
		cues: []string{"en:SIN", "en:social insurance number", "fr:numéro d'assurance sociale", "fr:NAS"},
	},
	{
		entity: "au_tfn", checked: true, weak: true, layouts: []string{"### ### ###", ""}, make: func(r *dice) string {
			return until(func() (string, int) {
				b := number(r, 8)
				return b, sum(b, 1, 4, 3, 7, 5, 8, 6, 9) % 11 // weight 10 is -1
			})
		},
		keys: []string{"tfn", "tax_file_number", "tfn_number", "employee_tfn"},
		cues: []string{"en:TFN", "en:tax file number", "en:ATO tax file no.", "en:employee TFN"},
	},
	{
		entity: "au_abn", weak: true, layouts: []string{"## ### ### ###", ""}, make: abn,
		keys: []string{"abn", "australian_business_number", "abn_number", "supplier_abn"},
		cues: []string{"en:ABN", "en:Australian business number", "en:supplier ABN", "en:ABN no."},
	},
	{
		entity: "au_acn", checked: true, weak: true, layouts: []string{"### ### ###", ""}, make: func(r *dice) string {
			b := "0" + number(r, 7)
			return b + digit((10-sum(b, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10)
		},
		keys: []string{"acn", "australian_company_number", "acn_number", "company_acn"},
		cues: []string{"en:ACN", "en:Australian company number", "en:company ACN", "en:ACN no."},
	},
	{
		entity: "au_medicare", weak: true, layouts: []string{"#### ##### #", ""}, make: func(r *dice) string {
			b := chars(r, "23456", 1) + chars(r, digits, 7)
			return b + digit(sum(b, 1, 3, 7, 9, 1, 3, 7, 9)%10) + number(r, 1)
		},
		keys: []string{"medicare_card", "au_medicare", "medicare_card_number", "medicare_card_no"},
		cues: []string{"en:Medicare card", "en:Medicare card number", "en:Australian Medicare", "en:Medicare card no."},
	},
	{
		entity: "in_pan", make: indianPAN,
		keys: []string{"pan_number", "pan_card", "permanent_account_number", "pan_no"},
		cues: []string{"en:PAN card", "en:permanent account number", "en:PAN no.", "en:income tax PAN"},
	},
	{
		entity: "in_passport", make: func(r *dice) string {
			return chars(r, "AJKLMNPRSTUVZ", 1) + number(r, 1) + chars(r, digits, 5) + number(r, 1)
		},
		keys: []string{"indian_passport", "passport_no_india", "in_passport_number", "indian_passport_no"},
		cues: []string{"en:Indian passport", "en:Indian passport number", "en:passport (India)", "en:Indian passport no."},
	},
	{
		entity: "in_voter_id", make: func(r *dice) string { return chars(r, upper, 3) + chars(r, digits, 7) },
		keys: []string{"voter_id", "epic_number", "voter_id_number", "epic_no"},
		cues: []string{"en:voter ID", "en:EPIC number", "en:voter card", "en:EPIC no."},
	},
	{
		entity: "in_gstin", checked: true, make: func(r *dice) string {
			b := pick(r, []string{"27", "29", "07", "33", "24", "19"}) + indianPAN(r) + number(r, 1) + "Z"
			return b + gstinCheck(b)
		},
		keys: []string{"gstin", "gst_number", "supplier_gstin", "gst_no"},
		cues: []string{"en:GSTIN", "en:GST number", "en:GST no.", "en:supplier GSTIN"},
	},
	{
		entity: "in_vehicle", make: func(r *dice) string {
			return pick(r, []string{"KA", "MH", "DL", "TN", "GJ", "WB"}) + " " + fmt.Sprintf("%02d", 1+r.IntN(50)) + " " + chars(r, "ABCDEFGHJKLMNPRSTUVWXYZ", 2) + " " + number(r, 4)
		},
		keys: []string{"indian_vehicle_number", "vehicle_reg_no_india", "rto_registration_number", "vahan_vehicle_no"},
		cues: []string{"en:vehicle registration", "en:vehicle no.", "en:RTO registration", "en:registered vehicle"},
	},
	{
		entity: "sg_nric", checked: true, make: nric,
		keys: []string{"nric", "nric_number", "fin_number", "nric_fin"},
		cues: []string{"en:NRIC", "en:NRIC number", "en:FIN", "en:Singapore NRIC"},
	},
	{
		entity: "sg_uen", checked: true, make: uen,
		keys: []string{"uen", "uen_number", "company_uen", "unique_entity_number"},
		cues: []string{"en:UEN", "en:unique entity number", "en:company UEN", "en:ACRA UEN"},
	},
	{
		entity: "kr_rrn", weak: true, layouts: []string{"######-#######", "######-#######", ""}, make: func(r *dice) string { return resident(r, "12", 11) },
		keys: []string{"rrn", "resident_registration_number", "jumin_number", "주민등록번호"},
		cues: []string{"ko:주민등록번호", "ko:주민번호", "en:RRN", "en:resident registration number"},
	},
	{
		entity: "kr_frn", weak: true, layouts: []string{"######-#######", "######-#######", ""}, make: func(r *dice) string { return resident(r, "5678", 13) },
		keys: []string{"frn", "alien_registration_number", "foreigner_registration_number", "외국인등록번호"},
		cues: []string{"ko:외국인등록번호", "ko:외국인 등록번호", "en:foreigner registration number", "en:alien registration number"},
	},
	{
		entity: "kr_brn", checked: true, weak: true, layouts: []string{"###-##-#####", "###-##-#####", ""}, make: brn,
		keys: []string{"brn", "business_registration_number", "biz_reg_no", "사업자등록번호"},
		cues: []string{"ko:사업자등록번호", "ko:사업자번호", "en:Korean business registration number", "en:BRN"},
	},
	{
		entity: "kr_passport", make: func(r *dice) string {
			return "M" + pick(r, []string{chars(r, digits, 8), chars(r, digits, 3) + chars(r, upper, 1) + chars(r, digits, 4)})
		},
		keys: []string{"kr_passport", "korean_passport_number", "여권번호", "korean_passport"},
		cues: []string{"ko:여권번호", "ko:여권 번호", "en:Korean passport", "en:Korean passport number"},
	},
	{
		entity: "kr_drivers_license", layouts: []string{"##-##-######-##"}, make: func(r *dice) string {
			return pick(r, []string{"11", "12", "13", "17", "22", "26"}) + number(r, 10)
		},
		keys: []string{"kr_drivers_license", "korean_driver_license", "운전면허번호", "korean_license_number"},
		cues: []string{"ko:운전면허번호", "ko:면허번호", "en:Korean driver's license", "ko:운전면허"},
	},
	{
		entity: "jp_my_number", checked: true, weak: true, layouts: []string{"", "#### #### ####", "####-####-####"}, make: myNumber,
		keys: []string{"my_number", "kojin_bango", "individual_number", "マイナンバー"},
		cues: []string{"ja:マイナンバー", "ja:個人番号", "en:My Number", "ja:マイナンバー(個人番号)"},
	},
	{
		entity: "cn_ric", checked: true, make: residentIdentity,
		keys: []string{"id_card_no", "resident_id", "身份证号", "shenfenzheng"},
		cues: []string{"zh:身份证号", "zh:身份证号码", "zh:居民身份证", "en:Chinese ID card"},
	},
	{
		entity: "th_tnin", checked: true, weak: true, layouts: []string{"#-####-#####-##-#", ""}, make: func(r *dice) string {
			b := chars(r, "12345678", 1) + chars(r, digits, 11)
			return b + digit((11-sum(b, down(13)...)%11)%10)
		},
		keys: []string{"thai_id", "thai_national_id", "thai_citizen_id", "เลขประจำตัวประชาชน"},
		cues: []string{"th:เลขประจำตัวประชาชน", "th:บัตรประชาชน", "en:Thai national ID", "en:Thai citizen ID"},
	},
	{
		entity: "ph_tin", weak: true, layouts: []string{"###-###-###-###", "###-###-###"}, make: func(r *dice) string {
			return until(func() (string, int) { b := number(r, 8); return b, sum(b, down(9)...) % 11 }) + "000"
		},
		keys: []string{"ph_tin", "philippine_tin", "bir_tin", "tin_ph"},
		cues: []string{"en:BIR TIN", "en:Philippine TIN", "en:TIN (Philippines)", "en:BIR taxpayer TIN"},
	},
	{
		entity: "br_cnpj", weak: true, layouts: []string{"##.###.###/####-##", "##.###.###/####-##", ""}, make: func(r *dice) string {
			b := number(r, 8) + "0001"
			return b + cnpjCheck(b)
		},
		keys: []string{"cnpj", "cnpj_empresa", "numero_cnpj", "cnpj_fornecedor"},
		cues: []string{"pt:CNPJ", "pt:CNPJ da empresa", "pt:CNPJ n.º", "en:CNPJ"},
	},
	{
		entity: "mx_curp", checked: true, make: curp,
		keys: []string{"curp", "clave_curp", "curp_cliente", "numero_curp"},
		cues: []string{"es:CURP", "es:clave CURP", "es:clave única de registro de población", "en:CURP"},
	},
	{
		entity: "mx_rfc", make: func(r *dice) string {
			b := chars(r, "BCDFGHJKLM", 1) + "A" + chars(r, "BCDFGHJKLM", 2) + yymmdd(r) + chars(r, upper+digits, 2)
			return b + rfcCheck(b)
		},
		keys: []string{"rfc", "rfc_cliente", "rfc_emisor", "rfc_receptor"},
		cues: []string{"es:RFC", "es:registro federal de contribuyentes", "es:RFC del emisor", "en:Mexican RFC"},
	},
	{
		entity: "cl_rut", checked: true, layouts: []string{"##.###.###-#", "########-#"}, make: rut,
		keys: []string{"rut", "rut_cliente", "run_chile", "rut_empresa"},
		cues: []string{"es:RUT", "es:RUN", "es:RUT del cliente", "en:Chilean RUT"},
	},
	{
		entity: "ar_cuit", checked: true, weak: true, layouts: []string{"##-########-#", "##-########-#", ""}, make: cuit,
		keys: []string{"cuit", "cuil", "cuit_proveedor", "numero_cuit"},
		cues: []string{"es:CUIT", "es:CUIL", "es:clave única de identificación tributaria", "en:Argentine CUIT"},
	},
	{
		entity: "za_id", checked: true, weak: true, layouts: []string{"", "###### #### ## #"}, make: func(r *dice) string {
			b := yymmdd(r) + chars(r, digits, 4) + "08"
			return b + string(luhn(b))
		},
		keys: []string{"sa_id_number", "south_african_id", "za_id", "rsa_id_number"},
		cues: []string{"en:South African ID", "en:SA ID number", "en:RSA ID", "en:South African ID number"},
	},
	{
		entity: "ng_nin", weak: true, make: func(r *dice) string { return number(r, 11) },
		keys: []string{"nin_number", "national_identification_number", "nigerian_nin", "nimc_nin"},
		cues: []string{"en:NIMC NIN", "en:Nigerian NIN", "en:NIN (Nigeria)", "en:Nigerian national identification number"},
	},
	{
		entity: "il_id", checked: true, weak: true, make: func(r *dice) string { b := number(r, 8); return b + israeli(b) },
		keys: []string{"teudat_zehut", "israeli_id", "mispar_zehut", "תעודת_זהות"},
		cues: []string{"he:תעודת זהות", "he:מספר זהות", "en:Israeli ID", "en:teudat zehut"},
	},
}

func itin(r *dice) string {
	group := pick(r, []int{50, 57, 65, 70, 77, 88, 90, 92, 94, 99})
	return "9" + chars(r, digits, 2) + fmt.Sprint(group) + number(r, 4)
}

func mbi(r *dice) string {
	const letters = "ACDEFGHJKMNPQRTUVWXY"
	return number(r, 1) + chars(r, letters, 1) + chars(r, letters+digits, 1) + chars(r, digits, 1) + chars(r, letters, 1) +
		chars(r, letters+digits, 1) + chars(r, digits, 1) + chars(r, letters, 2) + chars(r, digits, 2)
}

func npi(r *dice) string {
	b := chars(r, "12", 1) + chars(r, digits, 8)
	return b + string(luhn("80840"+b))
}

func dea(r *dice) string {
	b := number(r, 6)
	check := (sum(b, 1, 0, 1, 0, 1) + 2*sum(b, 0, 1, 0, 1, 0, 1)) % 10
	return chars(r, "ABFGM", 1) + chars(r, upper, 1) + b + digit(check)
}

// abn has its two check digits in front: the number less 89 in its first digit is a multiple of 89.
func abn(r *dice) string {
	for {
		b := number(r, 11)
		if (sum(b, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0 {
			return b
		}
	}
}

func indianPAN(r *dice) string {
	return chars(r, upper, 3) + chars(r, "PPPPCHFATBLJG", 1) + chars(r, upper, 1) + fmt.Sprintf("%04d", 1+r.IntN(9999)) + chars(r, upper, 1)
}

func nric(r *dice) string {
	first, b := r.IntN(4), chars(r, digits, 7)
	n := sum(b, 2, 7, 6, 5, 4, 3, 2)
	if first%2 == 1 {
		n += 4
	}
	return string("STFG"[first]) + b + string([]string{"JZIHGFEDCBA", "XWUTRQPNMLK"}[first/2][n%11])
}

func uen(r *dice) string {
	if r.IntN(2) == 0 {
		b := number(r, 8)
		return b + string("XMKECAWLJDB"[sum(b, 10, 4, 9, 3, 8, 2, 7, 1)%11])
	}
	b := fmt.Sprint(1990+r.IntN(35)) + chars(r, digits, 5)
	return b + string("ZKCMDNERGWH"[sum(b, 10, 8, 6, 4, 9, 7, 5, 3, 1)%11])
}

// resident is a Korean registration number: of citizens with base 11, of foreigners with base 13.
func resident(r *dice, century string, base int) string {
	b := yymmdd(r) + chars(r, century, 1) + chars(r, digits, 5)
	return b + digit((base-sum(b, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10)
}

func brn(r *dice) string {
	b := number(r, 3) + pick(r, []string{"81", "86", "88", "01", "34"}) + chars(r, digits, 4)
	n := sum(b, 1, 3, 7, 1, 3, 7, 1, 3, 5) + int(b[8]-'0')*5/10
	return b + digit((10-n%10)%10)
}

func myNumber(r *dice) string {
	b := number(r, 11)
	rest := sum(b, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	if rest <= 1 {
		return b + "0"
	}
	return b + digit(11-rest)
}

func residentIdentity(r *dice) string {
	y, m, d := born(r)
	b := pick(r, []string{"110101", "310115", "440106", "330106", "510104"}) + fmt.Sprintf("%04d%02d%02d", y, m, d) + chars(r, digits, 3)
	return b + string("10X98765432"[sum(b, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11])
}

func curp(r *dice) string {
	b := chars(r, "BCDFGHJKLM", 1) + chars(r, "AEIOU", 1) + chars(r, "BCDFGHJKLM", 2) + yymmdd(r) + chars(r, "HM", 1) +
		pick(r, []string{"DF", "JC", "NL", "MC", "PL", "VZ"}) + chars(r, "BCDFGHJKLM", 3) + chars(r, digits, 1)
	return b + curpCheck(b)
}

func rut(r *dice) string {
	b := fmt.Sprint(10000000 + r.IntN(15000000))
	return b + string("0123456789K"[(11-sum(b, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11])
}

func cuit(r *dice) string {
	return until(func() (string, int) {
		b := pick(r, []string{"20", "27", "23", "30"}) + number(r, 8)
		return b, (11 - sum(b, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	})
}

func israeli(b string) string {
	total := 0
	for i := range len(b) {
		n, _ := strconv.Atoi(b[i : i+1])
		if n *= 1 + i%2; n > 9 {
			n -= 9
		}
		total += n
	}
	return digit((10 - total%10) % 10)
}
