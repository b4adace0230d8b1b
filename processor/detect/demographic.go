package detect

import (
	"slices"
	"strings"
)

// The entities of this family.
const (
	PostalCode Entity = iota + endContact
	Age
	Gender
	Nationality
	endDemographic
)

// postalForms are the layouts of postal codes, by country where they are its own. Those of the United Kingdom have an
// entity of their own.
var postalForms = []string{
	"dddd", "ddddd", "dddddd", "ddddddd",
	"LLddd", "LLdddd", "LL-dddd", "LL-ddddd", "L-dddd", "L-ddddd", // AD, BN; with the prefix of the country: LV-1010, D-10115
	"ddddd-dddd",                                // US
	"ddddd-ddd",                                 // BR
	"dddd-ddd", "ddd-dddd", "dd-ddd", "ddd ddd", // PT; JP; PL; IN
	"ddd dd",                                     // CZ, GR, SE, SK
	"LdL dLd", "Ldd xxxx", "dddd LL", "LddddLLL", // CA; IE; NL; AR
	"LLL dddd", // MT
}

// zipForms are those of codes under a name that names archives and iterators as well.
var zipForms = []string{"ddddd", "dddddd", "ddddd-dddd", "ddddd-ddd", "LdL dLd"}

var genders = map[string]bool{
	"m": true, "f": true, "w": true, "d": true, "x": true, "h": true, "nb": true, "male": true, "female": true, "man": true, "woman": true, "boy": true, "girl": true, "other": true,
	"nonbinary": true, "non-binary": true, "non_binary": true, "diverse": true, "divers": true, "transgender": true, "agender": true, "genderfluid": true, "genderqueer": true, "intersex": true, "bigender": true,
	"männlich": true, "weiblich": true, "frau": true, "masculino": true, "femenino": true, "feminino": true, "hombre": true, "mujer": true, "homem": true, "mulher": true,
	"masculin": true, "féminin": true, "feminin": true, "homme": true, "femme": true, "maschio": true, "femmina": true, "uomo": true, "donna": true, "vrouw": true, "mannelijk": true, "vrouwelijk": true,
	"mężczyzna": true, "kobieta": true, "erkek": true, "kadın": true, "мужской": true, "женский": true, "男": true, "女": true, "男性": true, "女性": true, "남": true, "여": true, "남성": true, "여성": true,
}

func demographicRules() []rule {
	return []rule{
		{
			entity: PostalCode,
			Info: Info{
				Name: "postal_code", Class: "postal", Group: Personal, Compact: true,
				Rule:   "A postal code layout by key or right after its cue",
				Not:    "Five or more digits without key or cue: every other count",
				Source: "UPU S42, national postal operators",
			},
			keys: append(keys(
				"postal code", "postalcode", "post code", "postcode", "zip code", "zipcode", "address zip", "billing zip", "shipping zip", "postleitzahl", "code postal", "codigo postal", "codice postale",
				"kod pocztowy", "postnummer", "postinumero", "eircode", "plz", "zip postal", "zip plus4", "posta kodu", "irsz",
			), append(weakKeys("cep", "pin code", "postal"), looseKeys("zip")...)...),
			value: postalByKey,
			prefixes: slices.Concat(
				after(PostalCode, 0.85, postalAt, "postal code", "post code", "postcode", "plz", "postleitzahl", "code postal", "codigo postal", "código postal", "codice postale", "kod pocztowy", "eircode"),
				after(PostalCode, 0.85, zipAt, "zip code", "zipcode"),
				after(PostalCode, 0.85, brazilianAt, "cep"),
				[]prefix{{"zip ", zipWord}},
			),
			examples: examples{
				positive: []string{
					"zip code «94043»", `{"postal_code":"«1012 AB»"}`, "PLZ «10115» Berlin", "postcode «2000».", "postal code «K1A 0B1», Ottawa", "billing_zip=«94043-1351»", `{"zip":"«10001»"}`, "SET new_zip = '«69861»'",
					"user.postal_code|«1012 AB»", "code postal: «75008»", "?postal_code=«K1A+0B1»&x=1", "CEP: «01310-100»", "ZIP «94043»", "kod pocztowy «00-950»", "CEP «01310-100»", "Postleitzahl «10115»",
				},
				negative: []string{
					"zip archive.zip", "zip=true", "zip 3 files", `{"zip":"backup.zip"}`, "port 94043", "code 94043", "postal_code=null", "postcode 123", "zip: 12345678", "zip 94043.5 ms", "gzip 94043", "unzip: 12345", "zip 12345 files", "ZIP 12345 bytes", "ZIP 94043 entries", "postcode=M1 1AE", "postal code SW1A 1AA",
				},
			},
		},
		{
			entity: Age,
			Info: Info{
				Name: "age", Class: "age", Group: Personal,
				Rule: "A number of years by a key of a person (patient_age, ...), or by the key age with other keys of a person beside it",
				Not:  "Ages of caches, connections and certificates (age=3600, max_age)",
			},
			keys: append(keys(
				"patient age", "customer age", "user age", "person age", "age years", "age in years", "client age", "member age", "applicant age", "driver age", "employee age", "insured age", "age of patient", "edad",
			), weakKeys("age")...),
			value: ageByKey,
			examples: examples{
				positive: []string{"patient_age=«42»", `{"firstName":"Jane","age":«34»}`, `{"gender":"F","age":"«34»"}`, "user.age|«34»", "Patient age: «71»"},
				negative: []string{
					"age=3600", "Age: 120", `{"name":"cache-1","age":30}`, "max-age=60", "age|34", "cache_age=30", "patient_age=432", "page=42", "patient_age=0", "usage=42", "user_age=5d",
				},
			},
		},
		{
			entity: Gender,
			Info: Info{
				Name: "gender", Class: "gender", Group: Personal,
				Rule: "One of the usual words or letters by key",
				Not:  "Values that are no gender, the words in prose",
			},
			keys:  keys("gender", "sex", "gender identity", "geschlecht", "genero", "sexo", "sesso", "geslacht", "plec", "cinsiyet"),
			value: genderByKey,
			examples: examples{
				positive: []string{"gender=«female»", `{"sex":"«M»"}`, "patient.gender|«non-binary»", "Geschlecht: «weiblich»", `{"gender":"«männlich»"}`, "?gender=«f»&x=1"},
				negative: []string{"gender=null", "gender=unknown", "sex: 3 rows", "gender=[REDACTED]", "gender_column=female", "sextant=f"},
			},
		},
		{
			entity: Nationality,
			Info: Info{
				Name: "nationality", Class: "nationality", Group: Personal,
				Rule:   "A word or a country code by key",
				Not:    "Country codes and names under other keys: regions, locales",
				Source: "ISO 3166-1",
			},
			keys: keys(
				"nationality", "citizenship", "country of citizenship", "nacionalidad", "nacionalidade", "nationalite", "nazionalita", "cittadinanza", "staatsangehoerigkeit", "nationalitaet", "nationaliteit", "obywatelstwo", "uyruk",
			),
			value: nationalityByKey,
			examples: examples{
				positive: []string{"nationality=«German»", `{"nationality":"«DE»"}`, "user.nationality|«South African»", `{"nationality":"«German, Austrian»"}`, "Nationality: «French», 34", "/* nationality=«Brazilian» */ x", `{"citizenship":"«USA»"}`},
				negative: []string{"nationality=null", "nationality=3", `{"nationality":""}`, "nationality=unknown", "nationality={{nationality}}", "nationality_id=German", "nationality=true"},
			},
		},
	}
}

var (
	britishPostcode = shapeByKey(0.9, isPostcode)
	postalAt        = longestOf(postalForms)
	zipAt           = longestOf(zipForms)
)

// postalByKey verifies a code under a key. Codes of four digits and of seven are too short or too long for a weak one.
func postalByKey(t *text, v value) {
	n, british := len(t.out), v
	british.ref.entity = UKPostcode
	if britishPostcode(t, british); len(t.out) > n {
		return
	}
	read := postalAt
	if v.weak() {
		read = zipAt
	}
	if end := read(t, v.start); end > 0 && (!v.closed || end == v.end) && t.hasDigits(v.start, end) {
		t.emit(v, v.start, end, 0.9)
	}
}

func brazilianAt(t *text, i int) int { return t.formEnd(i, "ddddd-ddd") }

// zipWord verifies the code after the word ZIP at i, which in lower case names archives.
func zipWord(t *text, i int) {
	if !isUpper(t.s[i]) {
		return
	}
	start := i + len("zip ")
	if end := zipAt(t, start); end > 0 && (t.at(end) != ' ' || !isLower(t.at(end+1))) {
		t.add(PostalCode, start, end, 0.85)
	}
}

// hasDigits reports whether the digits in [i, end) are not all zeros.
func (t *text) hasDigits(i, end int) bool {
	for ; i < end; i++ {
		if c := t.s[i]; isDigit(c) && c != '0' {
			return true
		}
	}
	return false
}

// ageCues are keys and words of a person near the key age, which names that of cached and stored things as well.
var ageCues = []string{
	"gender", "sex ", "patient", "dob ", "birth", "firstname", "first_name", "lastname", "last_name", "fullname", "full_name", "surname", "married", "nationality", "years old",
}

// ageByKey verifies a number of years from 1 to 125.
func ageByKey(t *text, v value) {
	end := t.span(v.start, 4, isDigit)
	n := 0
	for i := v.start; i < end; i++ {
		n = n*10 + int(t.s[i]-'0')
	}
	if n < 1 || n > 125 || end-v.start > 3 || t.s[v.start] == '0' || isWord(t.at(end)) || !t.valueEnds(end) || v.closed && end != v.end {
		return
	}
	if v.weak() && (v.attr() || !t.cue(ageCues, v.keyStart, end)) {
		t.near = true
		return
	}
	t.emit(v, v.start, end, 0.85)
}

func genderByKey(t *text, v value) {
	var buf [24]byte
	s := t.s[v.start:v.end]
	if len(s) > len(buf) {
		return
	}
	for i := range len(s) {
		buf[i] = lower(s[i])
	}
	if genders[string(buf[:len(s)])] {
		t.emit(v, v.start, v.end, 0.9)
	}
}

// maxNationality is how long the name of a nation may be, in bytes.
const maxNationality = 40

// noNation are values that say that there is none.
var noNation = []string{"unknown", "none", "null", "nil", "true", "false", "undefined", "other", "na", "string", "n"}

func nationalityByKey(t *text, v value) {
	v.end = t.phraseEnd(v)
	if stop := strings.IndexAny(t.s[v.start:v.end], ",*"); stop >= 0 && !v.closed { // a list, the end of a comment
		v.end = t.trimRight(v.start, v.start+stop)
	}
	s := t.s[v.start:v.end]
	if len(s) < 2 || len(s) > maxNationality || isPlaceholder(s) {
		return
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c < 0x80 && (i == 0 || c != ' ' && c != '-' && c != '+' && c != '\'' && (c != ',' || !v.closed)) {
			return
		}
	}
	for _, w := range noNation {
		if equalFold(s, w) {
			return
		}
	}
	t.emit(v, v.start, v.end, 0.85)
}
