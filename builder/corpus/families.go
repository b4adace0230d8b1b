package main

// family is one entity in all its structures: the keys that name it, its spellings and prose of its own.
type family struct {
	file   string
	sub    string
	keys   []string
	values []string // spellings under a key
	frames []string // nil: all
	each   int      // examples per frame
	prose  []string // templates of whole lines
	draws  int      // examples per template
}

var families = []family{
	{
		file: "contact", sub: "email", each: 4, draws: 4,
		keys:   []string{"email", "user_email", "customer_email", "mail", "recipient", "contact", "login_hint"},
		values: []string{"email", "email", "email.plus", "email.caps"},
		prose: []string{
			`password reset mail queued for «email» (template «word», attempt «n»)`,
			`«syslog» mail postfix/smtp[«port»]: 4F2A91C0: to=<«email»>, relay=mx.example.org[«ipv4.doc»]:25, delay=0.«n», status=sent`,
			`From: «name» <«email»>`,
			`mailto:«email»?subject=Order`,
			`GET /users/«email»/orders HTTP/1.1`,
			`GET /users/«email.pct»/orders?page=«n» HTTP/1.1`,
			`redirect to https://shop.example.com/confirm?next=%2Fhome&to=«email.pct»`,
			`could not deliver to «email», «email»: mailbox unavailable`,
			`User «email» logged in from «ipv4»`,
			`ERROR: duplicate key value violates unique constraint "users_email_key" DETAIL: Key (email)=(«email») already exists.`,
			`cc: «email»; «email.plus»`,
		},
	},
	{
		file: "contact", sub: "phone", each: 3, draws: 3,
		keys:   []string{"phone", "phone_number", "mobile", "mobile_phone", "contact_phone", "tel"},
		values: []string{"phone.e164", "phone.e164", "phone.intl", "phone.dashes", "phone.us", "phone.usdash"},
		prose: []string{
			`sms sent to «phone.e164» in «ms» ms (segments: «n»)`,
			`please call «phone.us» about order «seq»`,
			`customer's phone is «phone.usdash», voicemail left`,
			`Tel. «phone.intl», Mo-Fr`,
			`OTP for «phone.e164» expired after «ms» s`,
			`tel:«phone.e164»`,
			`twilio error 21610: recipient «phone.e164» has unsubscribed`,
			`callback requested: phone «phone.usdots» (preferred)`,
			`whatsapp message to «phone.dashes» rejected, code «status»`,
		},
	},
	{
		file: "financial", sub: "payment_card", each: 3, draws: 3,
		keys:   []string{"card_number", "card", "pan", "credit_card", "cc_number", "payment_card_number"},
		values: []string{"card", "card", "card.spaces", "card.dashes"},
		prose: []string{
			`charging card «card» for 49.90 EUR`,
			`payment declined for card «card.spaces» (insufficient funds)`,
			`card «card.dashes» seen in a free-text memo`,
			`customer wrote: my credit card is «card», please refund`,
			`PAN «card» exp «expiry» rejected by acquirer with code «n»`,
			`visa/mastercard number «card.spaces» stored by mistake in notes`,
		},
	},
	{
		file: "financial", sub: "iban", each: 3, draws: 3,
		keys:   []string{"iban", "account_iban", "creditor_iban", "bank_account"},
		values: []string{"iban", "iban", "iban.spaces"},
		prose: []string{
			`SEPA transfer to «iban» scheduled for «date»`,
			`refund booked on «iban.spaces» (ref «seq»)`,
			`/payments/«iban»/mandates returned «status» in «dur»`,
			`mandate M-«seq» for IBAN «iban» revoked`,
			`beneficiary account «iban» failed screening`,
		},
	},
	{
		file: "financial", sub: "crypto_wallet", each: 2, draws: 4,
		keys:   []string{"wallet", "wallet_address", "payout_address", "to_address"},
		values: []string{"btc", "btc.segwit", "eth", "eth"},
		prose: []string{
			`payout of 0.0421 BTC to «btc» broadcast as «sha256»`,
			`withdrawal to «btc.segwit» needs «n» more confirmations`,
			`token transfer from «eth» to «eth» reverted at block «seq»`,
			`donation address: «btc»`,
			`GET /v1/balances/«eth» «status»`,
		},
	},
	{
		file: "government", sub: "us_ssn", each: 2, draws: 3,
		keys:   []string{"ssn", "social_security_number", "us_ssn"},
		values: []string{"ssn", "ssn", "ssn.bare"},
		prose: []string{
			`applicant SSN «ssn» verified by bureau`,
			`social security number «ssn» already on file`,
			`W-9 received, ssn: «ssn», form rev «n»`,
			`identity check failed for SSN=«ssn» (score 0.«n»)`,
		},
	},
	{
		file: "government", sub: "uk_nhs", each: 2, draws: 3,
		keys:   []string{"nhs_number", "nhs_no"},
		values: []string{"nhs", "nhs.bare", "nhs.dashes"},
		prose: []string{
			`patient with NHS number «nhs» checked in`,
			`PDS lookup for NHS «nhs» took «ms» ms`,
			`NHS No: «nhs.bare» merged into spell «seq»`,
		},
	},
	{
		file: "government", sub: "in_aadhaar", each: 2, draws: 3,
		keys:   []string{"aadhaar", "aadhaar_number", "aadhar_no"},
		values: []string{"aadhaar", "aadhaar.bare", "aadhaar.dashes"},
		prose: []string{
			`eKYC ok for Aadhaar «aadhaar» (txn «uuid»)`,
			`Aadhaar number «aadhaar.bare» could not be verified`,
			`UIDAI returned code «status» for aadhaar no «aadhaar.dashes»`,
		},
	},
	{
		file: "government", sub: "br_cpf", each: 2, draws: 3,
		keys:   []string{"cpf", "cpf_number", "customer_cpf"},
		values: []string{"cpf", "cpf", "cpf.bare"},
		prose: []string{
			`nota fiscal emitida para CPF «cpf»`,
			`cliente «cpf» sem cadastro`,
			`consulta Serasa: CPF «cpf.bare» status «status»`,
			`cpf «cpf» inválido na receita`,
		},
	},
	{
		file: "network", sub: "ip_address", each: 4, draws: 4,
		keys:   []string{"client_ip", "remote_addr", "source_ip", "peer_address", "host_ip", "ip"},
		values: []string{"ipv4", "ipv4", "ipv4.private", "ipv6", "ipv4.doc", "ipv6.full", "ipv6.mapped", "ipv4.local", "ipv6.local"},
		prose: []string{
			`connection from «ipv4»:«port» closed after «dur»`,
			`dial tcp «ipv4.private»:5432: connect: connection refused`,
			`upstream connect error to [«ipv6»]:8443, reset reason: connection timeout`,
			`Failed password for invalid user «username» from «ipv4» port 51«line» ssh2`,
			`«ipv4» - - [«clf»] "GET «path» HTTP/1.1" «status» «bytes» "-" "«ua»"`,
			`X-Forwarded-For: «ipv4», «ipv4.private»`,
			`Forwarded: for="[«ipv6.full»]";proto=https;by=«ipv4.private»`,
			`rate limit hit by «ipv6» («n» req/s)`,
			`resolved db.shop.svc.cluster.local to «ipv4.private» and «ipv4.private» in «dur»`,
			`listening on «ipv4.local»:«port» and [«ipv6.loop»]:«port»`,
			`http://«ipv4.private»:9090/api/v1/query?query=up returned «status»`,
			`kernel: [UFW BLOCK] IN=eth0 OUT= SRC=«ipv4» DST=«ipv4.private» LEN=40 TTL=243 ID=54321 PROTO=TCP SPT=«port» DPT=22`,
			`ban «ipv4»; reason=bruteforce; count=«n»`,
		},
	},
	{
		file: "network", sub: "mac_address", each: 2, draws: 3,
		keys:   []string{"mac", "mac_address", "device_mac", "hwaddr"},
		values: []string{"mac", "mac", "mac.dashes", "mac.dots"},
		prose: []string{
			`DHCPACK on «ipv4.private» to «mac» via eth0`,
			`station «mac» associated with AP «word»-«n»`,
			`link/ether «mac» brd «mac» mtu 1500`,
			`arp: duplicate address from «mac.dashes» on port «n»`,
			`switch learned «mac.dots» on Gi1/0/«n»`,
		},
	},
	{
		file: "network", sub: "envoy", draws: 12,
		prose: []string{
			`[«iso»] "GET /api/v1/lookup?email=«email»&page=«n» HTTP/1.1" «status» - via_upstream - "-" 0 «bytes» «ms» «ms» "«ipv4»" "«ua»" "«uuid»" "shop.example.com" "«ipv4.private»:8080" inbound|8080|| «ipv4.local»:42«line» «ipv4.private»:8080 «ipv4»:0 outbound_.8080_._.storefront.shop.svc.cluster.local default` + "\n",
			`[«iso»] "POST «path» HTTP/2" «status» - via_upstream - "-" «bytes» «bytes» «ms» «ms» "«ipv4»,«ipv4.private»" "«ua»" "«uuid»" "payment.shop.svc.cluster.local:8080" "«ipv4.private»:8080" outbound|8080||payment.shop.svc.cluster.local «ipv4.private»:5«port» «ipv4.private»:8080 «ipv4.private»:3«port» - default` + "\n",
			`[«iso»] "- - -" 0 UF,URX - - "TLS_error" 0 0 «ms» - "-" "-" "-" "-" "«ipv4.private»:443" PassthroughCluster - «ipv4.private»:443 «ipv4.private»:4«port» - -` + "\n",
		},
	},
	{
		file: "credential", sub: "jwt", each: 2, draws: 4, frames: noQuery,
		keys:   []string{"jwt", "id_jwt"},
		values: []string{"jwt"},
		prose: []string{
			`token validation failed: «jwt» is expired`,
			`«iso» WARN  «class» - rejecting jwt «jwt»`,
			`GET /callback#«jwt»`,
			`could not parse '«jwt»': signature is invalid`,
		},
	},
	{
		file: "credential", sub: "private_key", each: 4, draws: 10, frames: oneValue,
		keys:   []string{"private_key", "tls_key", "pem"},
		values: []string{"pem"},
		prose: []string{
			"loaded key material:\n«pem»\nfrom secret «word»",
			"«pem»\n",
		},
	},
	{
		file: "credential", sub: "http_authorization", draws: 7,
		prose: []string{
			"Authorization: Bearer «bearer»",
			"Authorization: Basic «basic»",
			"POST «path» HTTP/1.1\r\nHost: shop.example.com\r\nAuthorization: Bearer «bearer»\r\nContent-Length: «bytes»\r\n",
			"> authorization: Basic «basic»\n> x-request-id: «uuid»",
			`curl -H 'Authorization: Bearer «bearer»' https://shop.example.com«path»`,
			`Proxy-Authorization: Basic «basic»`,
			`{"headers":{"Authorization":"Bearer «bearer»","X-Request-Id":"«uuid»"}}`,
			`request headers {'authorization': 'Basic «basic»', 'accept': '*/*'}`,
			`{"log":"{\"authorization\":\"Bearer «bearer»\"}","time":"«iso»"}`,
		},
	},
	{
		file: "credential", sub: "cookie", draws: 7,
		prose: []string{
			"Cookie: session=«cookie»",
			"Cookie: sid=«cookie»; cart=«cookie»",
			"Set-Cookie: session=«cookie»; Path=/; HttpOnly; Secure; SameSite=Lax",
			"set-cookie: JSESSIONID=«cookie»; Path=/shop; Max-Age=3600; HttpOnly",
			"GET «path» HTTP/1.1\r\nHost: shop.example.com\r\nCookie: sid=«cookie»\r\nAccept: */*\r\n",
			`{"headers":{"cookie":"sid=«cookie»","x-request-id":"«uuid»"}}`,
		},
	},
	{
		file: "credential", sub: "url_credentials", draws: 6,
		prose: []string{
			`connecting to postgres://«urlcred»@db.shop.svc:5432/shop?sslmode=require`,
			`REDIS_URL=redis://«urlcred»@cache.shop.svc:6379/0`,
			`amqp dial failed: amqps://«urlcred»@mq.example.com/vhost: timeout after «dur»`,
			`{"level":"error","dsn":"mysql://«urlcred»@db-1.example.com:3306/orders","retry":«n»}`,
			`git clone https://«urlcred»@git.example.com/shop/app.git failed with «n»`,
			`mongodb+srv://«urlcred»@cluster0.example.net/?retryWrites=true`,
			`proxy http://«urlcred»@proxy.example.org:3128 refused CONNECT`,
		},
	},
	{
		file: "credential", sub: "password", each: 4, draws: 5,
		keys:   []string{"password", "passwd", "pwd", "db_password", "user_password", "new_password"},
		values: []string{"password"},
		prose: []string{
			`jdbc:postgresql://db.shop.svc:5432/shop?user=«username»&password=«password»`,
			`DB_PASSWORD=«password»`,
			`Server=tcp:db.example.com;Database=shop;Password=«password»;Encrypt=True`,
			`--db-password=«password» --listen=:8080`,
			`config: {user: «username», password: «password», pool: «n»}`,
		},
	},
	{
		file: "credential", sub: "aws", draws: 6,
		prose: []string{
			`AWS_ACCESS_KEY_ID=«awskey» AWS_SECRET_ACCESS_KEY=«awssecret»`,
			"[default]\naws_access_key_id = «awskey»\naws_secret_access_key = «awssecret»\nregion = eu-central-1",
			`{"accessKeyId":"«awskey»","region":"us-east-1"}`,
			`InvalidClientTokenId: the access key «awskey» does not exist`,
			`Credential=«awskey»/20260311/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date`,
			`{"aws_secret_access_key": "«awssecret»", "attempt": «n»}`,
			`aws_secret_access_key: «awssecret»`,
		},
	},
	{
		file: "credential", sub: "provider", draws: 8,
		prose: []string{
			`remote: Invalid credentials for «github»`,
			`GITHUB_TOKEN=«github»`,
			`{"token":"«github»","repo":"shop/app"}`,
			`fetch https://git.example.com/shop/app.git with «github.fine»`,
			`slack api call with «slack» returned not_authed`,
			`SLACK_BOT_TOKEN: «slack»`,
			`{"slackToken":"«slack»","channel":"#ops"}`,
			`stripe: invalid api key provided: «stripe»`,
			`STRIPE_SECRET_KEY=«stripe»`,
			`{"level":"warn","stripe_key":"«stripe»","request":"req_«word»"}`,
			`geocode?place=«word»&key=«gcp» returned «status»`,
			`GOOGLE_API_KEY="«gcp»"`,
			`maps sdk initialized with «gcp»`,
		},
	},
	{
		file: "credential", sub: "secret", each: 3, draws: 4,
		keys:   []string{"api_key", "client_secret", "access_token", "refresh_token", "auth_token", "secret_key"},
		values: []string{"secret", "secret.hex"},
		prose: []string{
			`X-Api-Key: «secret»`,
			`CLIENT_SECRET=«secret»`,
			`oauth2: exchanged code, access_token=«secret» expires_in=3600`,
			`curl -H "X-Auth-Token: «secret.hex»" https://api.example.com/v1/«word»`,
		},
	},
	{
		file: "contact", sub: "username", each: 2, draws: 4,
		keys:   []string{"username", "user_name", "login", "login_name"},
		values: []string{"username"},
		prose: []string{
			`Failed password for «username» from «ipv4» port 40«line» ssh2`,
			`Accepted publickey for «username» from «ipv4» port 51«line» ssh2: ED25519 SHA256:«keyprint»`,
			`pam_unix(sshd:session): session opened for user «username»`,
		},
	},
	{
		file: "contact", sub: "user_id", each: 3, draws: 2,
		keys:   []string{"user_id", "customer_id", "enduser_id"},
		values: []string{"uid", "uid.tag", "uid.uuid"},
	},
	{
		file: "contact", sub: "date_of_birth", each: 3, draws: 4,
		keys:   []string{"date_of_birth", "dob", "birth_date", "birthday"},
		values: []string{"dob", "dob", "dob.us", "dob.eu"},
		prose: []string{
			`patient DOB «dob.us», ward «n»`,
			`born «dob», consent given`,
			`date of birth «dob.eu» does not match the document`,
		},
	},
	{
		file: "named", sub: "person_name", each: 4, draws: 4,
		keys:   []string{"full_name", "customer_name", "card_holder", "recipient_name"},
		values: []string{"name"},
		prose: []string{
			`{"first_name":"«first»","last_name":"«last»","newsletter":true}`,
			`firstName=«first» attempt=«n»`,
			`INSERT INTO customers (first_name, last_name, tier) VALUES ('«first»', '«last.plain»', '«word»')`,
			`Dear «name», your order «seq» has shipped`,
			`ticket assigned to Dr. «name» at «iso»`,
			`From: «name» <«email»>`,
			`Mr. «name» called about order «seq»`,
		},
	},
	{
		file: "named", sub: "street_address", each: 4, draws: 4,
		keys:   []string{"address", "street_address", "shipping_address", "billing_address", "address_line1"},
		values: []string{"street"},
		prose: []string{
			`parcel delivered at «street»`,
			`geocoder found no match for «street»`,
		},
	},
	{
		file: "contact", sub: "geo_coordinates", each: 2, draws: 4, frames: []string{"logfmt", "json", "nested", "escaped", "keyvalue", "query", "sqlwhere", "dict"},
		keys:   []string{"coordinates", "geo_location", "lat_lon"},
		values: []string{"geo", "geo.space"},
		prose: []string{
			`{"lat":«lat»,"lon":«lon»,"accuracy_m":«n»}`,
			`latitude=«lat» longitude=«lon» source=gps`,
			`GET /stores/near?lat=«lat»&lng=«lon»&limit=«n» HTTP/1.1`,
		},
	},
}
