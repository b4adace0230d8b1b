package main

import (
	"fmt"
	"strconv"
	"strings"
)

// id is one numbered document or account: how it is made, spelled, keyed and named in prose.
type id struct {
	entity string
	file   string
	// make gives the value without separators.
	make func(r *dice) string
	// layouts are its spellings, # for each character; none: as make gives it.
	layouts []string
	keys    []string
	// cues name it in prose, as language:words. Without any, only a key tells it.
	cues []string
	// checked values end in a check character, so that another one there makes an invalid value.
	checked bool
	// weak values are telemetry's own shape: without key and cue they are no finding.
	weak bool
}

var europeIDs = []id{
	{
		entity: "uk_nino", checked: false, layouts: []string{"", "## ## ## ## #", "##-##-##-##-#"}, make: nino,
		keys: []string{"nino", "national_insurance_number", "ni_number", "national_insurance_no"},
		cues: []string{"en:NINO", "en:National Insurance number", "en:NI number", "en:national insurance no."},
	},
	{
		entity: "uk_passport", weak: true, make: func(r *dice) string { return number(r, 9) },
		keys: []string{"uk_passport", "uk_passport_number", "gb_passport_no", "british_passport_number"},
		cues: []string{"en:UK passport", "en:British passport number", "en:UK passport no.", "en:GB passport"},
	},
	{
		entity: "uk_drivers_license", make: ukLicense,
		keys: []string{"uk_driving_licence", "driving_licence_number", "dvla_licence_number", "uk_drivers_license"},
		cues: []string{"en:driving licence number", "en:DVLA licence", "en:UK driving licence", "en:driving licence no."},
	},
	{
		entity: "uk_postcode", make: postcode,
		keys: []string{"postcode", "uk_postcode", "delivery_postcode", "home_postcode"},
		cues: []string{"en:postcode", "en:UK postcode", "en:delivery postcode", "en:post code"},
	},
	{
		entity: "de_tax_id", checked: true, weak: true, layouts: []string{"", "## ### ### ###"}, make: steuerID,
		keys: []string{"steuer_id", "tax_id_de", "steueridentifikationsnummer", "idnr", "steuer_idnr"},
		cues: []string{"de:Steuer-ID", "de:Steueridentifikationsnummer", "de:steuerliche Identifikationsnummer", "en:German tax ID", "de:IdNr."},
	},
	{
		entity: "de_id_card", checked: true, make: func(r *dice) string { b := germanSerial(r, "LMNPRTVWXYCFGHJK"); return b + icao(b) },
		keys: []string{"personalausweis", "ausweisnummer", "personalausweisnummer", "id_card_number_de"},
		cues: []string{"de:Personalausweis", "de:Ausweisnummer", "de:Personalausweisnummer", "en:German ID card"},
	},
	{
		entity: "de_passport", checked: true, make: func(r *dice) string { b := germanSerial(r, "CFGHJK"); return b + icao(b) },
		keys: []string{"reisepass", "reisepassnummer", "passnummer", "de_passport_number"},
		cues: []string{"de:Reisepass", "de:Reisepassnummer", "de:Reisepass-Nr.", "en:German passport"},
	},
	{
		entity: "de_social_security", checked: true, layouts: []string{"", "## ###### # ###"}, make: rentenversicherung,
		keys: []string{"sozialversicherungsnummer", "rentenversicherungsnummer", "sv_nummer", "rvnr"},
		cues: []string{"de:Sozialversicherungsnummer", "de:Rentenversicherungsnummer", "de:SV-Nummer", "de:Versicherungsnummer der Rentenversicherung"},
	},
	{
		entity: "de_health_insurance", checked: true, make: krankenversicherung,
		keys: []string{"krankenversichertennummer", "kvnr", "versichertennummer", "kv_nummer"},
		cues: []string{"de:Krankenversichertennummer", "de:KVNR", "de:Versichertennummer", "de:Krankenversicherung Nr."},
	},
	{
		entity: "fr_nir", checked: true, layouts: []string{"", "# ## ## ## ### ### ##"}, make: nir,
		keys: []string{"nir", "numero_securite_sociale", "num_secu", "numero_secu"},
		cues: []string{"fr:NIR", "fr:numéro de sécurité sociale", "fr:n° de sécurité sociale", "en:French social security number"},
	},
	{
		entity: "es_nif", checked: true, layouts: []string{"", "########-#"}, make: func(r *dice) string { return nifLetter(chars(r, digits, 8)) },
		keys: []string{"dni", "nif", "numero_dni", "dni_cliente"},
		cues: []string{"es:DNI", "es:NIF", "es:documento nacional de identidad", "en:Spanish DNI"},
	},
	{
		entity: "es_nie", checked: true, layouts: []string{"", "#-#######-#"}, make: nie,
		keys: []string{"nie", "numero_nie", "nie_number", "numero_identidad_extranjero"},
		cues: []string{"es:NIE", "es:número de identidad de extranjero", "es:NIE n.º", "en:Spanish NIE"},
	},
	{
		entity: "it_fiscal_code", checked: true, make: fiscalCode,
		keys: []string{"codice_fiscale", "cod_fiscale", "fiscal_code", "cf_cliente"},
		cues: []string{"it:codice fiscale", "it:C.F.", "it:cod. fiscale", "en:Italian fiscal code"},
	},
	{
		entity: "it_vat", checked: true, weak: true, make: partitaIVA,
		keys: []string{"partita_iva", "piva", "p_iva", "partita_iva_cliente"},
		cues: []string{"it:partita IVA", "it:P.IVA", "it:P. IVA", "it:partita iva n."},
	},
	{
		entity: "it_id_card", make: func(r *dice) string { return "CA" + chars(r, digits, 5) + chars(r, upper, 2) },
		keys: []string{"carta_identita", "numero_carta_identita", "carta_d_identita", "cie_numero"},
		cues: []string{"it:carta d'identità", "it:carta di identità n.", "it:CIE", "en:Italian identity card"},
	},
	{
		entity: "it_passport", make: func(r *dice) string { return "Y" + pick(r, []string{"A", "B"}) + chars(r, digits, 7) },
		keys: []string{"passaporto", "numero_passaporto", "passaporto_numero", "it_passport"},
		cues: []string{"it:passaporto", "it:numero di passaporto", "it:passaporto n.", "en:Italian passport"},
	},
	{
		entity: "it_drivers_license", make: func(r *dice) string { return "U1" + chars(r, digits, 7) + chars(r, upper, 1) },
		keys: []string{"patente", "numero_patente", "patente_di_guida", "patente_numero"},
		cues: []string{"it:patente", "it:patente di guida", "it:patente n.", "en:Italian driving licence"},
	},
	{
		entity: "nl_bsn", checked: true, weak: true, layouts: []string{"", "####.##.###"}, make: bsn,
		keys: []string{"bsn", "burgerservicenummer", "bsn_nummer", "sofinummer"},
		cues: []string{"nl:BSN", "nl:burgerservicenummer", "nl:BSN-nummer", "nl:sofinummer"},
	},
	{
		entity: "be_nrn", checked: true, weak: true, layouts: []string{"##.##.##-###.##", "", "##.##.## ###.##"}, make: rijksregister,
		keys: []string{"rijksregisternummer", "nrn", "numero_national", "national_register_number"},
		cues: []string{"nl:rijksregisternummer", "fr:numéro national", "fr:registre national n°", "nl:INSZ"},
	},
	{
		entity: "pl_pesel", checked: true, weak: true, make: pesel,
		keys: []string{"pesel", "numer_pesel", "pesel_klienta", "nr_pesel"},
		cues: []string{"pl:PESEL", "pl:numer PESEL", "pl:nr PESEL", "en:PESEL number"},
	},
	{
		entity: "pl_nip", checked: true, weak: true, layouts: []string{"", "###-###-##-##", "###-##-##-###"}, make: nip,
		keys: []string{"nip", "numer_nip", "nip_firmy", "nr_nip"},
		cues: []string{"pl:NIP", "pl:numer NIP", "pl:nr NIP", "pl:NIP firmy"},
	},
	{
		entity: "pl_regon", checked: true, weak: true, make: regon,
		keys: []string{"regon", "numer_regon", "nr_regon", "regon_firmy"},
		cues: []string{"pl:REGON", "pl:numer REGON", "pl:nr REGON", "pl:REGON firmy"},
	},
	{
		entity: "se_personnummer", checked: true, weak: true, layouts: []string{"######-####", "######-####", ""}, make: personnummer,
		keys: []string{"personnummer", "person_nummer", "svenskt_personnummer", "swedish_personal_number"},
		cues: []string{"sv:personnummer", "sv:pers.nr", "sv:personnr", "en:Swedish personal identity number"},
	},
	{
		entity: "fi_hetu", checked: true, make: hetu,
		keys: []string{"hetu", "henkilotunnus", "henkilo_tunnus", "finnish_personal_id"},
		cues: []string{"fi:hetu", "fi:henkilötunnus", "fi:HETU-tunnus", "en:Finnish personal identity code"},
	},
	{
		entity: "dk_cpr", weak: true, layouts: []string{"######-####", "######-####", ""}, make: cpr,
		keys: []string{"cpr", "cpr_nummer", "cpr_number", "personnummer_dk"},
		cues: []string{"da:CPR-nummer", "da:CPR", "da:cpr-nr.", "en:Danish CPR number"},
	},
	{
		entity: "no_fnr", checked: true, weak: true, layouts: []string{"", "###### #####"}, make: fodselsnummer,
		keys: []string{"fodselsnummer", "fnr", "foedselsnummer", "norwegian_national_id"},
		cues: []string{"nb:fødselsnummer", "nb:fnr", "nb:fødselsnr.", "en:Norwegian national identity number"},
	},
	{
		entity: "pt_nif", checked: true, weak: true, layouts: []string{"", "### ### ###"}, make: portugueseNIF,
		keys: []string{"nif_pt", "contribuinte", "numero_contribuinte", "numero_de_contribuinte"},
		cues: []string{"pt:número de contribuinte", "pt:contribuinte", "pt:NIF de Portugal", "pt:contribuinte n.º"},
	},
	{
		entity: "ro_cnp", checked: true, weak: true, make: cnp,
		keys: []string{"cnp", "cod_numeric_personal", "cnp_client", "numar_cnp"},
		cues: []string{"ro:CNP", "ro:cod numeric personal", "ro:codul numeric personal", "en:Romanian CNP"},
	},
	{
		entity: "cz_rc", weak: true, layouts: []string{"######/####", "######/####", ""}, make: rodneCislo,
		keys: []string{"rodne_cislo", "rc_klienta", "rodne_cislo_klienta", "birth_number_cz"},
		cues: []string{"cs:rodné číslo", "cs:r.č.", "cs:RČ", "en:Czech birth number"},
	},
	{
		entity: "bg_egn", checked: true, weak: true, make: egn,
		keys: []string{"egn", "egn_number", "edinen_grazhdanski_nomer", "client_egn"},
		cues: []string{"bg:ЕГН", "bg:единен граждански номер", "en:EGN", "en:Bulgarian EGN"},
	},
	{
		entity: "hr_oib", checked: true, weak: true, make: func(r *dice) string { b := number(r, 10); return b + digit(iso7064(b)) },
		keys: []string{"oib", "oib_broj", "osobni_identifikacijski_broj", "oib_klijenta"},
		cues: []string{"hr:OIB", "hr:osobni identifikacijski broj", "hr:OIB klijenta", "en:Croatian OIB"},
	},
	{
		entity: "tr_tckn", checked: true, weak: true, make: tckn,
		keys: []string{"tckn", "tc_kimlik_no", "kimlik_no", "tc_kimlik_numarasi"},
		cues: []string{"tr:TC kimlik no", "tr:T.C. kimlik numarası", "tr:TCKN", "en:Turkish identity number"},
	},
	{
		entity: "eu_vat", checked: true, file: "financial", make: euVAT,
		keys: []string{"vat_number", "vat_id", "vat_registration_number", "eu_vat_number"},
		cues: []string{"en:VAT number", "de:USt-IdNr.", "fr:numéro de TVA", "en:VAT ID", "nl:btw-nummer", "es:NIF-IVA"},
	},
}

func born(r *dice) (year, month, day int) { return 1940 + r.IntN(60), 1 + r.IntN(12), 1 + r.IntN(28) }

func yymmdd(r *dice) string {
	y, m, d := born(r)
	return fmt.Sprintf("%02d%02d%02d", y%100, m, d)
}

func ddmmyy(r *dice) string {
	y, m, d := born(r)
	return fmt.Sprintf("%02d%02d%02d", d, m, y%100)
}

func nino(r *dice) string {
	for {
		p := chars(r, "ABCEGHJKLMNOPRSTWXYZ", 1) + chars(r, "ABCEGHJKLMNPRSTWXYZ", 1)
		if !strings.Contains("BG GB KN NK NT TN ZZ", p) {
			return p + chars(r, digits, 6) + chars(r, "ABCD", 1)
		}
	}
}

func ukLicense(r *dice) string {
	y, m, d := born(r)
	surname := (strings.ToUpper(asciiLower(choose(r, lastNames))) + "99999")[:5]
	initials := chars(r, upper, 1) + pick(r, []string{"9", chars(r, upper, 1)})
	return fmt.Sprintf("%s%d%02d%02d%d%s9%s", surname, y/10%10, m+50*r.IntN(2), d, y%10, initials, chars(r, "ABCDEFGHJKLMNPRSTUVWXYZ", 2))
}

func postcode(r *dice) string {
	area := pick(r, []string{"SW", "EC", "M", "B", "LS", "G", "EH", "CF", "BT", "OX", "CB", "NE", "BS", "N", "SE"})
	return area + number(r, 1) + " " + chars(r, digits, 1) + chars(r, "ABDEFGHJLNPQRSTUWXYZ", 2)
}

// steuerID has exactly one digit twice among its first ten.
func steuerID(r *dice) string {
	for {
		order := r.Perm(10)
		order[1+r.IntN(9)] = order[0]
		r.Shuffle(10, func(i, j int) { order[i], order[j] = order[j], order[i] })
		body := ""
		for _, d := range order {
			body += digit(d)
		}
		if body[0] != '0' {
			return body + digit(iso7064(body))
		}
	}
}

func germanSerial(r *dice, first string) string {
	const alphabet = digits + "CFGHJKLMNPRTVWXYZ"
	return chars(r, first, 1) + chars(r, alphabet, 4) + chars(r, digits, 1) + chars(r, alphabet, 3)
}

func rentenversicherung(r *dice) string {
	area, letter, serial := pick(r, []string{"02", "10", "12", "15", "24", "53", "65"}), chars(r, upper, 1), chars(r, digits, 2)
	birth := ddmmyy(r)
	check := crossSum(area+birth+ordinal(letter)+serial, 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1) % 10
	return area + birth + letter + serial + digit(check)
}

func krankenversicherung(r *dice) string {
	letter, body := chars(r, upper, 1), chars(r, digits, 8)
	return letter + body + digit(crossSum(ordinal(letter)+body, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)%10)
}

func nir(r *dice) string {
	y, m, _ := born(r)
	body := fmt.Sprintf("%d%02d%02d%02d%03d%03d", 1+r.IntN(2), y%100, m, 1+r.IntN(19), 1+r.IntN(300), 1+r.IntN(400))
	n, _ := strconv.ParseInt(body, 10, 64)
	return body + fmt.Sprintf("%02d", 97-n%97)
}

func nifLetter(body string) string {
	n, _ := strconv.Atoi(body)
	return body + string("TRWAGMYFPDXBNJZSQVHLCKE"[n%23])
}

func nie(r *dice) string {
	first, body := r.IntN(3), chars(r, digits, 7)
	full := nifLetter(digit(first) + body)
	return string("XYZ"[first]) + full[1:]
}

func fiscalCode(r *dice) string {
	y, m, d := born(r)
	body := chars(r, "BCDFGLMNPRSTV", 6) + fmt.Sprintf("%02d", y%100) + string("ABCDEHLMPRST"[m-1]) + fmt.Sprintf("%02d", d+40*r.IntN(2)) +
		pick(r, []string{"H501", "F205", "L219", "F839", "D612", "A944"})
	return body + fiscalCheck(body)
}

func partitaIVA(r *dice) string {
	body := number(r, 7) + pick(r, []string{"001", "058", "015", "097"})
	return body + string(luhn(body))
}

func bsn(r *dice) string {
	return until(func() (string, int) { b := number(r, 8); return b, sum(b, down(9)...) % 11 })
}

func rijksregister(r *dice) string {
	body := yymmdd(r) + fmt.Sprintf("%03d", 1+r.IntN(997))
	n, _ := strconv.Atoi(body)
	return body + fmt.Sprintf("%02d", 97-n%97)
}

func pesel(r *dice) string {
	body := yymmdd(r) + chars(r, digits, 4)
	return body + digit((10-sum(body, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10)
}

func nip(r *dice) string {
	return until(func() (string, int) {
		b := pick(r, []string{"521", "525", "526", "676", "779", "897", "113"}) + number(r, 6)
		return b, sum(b, 6, 5, 7, 2, 3, 4, 5, 6, 7) % 11
	})
}

func regon(r *dice) string {
	body := pick(r, []string{"01", "14", "36", "38", "52"}) + chars(r, digits, 6)
	return body + digit(sum(body, 8, 9, 2, 3, 4, 5, 6, 7)%11%10)
}

func personnummer(r *dice) string {
	body := yymmdd(r) + chars(r, digits, 3)
	return body + string(luhn(body))
}

func hetu(r *dice) string {
	birth, serial := ddmmyy(r), fmt.Sprintf("%03d", 2+r.IntN(898))
	n, _ := strconv.Atoi(birth + serial)
	return birth + "-" + serial + string("0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31])
}

func cpr(r *dice) string {
	birth := ddmmyy(r)
	return until(func() (string, int) {
		b := birth + chars(r, "0123", 1) + chars(r, digits, 2)
		return b, (11 - sum(b, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	})
}

func fodselsnummer(r *dice) string {
	birth := ddmmyy(r)
	return until(func() (string, int) {
		b := birth + fmt.Sprintf("%03d", r.IntN(500))
		first := (11 - sum(b, 3, 7, 6, 1, 8, 9, 4, 5, 2)%11) % 11
		if first == 10 {
			return "", -1
		}
		b += digit(first)
		return b, (11 - sum(b, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	})
}

func portugueseNIF(r *dice) string {
	body := pick(r, []string{"1", "2", "5"}) + chars(r, digits, 7)
	check := 11 - sum(body, down(9)...)%11
	if check > 9 {
		check = 0
	}
	return body + digit(check)
}

func cnp(r *dice) string {
	body := pick(r, []string{"1", "2"}) + yymmdd(r) + fmt.Sprintf("%02d%03d", 1+r.IntN(46), 1+r.IntN(999))
	check := sum(body, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if check == 10 {
		check = 1
	}
	return body + digit(check)
}

func rodneCislo(r *dice) string {
	y, m, d := 1955+r.IntN(44), 1+r.IntN(12), 1+r.IntN(28)
	return until(func() (string, int) {
		b := fmt.Sprintf("%02d%02d%02d%03d", y%100, m+50*r.IntN(2), d, r.IntN(1000))
		n, _ := strconv.Atoi(b)
		return b, n % 11
	})
}

func egn(r *dice) string {
	body := yymmdd(r) + chars(r, digits, 3)
	return body + digit(sum(body, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10)
}

func tckn(r *dice) string {
	b := number(r, 9)
	odd, even := sum(b, 1, 0, 1, 0, 1, 0, 1, 0, 1), sum(b, 0, 1, 0, 1, 0, 1, 0, 1)
	b += digit(((7*odd-even)%10 + 10) % 10)
	return b + digit(sum(b, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10)
}
