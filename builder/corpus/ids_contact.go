package main

import (
	"fmt"
	"strconv"
	"strings"
)

// contactIDs are values of contact, devices, money, vehicles and health that a key, a cue or a check tells.
var contactIDs = []id{
	{
		entity: "postal_code", file: "contact", weak: true, make: func(r *dice) string { return pick(r, []string{number(r, 5), number(r, 5) + "-" + chars(r, digits, 4)}) },
		keys: []string{"postal_code", "zip_code", "zip", "shipping_zip", "billing_postal_code", "plz"},
		cues: []string{"en:ZIP code", "en:postal code", "de:PLZ", "fr:code postal", "es:código postal", "pl:kod pocztowy"},
	},
	{entity: "age", file: "contact", make: func(r *dice) string { return fmt.Sprint(18 + r.IntN(70)) }, keys: []string{"patient_age", "age", "user_age", "customer_age"}},
	{
		entity: "gender", file: "contact", make: func(r *dice) string { return pick(r, []string{"female", "male", "nonbinary", "F", "M"}) },
		keys: []string{"gender", "sex", "patient_gender", "customer_gender"},
	},
	{
		entity: "nationality", file: "contact", make: func(r *dice) string {
			return pick(r, []string{"German", "Brazilian", "Kenyan", "Japanese", "French", "Canadian"})
		},
		keys: []string{"nationality", "citizenship", "customer_nationality", "applicant_nationality"},
	},
	{
		entity: "imei", file: "network", checked: true, weak: true, layouts: []string{"", "##-######-######-#"}, make: func(r *dice) string {
			b := pick(r, []string{"35", "86", "01", "99"}) + chars(r, digits, 12)
			return b + string(luhn(b))
		},
		keys: []string{"imei", "device_imei", "imei_number", "handset_imei"},
		cues: []string{"en:IMEI", "en:device IMEI", "de:IMEI-Nummer", "en:handset IMEI"},
	},
	{
		entity: "imsi", file: "network", weak: true, make: func(r *dice) string {
			network := pick(r, []string{"26201", "310410", "23415", "20801", "40445", "22210"})
			return network + chars(r, digits, 15-len(network))
		},
		keys: []string{"imsi", "subscriber_imsi", "imsi_number", "ue_imsi"},
		cues: []string{"en:IMSI", "en:subscriber IMSI", "en:IMSI number", "en:UE with IMSI"},
	},
	{
		entity: "iccid", file: "network", checked: true, make: func(r *dice) string {
			b := pick(r, []string{"8949020", "8944200", "8901410", "8933010"}) + chars(r, digits, 11)
			return b + string(luhn(b))
		},
		keys: []string{"iccid", "sim_iccid", "iccid_number", "sim_serial"},
		cues: []string{"en:ICCID", "en:SIM card ICCID", "de:SIM-Kartennummer (ICCID)", "en:eSIM ICCID"},
	},
	{
		entity: "advertising_id", file: "network", make: func(r *dice) string { return pick(r, []string{uuid(r), strings.ToUpper(uuid(r))}) },
		keys: []string{"advertising_id", "idfa", "gaid", "ad_id", "google_advertising_id"},
	},
	{
		entity: "device_id", file: "network", make: func(r *dice) string { return pick(r, []string{chars(r, hexes, 16), uuid(r)}) },
		keys: []string{"device_id", "android_id", "device_uuid", "idfv"},
	},
	{
		entity: "card_cvv", file: "financial", weak: true, make: func(r *dice) string { return number(r, 3) },
		keys: []string{"cvv", "cvc", "card_cvv", "security_code", "cvv2"},
		cues: []string{"en:CVV", "en:CVC", "en:card security code", "de:Prüfnummer CVC"},
	},
	{
		entity: "card_expiry", file: "financial", make: expiry,
		keys: []string{"card_expiry", "expiry_date", "card_exp", "exp_date"},
		cues: []string{"en:card expires", "en:card expiry", "de:Karte gültig bis", "en:expiry date of the card"},
	},
	{
		entity: "bic", file: "financial", make: func(r *dice) string {
			return pick(r, []string{"DEUTDEFF", "BNPAFRPP", "BARCGB22", "CHASUS33", "INGBNL2A", "UNCRITMM", "BREXPLPW", "COBADEFFXXX", "BBVAESMMXXX", "NDEASESS"})
		},
		keys: []string{"bic", "swift_code", "swift_bic", "bank_bic"},
		cues: []string{"en:BIC", "en:SWIFT code", "de:BIC der Bank", "fr:code BIC"},
	},
	{
		entity: "us_routing_number", file: "financial", checked: true, weak: true, make: func(r *dice) string {
			b := pick(r, []string{"02", "03", "07", "11", "12", "26", "31", "32"}) + chars(r, digits, 6)
			return b + digit((10-sum(b, 3, 7, 1, 3, 7, 1, 3, 7)%10)%10)
		},
		keys: []string{"routing_number", "aba_routing_number", "aba_number", "bank_routing_number"},
		cues: []string{"en:routing number", "en:ABA routing number", "en:ABA number", "en:bank routing no."},
	},
	{
		entity: "us_bank_account", file: "financial", weak: true, make: func(r *dice) string { return number(r, 10+r.IntN(3)) },
		keys: []string{"bank_account_number", "account_number", "checking_account", "savings_account_number"},
		cues: []string{"en:bank account number", "en:checking account", "en:savings account no.", "en:bank account"},
	},
	{
		entity: "uk_sort_code", file: "financial", layouts: []string{"##-##-##"}, weak: true, make: func(r *dice) string {
			return pick(r, []string{"20", "30", "40", "60", "09"}) + chars(r, digits, 4)
		},
		keys: []string{"sort_code", "bank_sort_code", "uk_sort_code", "payee_sort_code"},
		cues: []string{"en:sort code", "en:bank sort code", "en:UK sort code", "en:payee sort code"},
	},
	{
		entity: "uk_bank_account", file: "financial", weak: true, make: func(r *dice) string { return number(r, 8) },
		keys: []string{"uk_account_number", "uk_bank_account", "uk_bank_account_number", "payee_uk_account_number"},
	},
	{
		entity: "vin", file: "named", make: vin,
		keys: []string{"vin", "vehicle_vin", "vehicle_identification_number", "chassis_number"},
		cues: []string{"en:VIN", "de:Fahrgestellnummer", "en:vehicle identification number", "fr:numéro de châssis"},
	},
	{
		entity: "license_plate", file: "named", make: func(r *dice) string {
			return pick(r, []string{
				pick(r, []string{"B", "M", "HH", "K"}) + "-" + chars(r, "ABCDEFGHKLMNPRSTX", 2) + " " + number(r, 4),
				number(r, 1) + chars(r, upper, 3) + number(r, 3),
				chars(r, "ABCDEFGHJKL", 2) + "-" + number(r, 3) + "-" + chars(r, "ABCDEFGHJKL", 2),
			})
		},
		keys: []string{"license_plate", "plate_number", "kennzeichen", "number_plate"},
		cues: []string{"en:license plate", "de:Kennzeichen", "fr:plaque d'immatriculation", "en:number plate"},
	},
	{
		entity: "medical_record_number", file: "government", weak: true, make: func(r *dice) string { return pick(r, []string{number(r, 7), number(r, 8)}) },
		keys: []string{"mrn", "medical_record_number", "patient_mrn", "medical_record_no"},
		cues: []string{"en:MRN", "en:medical record number", "en:patient MRN", "en:medical record no."},
	},
	{
		entity: "health_insurance_number", file: "government", make: func(r *dice) string { return chars(r, upper, 3) + number(r, 9) },
		keys: []string{"health_insurance_number", "insurance_member_id", "health_plan_id", "insurance_policy_number"},
		cues: []string{"en:health insurance number", "en:insurance member ID", "en:health plan ID", "en:health insurance no."},
	},
}

func expiry(r *dice) string {
	return fmt.Sprintf("%02d/%s", 1+r.IntN(12), pick(r, []string{"27", "28", "29", "2028", "2030"}))
}

func vin(r *dice) string {
	const alphabet = digits + "ABCDEFGHJKLMNPRSTUVWXYZ"
	v := pick(r, []string{"1HG", "1FT", "5YJ", "2T1", "3VW", "1G1"}) + chars(r, alphabet, 5) + "0" + chars(r, "KLMNPRS", 1) + chars(r, alphabet, 1) + chars(r, digits, 6)
	return v[:8] + vinCheck(v) + v[9:]
}

func euVAT(r *dice) string {
	switch r.IntN(6) {
	case 0:
		b := number(r, 8)
		return "DE" + b + digit(iso7064(b))
	case 1:
		return "PL" + nip(r)
	case 2:
		return "IT" + partitaIVA(r)
	case 3:
		b := "0" + number(r, 7)
		n, _ := strconv.Atoi(b)
		return "BE" + b + fmt.Sprintf("%02d", 97-n%97)
	case 4:
		return "PT" + portugueseNIF(r)
	default:
		return "FI" + until(func() (string, int) { b := number(r, 7); return b, (11 - sum(b, 7, 9, 10, 5, 8, 4, 2)%11) % 11 })
	}
}
