package detect

import "slices"

// The entities of this family.
const (
	Email Entity = iota + 1
	Phone
	PersonName
	Username
	UserID
	DateOfBirth
	StreetAddress
	GeoCoordinates
	endContact
)

func contactRules() []rule {
	return []rule{
		{
			entity: Email,
			Info: Info{
				Name: "email", Class: "email", Group: Personal,
				Rule:   "Local part, @, and a domain name with an alphabetic top-level label",
				Not:    "Package versions (pkg@1.2.3), image digests, decorators, git remotes without a user's name, hosts without a top-level label",
				Source: "RFC 5321, RFC 5322",
			},
			examples: examples{
				positive: []string{
					"login by «jane.doe+shop@example.com» ok", "GET /users/«jane@x.com»/orders", "?email=«jane%40example.com»&x=1",
					`{"email":"«jane@example.com»"}`, `{"p":"{\"email\":\"«jane@example.com»\"}"}`, `to=\u003c«jane@example.com»\u003e`,
					`"hi\n«jane@example.com»"`, "mailto:«jane@example.co.uk».", "小明«xiaoming@example.cn»", "«josé@example.es» wrote",
					"%3C«jane@example.com»%3E",
					`{"m":"«bob\u0040example.com» x"}`, `{"m":"«\u00e4nna@firma.example»"}`, `{"p":"{\"m\":\"«bob\\u0040example.com»\"}"}`, `{"m":"«j\u00f6rg\u0040m\u00fcller.example»\n"}`,
					`to «"jane doe"@example.com» now`, `{"m":"to «\"jane doe\"@example.com»"}`, "邮箱 «用户@例子.广告»", `{"mail":"«用户@例子.公司»"}`, "«उपयोगकर्ता@उदाहरण.कॉम»", "«jane+news@mail.eu.example.co.uk»", "GET /u/«jane%40mail.example.com»/x",
					"«ivan@пример.рф» wrote", "«иван@пример.рф»", `{"m":"\u003c«bob\u0040example.com»\u003e"}`, "«anna@müller.example»",
				},
				negative: []string{
					"lodash@4.17.21", "icon@2x.png", "git@github.com:org/repo.git", "user@localhost", "getty@tty1.service",
					"@Override public", "repo/x@sha256:abc", "a@", "@b.com", "golang.org/x/net@v0.1.2", "foo@@bar.com", `{"a":"b"@example}`, `x="jane"@localhost`, `"a","b"@c`, "请联系小明@例子", `{"m":"bob\u0040localhost"}`, `\u0040x.com`, "Message-ID: <20240223.8CD99@mail.example.com>",
				},
			},
		},
		{
			entity: Phone,
			Info: Info{
				Name: "phone", Class: "phone", Group: Personal,
				Rule:   "International or national layout that the numbering plan of its country confirms; bare digits need a key or a cue",
				Not:    "Digits without +, layout, key or cue: epochs, order numbers, offsets; numbers that the plan of no country has",
				Source: "ITU-T E.164, libphonenumber metadata",
			},
			keys: append(keys(
				"phone", "phone number", "phone no", "telephone", "telephone number", "mobile", "mobile number", "mobile phone", "cell",
				"cell phone", "cell number", "tel", "fax", "fax number", "msisdn", "phone e164", "whatsapp", "contact number", "caller number", "telefon", "telefono", "telefone", "telefonnummer", "telefoonnummer",
				"rufnummer", "handynummer", "mobilnummer", "handy", "celular", "tel no", "tel nr", "numero de telephone", "numero de telefono", "numero telefono", "numero de telefone", "numero di telefono", "cellulare", "portable", "telefone celular", "movil",
				"telefon numarasi", "cep no", "cep telefonu", "gsm no", "telefoon", "puhelin", "puhelinnumero", "telefonszam", "nomor telepon", "nomor hp", "no hp", "sms number", "contact no", "contact phone", "contact mobile", "emergency contact number", "callback number", "caller id number",
				"ani", "dnis", "calling party", "called party", "calling party number", "called party number",
			), weakKeys("call from", "calling number")...),
			value:    phoneByKey,
			prefixes: []prefix{{"tel. ", phoneWord}, {"tel ", phoneWord}, {"telefon ", phoneWord}, {"phone ", phoneWord}, {"mobil ", phoneWord}, {"handy ", phoneWord}, {"fon ", phoneWord}},
			digits: []digitShape{
				{layout: "ddd-ddd-dddd", valid: isNANP, conf: 0.93},
				{layout: "ddd.ddd.dddd", valid: isNANP, conf: 0.9},
				{layout: "ddd ddd dddd", valid: isNANP, cued: true, conf: 0.9},
				{layout: "d-ddd-ddd-dddd", valid: isNANP11, conf: 0.95},
				{layout: "d.ddd.ddd.dddd", valid: isNANP11, conf: 0.93},
				{layout: "d ddd ddd dddd", valid: isNANP11, cued: true, conf: 0.92},
				{layout: "dddddddddd", valid: isNANP, cued: true, conf: 0.88},
				{layout: "ddddddddddd", valid: isMobile, cued: true, conf: 0.88},
				{layout: "ddd-dddd", valid: isLocalPhone, cued: true, conf: 0.85},
				{layout: "ddddd dddddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "ddd dddd dddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dddd ddd dddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dd dd dd dd dd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dddd dddddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "ddd ddddddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "ddddd ddddd", cued: true, conf: 0.85},
				{layout: "ddd-dddd-dddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dd-dddd-dddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dddd-ddd-dddd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "dddd ddd dd dd", valid: isTrunk, cued: true, conf: 0.9},
				{layout: "d ddd ddd dd dd", valid: isLongTrunk, cued: true, conf: 0.9},
				{layout: "d-ddd-ddd-dd-dd", valid: isLongTrunk, cued: true, conf: 0.9},
				{layout: "ddd ddd dd dd", cued: true, conf: 0.88},
				{layout: "ddd ddd ddd", cued: true, conf: 0.7},
				{layout: "dd ddd dd dd", cued: true, conf: 0.85},
				{layout: "dd dddd dddd", cued: true, conf: 0.88},
				{layout: "dddd dddd", valid: isLocalPhone, cued: true, conf: 0.82},
				{layout: "dddd ddd ddd", cued: true, conf: 0.88},
				{layout: "dd-ddddddd", valid: isTrunk, cued: true, conf: 0.88},
				{layout: "dddd-ddddddd", valid: isTrunk, cued: true, conf: 0.9},
			},
			cues: []string{
				"phone", "telephone", "tel ", "mobile", "cell ", "call me", "call us", "call at", "caller", "fax", "sms ", "whatsapp", "dial ", "msisdn", "reach me", "number is", "desk ", "hotline", "helpline", "landline", "toll free", "toll-free",
				"telefon", "teléfono", "telefono", "telefone", "téléphone", "telefoon", "handy ", "handynummer", "rufnummer", "anruf", "móvil", "celular", "cellulare", "portable ", "puhelin", "cep ", "gsm ", "телефон", "тел ", "电话", "手机", "電話", "携帯", "전화", "휴대폰",
			},
			vetoes: numberNouns,
			examples: examples{
				positive: []string{
					"call «+1 415 555 2671» now", "«(415) 555-2671»", "«415-555-2671»", "tel:«+442079460958»", "phone=«07700900123»",
					`{"phone":"«+49 30 901820»"}`, "phone: «555-0199»", "mobile «020 7946 0958»", "my number is «13812345678»", "«+33 1 42 68 53 00»",
					"phone_number|«4155552671»", "7,«+919876500958»,2026", "7,«415-555-2671»,2026", "?mobile=«%28312%29%20555-0121»&x=1", "call «415.555.2671».", "Tel.: «030/901820»", "Tel. «030-901820»", "Telefon: «0151 23456789»", "Tel «0151 23456789», Fax no", "Telefon «(030) 901820-15»", "Handy «0151/234567-89»",
					"Cep no: «05321234567»", "Desk: «5551234567» ext 9", "teléfono «612 345 678»", "телефон «8 912 345 67 89»", "电话 «13812345678»", "Cep «0532 123 45 67»", "téléphone «06 12 34 56 78»", "携帯 «090-1234-5678»", "ani=«+14155552671»",
				},
				negative: []string{
					"+0000", "id 4155552671", "2023-01-15 12:34:56", "100-200-3000", "v415.555.2671", "415-555-2671-9", "order-415-555-2671",
					"+1234567", "x=1+14155552671", "phone=null", "phone=***-***-2671", "error code 415-555-2671", "code: 415-555-2671", "tel. 12345", "Tel. 2024-01-15", "phone 000000000", "etc.: 030901820", "order #415-555-2671", "1700000000", "612 345 678 rows", "0532 123 45 67", "call id 8 912 345 67 89", "phone 1234 5678", "failed to convert to number: 12345678", "desktop 5551234567", "EXT4-fs inode 4155552671",
				},
			},
		},
		{
			entity: PersonName,
			Info: Info{
				Name: "person_name", Class: "name", Group: Personal, Named: true,
				Rule: "By key (first_name, customerName, ...), after a cue (Dear, patient, signed by, ...), or two words in a row that the model of names takes for one",
				Not:  "Names of classes, hosts, products, services and Kubernetes objects; a single word in prose without a cue",
			},
			keys: append(keys(
				"first name", "last name", "full name", "given name", "family name", "middle name", "maiden name", "surname", "firstname", "lastname",
				"fullname", "forename", "customer name", "client full name", "patient name", "employee name", "contact name", "cardholder name", "card holder",
				"cardholder", "card holder name", "account holder", "account holder name", "recipient name", "sender name", "holder name", "owner name", "person name",
				"passenger name", "guest name", "student name", "member name", "billing name", "shipping name", "applicant name", "beneficiary name",
				"real name", "legal name", "buyer name", "payer name", "payee name", "driver name", "doctor name", "physician name", "author name",
				"name on card", "user full name", "realname", "customer full name", "fname", "lname", "subscriber name", "name of customer", "user real name",
				"vorname", "nachname", "familienname", "prenom", "nom de famille", "apellido", "apellidos", "nombre completo", "sobrenome", "nome completo", "cognome", "voornaam", "achternaam", "fornavn", "etternavn", "efternamn",
			), slices.Concat(weakKeys("name", "nombre", "nome"), looseKeys("display name", "displayname"), personKeys(
				"customer", "patient", "employee", "recipient", "passenger", "beneficiary", "guest", "caller", "kunde", "kundin", "patientin", "mitarbeiter", "mitarbeiterin", "empfaenger",
				"cliente", "paciente", "empleado", "destinatario", "destinataire",
			))...),
			value: nameByKey,
			examples: examples{
				positive: []string{
					"first_name=«Jane» status=200", `{"customerName":"«Jane Doe»"}`, "User{name=«Jane Doe», ssn=536-22-1234}", "Dr. «Jane Doe» signed",
					"Full name: «Jane Doe»", "INSERT INTO t (name, ssn) VALUES ('«Jane Doe»', '536-22-1234')", "?first_name=«Jane»&x=1", "body=customer_name=«Jos%C3%A9%20Nakamura»&submit=1", "Dear «Walter Keller», your order",
					"user.full_name|«Jane van der Berg»", "{'first_name': '«Zoë»'}", "Full name: «Jane Doe», email: x", "Patient «Emily Johnson», admitted", "From: «Jane Doe» <jane@example.com>", "hi, my name is «Dan»",
					"customer: «Jürgen Müller»", "Kunde: «Müller, Jürgen»", "Patient: «John Public»", "Patient: «John Q. Public», DOB 1980-01-02", `{"customer":"«Jane Doe»"}`, "customer|«Jürgen Müller»", "name=«Anna+Kowalska»&city=Berlin",
					"Hello «Maria»,", "Hello «Maria Sander», welcome", "Hi «Émile»!", "customer=«Jane Doe» id=7", "customer: «Ødegård, Åse»",
					"«Marie-Claire Dubois» submitted the report", "ticket 12 assigned to «Maria Sander» by «Walter Keller»", "«Émile Zola» opened case 7", "acting on behalf of «Jane van der Berg»", "im Auftrag von «Jürgen Müller»", "spoke with «Priya Patel», will call back", "Contacts: «Tim Cook» tim@example.com; «Anna Kowalska» anna@example.com", "Mr. «Mayers»", `{"msg":"user «Jane Doe» logged in"}`,
				},
				negative: []string{
					`{"name":"payment-service"}`, "hostname=web1", "name=Payment Service", "file name: Report Q1", "12 ms Total Time", "first_name=null",
					"customer_name=[name]", "last_name=<redacted>", "customer: created", "Customer Service Desk", "Patient Portal login", "Customer Acme",
					"Hello World, here I am", "Hello, Maria", "Hi there!", "customer: Acme Corp", "customer: Premium", "?name=Red+Shoes", "name=us+east", "Patient: Data Service", `{"customer":"Acme"}`, "customer|acme-corp",
					`fname = "notes.txt"`, "fname = expand('<afile>')", "fullName = prefix + name", "connected to Apache Kafka", "502 Bad Gateway", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "at com.jane.Doe.run(Doe.java:7)", "Morgan Stanley approved the request", "region San Jose is healthy",
					"assigned to Payment Team", "issued by Vim", "Warren Miller GmbH paid", "pod jane-doe-7d9 evicted", "Red Hat Enterprise Linux", `{"city":"San Jose"}`, `{"product":"Jean Paul"}`, "Monday January", "service.name|Jane Doe",
				},
			},
		},
		{
			entity: Username,
			Info: Info{
				Name: "username", Class: "user", Group: Personal, Opaque: true,
				Rule: "By key (username, login, ...): the whole value",
				Not:  "Service accounts of databases and systems (root, postgres), placeholders, user agents",
			},
			keys: append(keys(
				"username", "user name", "login name", "loginname", "screen name", "user login", "login user", "preferred username", "user principal name", "sam account name", "nickname",
				"remote user", "enduser name", "logon name", "benutzername", "gebruikersnaam", "nombre de usuario", "nome de usuario", "nome utente",
			), weakKeys("user", "login", "usr", "uname", "remote user name", "db user", "suser", "duser")...),
			value: usernameByKey,
			prefixes: []prefix{
				{"password for ", loginFor},
				{"publickey for ", loginFor},
				{"invalid user ", loginFor},
				{"session opened for user ", loginFor},
				{"session closed for user ", loginFor},
				{"user ", userWord},
				{"for user ", failedFor},
				{"tty=", sudoer},
				{"logged in as ", loggedInAs},
				{"login as ", loggedInAs},
				{"logged on as ", loggedInAs},
				{"signed in as ", loggedInAs},
				{"home/", home},
				{"users/", home},
				{"users\\", home},
			},
			examples: examples{
				positive: []string{
					"username=«jdoe» ok", `{"userName":"«jane.doe»"}`, "user=«jdoe» ip=1.2.3.4", "user.name|«jdoe»", "--username «jdoe» -x",
					"<username>«jdoe»</username>", "Failed password for invalid user «jdoe» from 1.2.3.4 port 22 ssh2", "Accepted publickey for «j.doe» from 1.2.3.4", "1.2.3.4 - «jane» [10/Oct/2026:13:55:36 +0000] \"GET /\"", "session opened for user «jdoe»",
					"User «jdoe» (uid=1001)", "User '«jdoe»' not found", `Access denied for user '«app_rw»'@'10.0.0.1'`, "logged in as «maria» via ssh", "failed login for user «admin» from 203.0.113.7",
					"open /home/«maria.sander»/notes.txt: no such file", `path="/Users/«maria»/src/main.go:12"`, `C:\Users\«maria.sander»\AppData`, `{"f":"C:\\Users\\«maria»\\x.txt"}`,
					"PWD=/home/«jdoe»/project ; USER=root", "sudo: «jdoe» : TTY=pts/0 ; PWD=/home/«jdoe» ; USER=root", "failed login for user «admin» from host1", "/home/«maria.sander»/x.txt", "/Users/«maria»/", "cd /Users/«maria»/ && ls", "HOME=/home/«maria»",
				},
				negative: []string{
					"user=root", "user=null", "username: ${USER}", "user: the quick", `{"user":{"a":1}}`, "user_agent=curl", "Failed password for root from 1.2.3.4", "invalid password for account", `User "system:serviceaccount:kube-system:x" cannot list`,
					"user service from 10 sources", "user not found", "User 'root' denied", "login failed for user 'ROOT'", "auth for user 'root@pam'", "no such user found from 1.2.3.4", "GET /home/dashboard/x HTTP/1.1", "GET /api/Users/maria/x", "/home/app/main.py", "/home/dashboard/x", "billing for user plans from 2024", "sudo: root : TTY=pts/0", "open /home/ubuntu/x", "file /users/maria/x",
					"user requests from users", "open /usr/home/maria/x", "a user 'is' here", "Failed password for user from 1.2.3.4",
				},
			},
		},
		{
			entity: UserID,
			Info: Info{
				Name: "user_id", Class: "userid", Group: Personal, Opaque: true,
				Rule: "By key (user_id, customerId, ...): the whole value",
				Not:  "Ids of orders, requests, traces and sessions, and any number under another key",
			},
			keys: append(keys(
				"user id", "userid", "customer id", "patient id", "employee id", "member id", "subscriber id", "enduser id", "person id", "client user id",
				"user uuid", "customer uuid", "enduser pseudo id", "user guid", "customer number", "patient number", "customer no",
			), weakKeys("uid")...),
			value: userIDByKey,
			examples: examples{
				positive: []string{
					"user_id=«42» ok", `{"userId":«12345»}`, `{"customer_id":"«c-9f3»"}`, "enduser.id|«jane»", `{"user":{"id":«7»,"x":1}}`,
				},
				negative: []string{"uid=0", "uid=0(root) gid=0(root)", "ws=null, uid=100019, pid=5853", `{"local-member-id":"8e9e05c52164694d","raft-term":2}`, `pod (UID: "d2b5242c-a78d-4cee-8a4c-2f9f9bdf1cd6")`, "user_id=null", "id=42", `{"id":7}`, "request_id=42"},
			},
		},
		{
			entity: DateOfBirth,
			Info: Info{
				Name: "date_of_birth", Class: "dob", Group: Personal,
				Rule:   "A date by key (dob, birth_date, ...) or after a cue",
				Not:    "Dates without a word for birth: every other time stamp",
				Source: "ISO 8601",
			},
			keys: keys(
				"dob", "date of birth", "birth date", "birthdate", "birthday", "birth day", "born", "birth dt", "dateofbirth", "born on", "d o b", "geburtsdatum", "geburtstag", "geboren am", "geb am", "date de naissance", "datenaissance", "fecha de nacimiento", "fecha nacimiento", "nacimiento",
				"data de nascimento", "data nascimento", "nascimento", "data di nascita", "data nascita", "geboortedatum", "data urodzenia", "datum narozeni", "fodelsedatum", "fodselsdato", "syntymaaika", "dogum tarihi", "datum rodenja", "data nasterii", "tanggal lahir",
			),
			value:    dateByKey,
			prefixes: birthWords,
			digits:   birthDates,
			cues:     birthCues,
			examples: examples{
				positive: []string{
					"dob=«1985-04-12»", `{"dateOfBirth":"«1985-04-12T00:00:00Z»"}`, "Date of Birth: «04/12/1985»", "born on «12.04.1985»", "birthday: «April 12, 1985»", "patient DOB «03/05/1945», ward 3", "?dob=«11%2F14%2F1974»&x=1",
					"user.birth_date|«19850412»", "dob: «12 Apr 1985»",
					"geboren am «12. April 1985» in Köln", "née le «12 avril 1985»", "né le «12/04/1985»", "nacido el «12 de abril de 1985»", "nata il «12 aprile 1985»", "Geburtsdatum «12.04.1985»", "date de naissance: «12/04/1985»", "fecha de nacimiento «12/04/1985»", "nascido em «12/04/1985»", "doğum tarihi: «12.04.1985»",
					"född «1985-04-12»", "дата рождения: «12.04.1985»", "urodzony «12.04.1985»", "生年月日 «1985/04/12»", "出生日期: «1985-04-12»", "geb. «12.04.1985»", `{"geburtsdatum":"«1985-04-12»"}`, "was born «12th April 1985»", "dob «Apr 12th, 1985»",
				},
				negative: []string{"date=1985-04-12", "dob=0000-00-00", "dob=null", "born 3 seconds ago", "dob_verified=1985-04-12", "geboren 3", "née le pod", "gebaut 12.04.1985", "newborn 1985-04-12", "stubborn 12.04.1985", "birthday cron 12.04"},
			},
		},
		{
			entity: StreetAddress,
			Info: Info{
				Name: "street_address", Class: "address", Group: Personal, Named: true,
				Rule: "By key (street, billing_address, ...), or a house number with the name of a street as it is written in English, German, French, Spanish, Portuguese, Italian, Dutch or Swedish",
				Not:  "IP and memory addresses, names of regions and zones, URLs",
			},
			keys: append(keys(
				"street", "street address", "street name", "address line", "address line1", "address line2", "addressline1", "billing address", "shipping address", "home address", "postal address",
				"mailing address", "delivery address", "residential address", "street1", "address1", "address street", "customer address", "patient address",
			), weakKeys("address", "addr")...),
			value:    addressLineByKey,
			prefixes: []prefix{{"p.o. box ", poBox}, {"p.o.box ", poBox}, {"po box ", poBox}},
			words:    letteredHouses,
			examples: examples{
				positive: []string{
					"ship to «123 Main Street» today", `{"street":"«12 Rue de Rivoli»"}`, `{"address":"«221B Baker Street, London»"}`,
					"billing_address|«1600 Riverside Pkwy, Mountain View, CA 94043»", "at «42 Elm St, Springfield, IL 62701»", "address: «10 Downing Street»", "meet at «12 Park Place», 5 pm", "«9 Mill Lane» in Cambridge", "at «12 Milky Way» in Dover", "visit «221B Baker Street» or «1600 Pennsylvania Avenue NW».",
					"geliefert an «Musterstraße 12, 10115 Berlin» um 9", "Paket: «Hauptstr. 5a, 60311 Frankfurt am Main».", "«Lange Straße 4» ist gesperrt", "«Goetheplatz 7, 80337 München»", "livré au «12 rue de Rivoli, 75001 Paris» hier",
					"au «7, rue de l'Église, 69002 Lyon»", "entregado en «Calle Mayor 5, 28013 Madrid»", "«Via Roma 10, 00184 Roma»", "em «Avenida Paulista 1000»", "bij «Kalverstraat 92, 1012 PH Amsterdam»", "mail to «P.O. Box 1234, Springfield, IL 62701»", "«Drottninggatan 5»", "«Rue de la Loi 16, 1000 Bruxelles»",
				},
				negative: []string{"address=10.0.0.1:8080", "address=0x7ffd", "404 Not Found", "200 OK", "3 Workers waiting", `{"address":"jane@x.com"}`, "remote_address=web1", "12 Requests Way too long", "3 Tables Row count", "7 Files Close together", "Speicherplatz 100 GB frei", "Arbeitsplatz 12 belegt", "Via Proxy 3", "Monitoring 5 hosts", "12 avenue", "3 place holders", "12 rue", "Straße 12", "PO box", "po box 12", "Plaza Server 4", "Logging 3, 10000 Lines"},
			},
		},
		{
			entity: GeoCoordinates,
			Info: Info{
				Name: "geo_coordinates", Class: "geo", Group: Personal,
				Rule:   "Latitude or longitude by key, or a decimal pair by key or cue; degrees with a compass point",
				Not:    "Pairs of decimals without key or cue: measurements, versions, durations",
				Source: "ISO 6709, RFC 5870",
			},
			keys: append(keys(
				"latitude", "longitude", "geo location lat", "geo location lon", "coordinates", "lat lon", "lat lng", "latlng", "latlon", "gps", "geo point", "gps position",
				"geolocation", "geo lat", "geo lon", "gps lat", "gps lon", "location lat", "location lon",
			), weakKeys("lat", "lon", "lng", "long", "location", "position", "geo", "ll", "latlong", "coords", "q")...),
			value: geoByKey,
			prefixes: slices.Concat(
				after(GeoCoordinates, 0.88, coordinatePairAt, "coordinates", "gps", "latlng", "koordinaten", "coordenadas", "coordonnées"),
				after(GeoCoordinates, 0.88, coordinateAt, "latitude", "longitude"),
				after(GeoCoordinates, 0.88, halfAt, "lat", "lon", "lng"),
				[]prefix{{"point(", pointText}, {"point (", pointText}, {"point z(", pointText}},
			),
			examples: examples{
				positive: []string{
					"lat=«37.7749» lon=«-122.4194»", `{"latitude":«37.7749»,"longitude":«-122.4194»}`, `{"coordinates":[«-122.4194,37.7749»]}`, "location: «37.7749, -122.4194»",
					"geo.location.lat|«37.77»", "gps «52.5200, 13.4050» fix", "geo:«37.786971,-122.399677»", "latitude «52.5200» north", "latitude: «37.7749° N»", "POINT(«-122.4194 37.7749»)", "ST_GeomFromText('POINT(«13.4050 52.5200»)')", "?ll=«37.7749,-122.4194»&z=1", "https://maps.example/@«37.7749,-122.4194»,15z",
					"gps=«37.7749;-122.4194»", "lat «52.520008» lon «13.404954»", "coordinates («52.520008, 13.404954»)", "coords=«52.520008,13.404954»", "https://maps.example/maps?q=«52.520008,13.404954»&z=1", "coordinates: «40°26'46\"N 79°58'56\"W»", `{"location":{"lat":«52.5200»,"lng":«13.4050»}}`,
				},
				negative: []string{"lat=12.5ms", "lat=3.14", "latency=37.7749", "location=us-east-1", "position=12345", "long=1.50", "position 12.5, 13.5", "location 3.2.1", "gps 3.14", "point(3 4)", "position 1.25,2.50,3.75", "latitude null", "at 52.5200, 13.4050", "location 48.8566,2.3522", "location 192.168.1.1", "@1.25,2.5", "p99 52.5200,13.4050", "lat=3.142 ms", "lat 3.142 ms", "lat is 3.142 ms", "q=0.123456", "q=1.5,2.5", "ll=-0.693", "position=0.532", "lat=12.345 p99=20.1"},
			},
		},
	}
}
