package main

import (
	"fmt"
	"strings"
)

// value makes one spelling of an entity.
type value struct {
	entity string
	make   func(r *dice) string
}

// values are the spellings that templates draw from, by name. No real person's data: addresses use reserved domains,
// numbers are random with the right check digits.
var values = map[string]value{
	"email":      {"email", email},
	"email.plus": {"email", func(r *dice) string { return strings.Replace(email(r), "@", "+"+choose(r, words)+"@", 1) }},
	"email.pct":  {"email", func(r *dice) string { return strings.Replace(email(r), "@", "%40", 1) }},
	"email.sub": {"email", func(r *dice) string {
		return strings.Replace(email(r), "@", "@"+pick(r, []string{"mx1.", "eu.mail.", "students.physics."}), 1)
	}},
	"email.caps": {"email", func(r *dice) string {
		return choose(r, firstNames[:40]) + "." + choose(r, lastNames[:40]) + "@Example.COM"
	}},

	"phone.e164":   {"phone", func(r *dice) string { return "+" + strings.Join(strings.Fields(phone(r)), "") }},
	"phone.intl":   {"phone", func(r *dice) string { return "+" + phone(r) }},
	"phone.dashes": {"phone", func(r *dice) string { return "+" + strings.ReplaceAll(phone(r), " ", "-") }},
	"phone.us":     {"phone", func(r *dice) string { p := usPhone(r); return "(" + p[:3] + ") " + p[3:6] + "-" + p[6:] }},
	"phone.usdash": {"phone", func(r *dice) string { p := usPhone(r); return p[:3] + "-" + p[3:6] + "-" + p[6:] }},
	"phone.usdots": {"phone", func(r *dice) string { p := usPhone(r); return p[:3] + "." + p[3:6] + "." + p[6:] }},

	"card":        {"payment_card", card},
	"card.spaces": {"payment_card", func(r *dice) string { return grouped(card(r), " ") }},
	"card.dashes": {"payment_card", func(r *dice) string { return grouped(card(r), "-") }},

	"expiry":      {"card_expiry", expiry},
	"iban":        {"iban", iban},
	"iban.spaces": {"iban", func(r *dice) string { return blocks(iban(r), 4, " ") }},

	"ssn":            {"us_ssn", func(r *dice) string { s := ssn(r); return s[:3] + "-" + s[3:5] + "-" + s[5:] }},
	"ssn.bare":       {"us_ssn", ssn},
	"nhs":            {"uk_nhs", func(r *dice) string { n := nhs(r); return n[:3] + " " + n[3:6] + " " + n[6:] }},
	"nhs.dashes":     {"uk_nhs", func(r *dice) string { n := nhs(r); return n[:3] + "-" + n[3:6] + "-" + n[6:] }},
	"nhs.bare":       {"uk_nhs", nhs},
	"aadhaar":        {"in_aadhaar", func(r *dice) string { return blocks(aadhaar(r), 4, " ") }},
	"aadhaar.dashes": {"in_aadhaar", func(r *dice) string { return blocks(aadhaar(r), 4, "-") }},
	"aadhaar.bare":   {"in_aadhaar", aadhaar},
	"cpf":            {"br_cpf", func(r *dice) string { c := cpf(r); return c[:3] + "." + c[3:6] + "." + c[6:9] + "-" + c[9:] }},
	"cpf.bare":       {"br_cpf", cpf},

	"ipv4":         {"ip_address", publicIPv4},
	"ipv4.private": {"ip_address", privateIPv4},
	"ipv4.doc": {"ip_address", func(r *dice) string {
		return pick(r, []string{"192.0.2.", "198.51.100.", "203.0.113."}) + octet(r)
	}},
	"ipv4.local": {"ip_address", func(*dice) string { return "127.0.0.1" }},
	"ipv6":       {"ip_address", ipv6},
	"ipv6.full":  {"ip_address", ipv6Full},
	"ipv6.local": {"ip_address", func(r *dice) string {
		return "fe80::" + hextet(r) + ":" + hextet(r) + ":" + hextet(r) + ":" + hextet(r)
	}},
	"ipv6.loop":   {"ip_address", func(*dice) string { return "::1" }},
	"ipv6.mapped": {"ip_address", func(r *dice) string { return "::ffff:" + publicIPv4(r) }},

	"mac":        {"mac_address", func(r *dice) string { return mac(r, ":") }},
	"mac.dashes": {"mac_address", func(r *dice) string { return strings.ToUpper(mac(r, "-")) }},
	"mac.dots":   {"mac_address", func(r *dice) string { return blocks(mac(r, ""), 4, ".") }},

	"btc": {"crypto_wallet", func(r *dice) string { return base58Check(pick(r, []byte{0, 5}), random(r, 20)) }},
	"btc.segwit": {"crypto_wallet", func(r *dice) string {
		if r.IntN(2) == 0 {
			return segwit(0, random(r, 20))
		}
		return segwit(1, random(r, 32))
	}},
	"ltc":  {"crypto_wallet", func(r *dice) string { return base58Check(0x30, random(r, 20)) }},
	"doge": {"crypto_wallet", func(r *dice) string { return base58Check(0x1e, random(r, 20)) }},
	"tron": {"crypto_wallet", func(r *dice) string { return base58Check(0x41, random(r, 20)) }},
	"eth":  {"crypto_wallet", func(r *dice) string { return eip55(random(r, 20)) }},

	"name":       {"person_name", func(r *dice) string { return choose(r, firstNames) + " " + choose(r, lastNames) }},
	"first":      {"person_name", func(r *dice) string { return choose(r, firstNames) }},
	"last":       {"person_name", func(r *dice) string { return choose(r, lastNames) }},
	"last.plain": {"person_name", func(r *dice) string { return choose(r, lastNames[:40]) }},
	"username":   {"username", username},
	"uid":        {"user_id", func(r *dice) string { return number(r, 4+r.IntN(6)) }},
	"uid.tag":    {"user_id", func(r *dice) string { return pick(r, []string{"u_", "usr-", "cus_"}) + chars(r, digits+lower, 10) }},
	"uid.uuid":   {"user_id", uuid},
	"dob": {"date_of_birth", func(r *dice) string {
		return fmt.Sprintf("%d-%02d-%02d", 1935+r.IntN(70), 1+r.IntN(12), 1+r.IntN(28))
	}},
	"dob.us": {"date_of_birth", func(r *dice) string {
		return fmt.Sprintf("%02d/%02d/%d", 1+r.IntN(12), 1+r.IntN(28), 1935+r.IntN(70))
	}},
	"dob.eu": {"date_of_birth", func(r *dice) string {
		return fmt.Sprintf("%02d.%02d.%d", 1+r.IntN(28), 1+r.IntN(12), 1935+r.IntN(70))
	}},
	"street":    {"street_address", street},
	"geo":       {"geo_coordinates", func(r *dice) string { return latitude(r) + "," + longitude(r) }},
	"geo.space": {"geo_coordinates", func(r *dice) string { return latitude(r) + ", " + longitude(r) }},
	"lat":       {"geo_coordinates", latitude},
	"lon":       {"geo_coordinates", longitude},

	"jwt":    {"jwt", jwt},
	"pem":    {"private_key", pem},
	"bearer": {"http_authorization", func(r *dice) string { return chars(r, base64u, 24+r.IntN(24)) }},
	"digest": {"http_authorization", func(r *dice) string {
		return fmt.Sprintf(`username="%s", realm="shop", nonce="%s", uri="/orders", response="%s"`, username(r), chars(r, hexes, 32), chars(r, hexes, 32))
	}},
	"azurekey":    {"secret", func(r *dice) string { return chars(r, base64s, 86) + "==" }},
	"buskey":      {"secret", func(r *dice) string { return chars(r, base64s, 43) + "=" }},
	"pgp":         {"private_key", func(r *dice) string { return pgp(r, "\n") }},
	"pgp.json":    {"private_key", func(r *dice) string { return pgp(r, `\n`) }},
	"cvv":         {"card_cvv", func(r *dice) string { return number(r, 3) }},
	"ukaccount":   {"uk_bank_account", func(r *dice) string { return number(r, 8) }},
	"basic":       {"http_authorization", basicAuth},
	"cookie":      {"cookie", cookieValue},
	"urlcred":     {"url_credentials", func(r *dice) string { return choose(r, accounts) + ":" + plainPassword(r) }},
	"password":    {"password", password},
	"awskey":      {"aws_access_key", func(r *dice) string { return pick(r, []string{"AKIA", "ASIA"}) + chars(r, upper+"234567", 16) }},
	"awssecret":   {"aws_secret_key", func(r *dice) string { return chars(r, base64s, 40) }},
	"github":      {"github_token", githubToken},
	"github.fine": {"github_token", func(r *dice) string { return "github_pat_" + chars(r, base62, 22) + "_" + chars(r, base62, 59) }},
	"slack":       {"slack_token", slackToken},
	"stripe": {"stripe_key", func(r *dice) string {
		return pick(r, []string{"sk", "rk"}) + pick(r, []string{"_live_", "_test_"}) + chars(r, base62, 24+r.IntN(76))
	}},
	"gcp":        {"gcp_api_key", func(r *dice) string { return "AIza" + chars(r, base64u, 35) }},
	"secret":     {"secret", func(r *dice) string { return chars(r, base62, 24+r.IntN(17)) }},
	"secret.hex": {"secret", func(r *dice) string { return chars(r, hexes, pick(r, []int{32, 40, 64})) }},
}

func email(r *dice) string {
	first, last := asciiLower(choose(r, firstNames)), asciiLower(choose(r, lastNames))
	local := pick(r, []string{
		first + "." + last, first[:1] + last, first + "_" + last, first + number(r, 2), last + "." + first, first + "-" + last + "." + number(r, 4),
	})
	return local + "@" + choose(r, domains)
}

func usPhone(r *dice) string {
	return pick(r, []string{"212", "415", "312", "206", "617", "303", "512", "702"}) + "555" + "01" + chars(r, digits, 2)
}

// phone is an international number without its plus, in the groups its country writes.
func phone(r *dice) string {
	n := func(k int) string { return chars(r, digits, k) }
	switch r.IntN(12) {
	case 0:
		p := usPhone(r)
		return "1 " + p[:3] + " " + p[3:6] + " " + p[6:]
	case 1:
		return "44 20 7946 0" + n(3)
	case 2:
		return "49 151 2" + n(3) + " " + n(4)
	case 3:
		return "33 6 12 " + n(2) + " " + n(2) + " " + n(2)
	case 4:
		return "34 612 " + n(3) + " " + n(3)
	case 5:
		return "91 98765 " + n(5)
	case 6:
		return "55 11 96" + n(3) + " " + n(4)
	case 7:
		return "81 90 12" + n(2) + " " + n(4)
	case 8:
		return "41 78 " + n(3) + " " + n(2) + " " + n(2)
	case 9:
		return "31 6 1234 " + n(4)
	case 10:
		return "61 412 " + n(3) + " " + n(3)
	default:
		return "48 512 " + n(3) + " " + n(3)
	}
}

// card is a number of one of seven schemes, without separators.
func card(r *dice) string {
	scheme := pick(r, []struct {
		prefix string
		length int
	}{
		{"4539", 16},
		{"4716", 16},
		{"4", 16},
		{"51", 16},
		{"55", 16},
		{"2223", 16},
		{"34", 15},
		{"37", 15},
		{"6011", 16},
		{"65", 16},
		{"36", 14},
		{"3530", 16},
		{"3566", 16},
		{"62", 16},
	})
	body := scheme.prefix + chars(r, digits, scheme.length-1-len(scheme.prefix))
	return body + string(luhn(body))
}

// grouped separates a card's digits as they are embossed: 4-4-4-4, Amex 4-6-5, Diners 4-6-4.
func grouped(digits, sep string) string {
	if len(digits) == 16 {
		return blocks(digits, 4, sep)
	}
	return digits[:4] + sep + digits[4:10] + sep + digits[10:]
}

func blocks(s string, n int, sep string) string {
	var parts []string
	for len(s) > n {
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(append(parts, s), sep)
}

// iban draws a country of the ISO 13616 registry; A in its pattern is a capital, everything else of it a digit.
func iban(r *dice) string {
	country := pick(r, []string{
		"DE" + "000000000000000000", "FR" + "00000000000000000000000", "GB" + "AAAA00000000000000", "ES" + "00000000000000000000",
		"IT" + "A0000000000000000000000", "NL" + "AAAA0000000000", "BE" + "000000000000", "AT" + "0000000000000000",
		"CH" + "00000000000000000", "SE" + "00000000000000000000", "PL" + "000000000000000000000000", "PT" + "000000000000000000000",
		"DK" + "00000000000000", "FI" + "00000000000000", "IE" + "AAAA00000000000000", "NO" + "00000000000", "CZ" + "00000000000000000000",
		"LU" + "0000000000000000", "SA" + "00000000000000000000", "AE" + "0000000000000000000",
	})
	account := make([]byte, len(country)-2)
	for i := range account {
		if country[i+2] == 'A' {
			account[i] = upper[r.IntN(26)]
		} else {
			account[i] = digits[r.IntN(10)]
		}
	}
	return country[:2] + ibanCheck(country[:2], string(account)) + string(account)
}

func ssn(r *dice) string {
	area := 1 + r.IntN(899)
	if area >= 666 {
		area++
	}
	return fmt.Sprintf("%03d%02d%04d", min(area, 899), 1+r.IntN(99), 1+r.IntN(9999))
}

func nhs(r *dice) string {
	for {
		body := pick(r, []string{"4", "6", "7", "9"}) + chars(r, digits, 8)
		if check := nhsCheck(body); check < 10 {
			return body + string(rune('0'+check))
		}
	}
}

func aadhaar(r *dice) string {
	body := chars(r, "23456789", 1) + chars(r, digits, 10)
	return body + string(verhoeff(body))
}

func cpf(r *dice) string {
	body := chars(r, digits, 9)
	return body + cpfCheck(body)
}
