package detect

// The entities of this family.
const (
	JWT Entity = iota + endVehicle
	PrivateKey
	HTTPAuthorization
	Cookie
	URLCredentials
	Password
	AWSAccessKey
	AWSSecretKey
	GitHubToken
	SlackToken
	StripeKey
	GCPAPIKey
	Secret
	endCredential
)

func credentialRules() []rule {
	return []rule{
		{
			entity: JWT,
			Info: Info{
				Name: "jwt", Class: "jwt", Group: Credential,
				Rule:   "Compact JWS or JWE whose header decodes, perhaps in base 64 once more",
				Not:    "Three parts with dots that are no header in base 64: versions, hosts, class names",
				Source: "RFC 7515, RFC 7516, RFC 7519",
			},
			prefixes: []prefix{{"eyj", jwt}, {"zxlk", jwtInBase64}},
			examples: examples{
				positive: []string{
					"token «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123» ok", "/cb?id_token=«eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.»",
					"encoded «ZXlKaGJHY2lPaUpJVXpJMU5pSjkuZXlKemRXSWlPaUpxWVc1bElpd2lhV0YwSWpveE56QXdNREF3TURBd2ZRLmFiYy1ERUZfMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw» twice",
				},
				negative: []string{"eyJub3QiOiJqd3QifQ", "eyJub3QiOiJqd3QifQ.eyJhIjoxfQ.sig", "xeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "ZXlKaGJHY2lPaUpJVXpJMU5pSjk short", "ZXlKQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJjQWJj"},
			},
		},
		{
			entity: PrivateKey,
			Info: Info{
				Name: "private_key", Class: "privkey", Group: Credential,
				Rule:   "A PEM block of a private key or a key file of PuTTY, line ends escaped or not",
				Not:    "Public keys and certificates, a header without a body, key file names",
				Source: "RFC 7468, RFC 9580; PuTTY: appendix C",
			},
			prefixes: []prefix{{"putty-user-key-file-", putty}},
			examples: examples{
				positive: []string{
					"key «-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75\n-----END RSA PRIVATE KEY-----» end",
					`{"k":"«-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----»\n"}`,
					"cut «-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIODnb5vU5vX9",
					`«PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nAAAAIE5pY2VLZXlIZXJlMTIzNDU2Nzg5MDEyMzQ1\nPrivate-MAC: 0123456789abcdef0123456789abcdef»\n`,
				},
				negative: []string{"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "----- BEGIN PRIVATE KEY", "PuTTY-User-Key-File-2: ssh-rsa"},
			},
		},
		{
			entity: HTTPAuthorization,
			Info: Info{
				Name: "http_authorization", Class: "auth", Group: Credential, Opaque: true,
				Rule:   "The credential part of an Authorization value",
				Not:    "The scheme alone, masked values, policies and modes (authorization=rbac)",
				Source: "RFC 9110",
			},
			keys:     keys("authorization", "proxy authorization", "auth header", "authorization header"),
			value:    authByKey,
			prefixes: []prefix{{"bearer ", bearer}, {"basic ", bearer}},
			examples: examples{
				positive: []string{
					"Authorization: Bearer «abc123def456»", "authorization: Basic «dXNlcjpwYXNz»", `{"Authorization":"Bearer «abc123def456»"}`,
					`-H "Authorization: Bearer «abc123def456»"`, `Authorization: Digest «username="Mufasa", realm="x", nonce="dcd98b"»`,
					"http.request.header.authorization|Bearer «abc123def456»", "Authorization: SSWS «00FMDH_B1sW-MP7bNIzX2Q7OA»", "Authorization: SharedKey «store:7fK2mQx9Lr4TzV8bNc3W=»", "sent Bearer «dGhpc0lzQVRva2Vu12»",
				},
				negative: []string{"Authorization: Bearer ${TOKEN}", "Authorization: none", "Bearer of bad news", "Basic authentication1 is off", "authorization: failed for jane"},
			},
		},
		{
			entity: Cookie,
			Info: Info{
				Name: "cookie", Class: "cookie", Group: Credential, Opaque: true,
				Rule:   "Every value of a Cookie header, the value of a Set-Cookie header",
				Not:    "Names of cookies, their attributes, settings such as same_site and cookie_consent",
				Source: "RFC 6265",
			},
			keys:  keys("cookie", "set cookie", "cookies", "cookie header"),
			value: cookieByKey,
			examples: examples{
				positive: []string{
					"Cookie: sid=«a1b2c3»; theme=«dark»", "Set-Cookie: id=«a3fWa»; Path=/; HttpOnly; Max-Age=60", `{"cookie":"sid=«a1b2c3»"}`,
					"http.request.header.cookie|sid=«a1b2c3»; t=«x1»",
				},
				negative: []string{"Cookie: none", "cookie: sid=; theme=null", "cookies enabled", "Cookie: sid=[cookie]"},
			},
		},
		{
			entity: URLCredentials,
			Info: Info{
				Name: "url_credentials", Class: "urlcred", Group: Credential,
				Rule:   "user:password before the host of a URL or DSN, user/password before that of Oracle, after -u of curl",
				Not:    "URLs with a user alone, ports, placeholders (${DB_USER}), scp paths (git@host:repo)",
				Source: "RFC 3986; Oracle: JDBC thin-style service names",
			},
			prefixes: []prefix{{"oracle:thin:", oracleThin}, {"sqlplus ", sqlplus}},
			examples: examples{
				positive: []string{
					"dial postgres://«app:s3cr3t»@db:5432/x", "https://«jane:p%40ss»@example.com/", "redis://«:hunter2»@cache:6379", "«root:pw»@tcp(127.0.0.1:3306)/app",
					"https://«jane:p@ss»@example.com/", "curl -k -u «elastic:P@ssw0rd» https://x", "curl --user '«johns:h0pk1ns~21s»' x", `curl --user "«j.smith:dB2yF6@qL9»" y`,
					"curl --user kevin:'«pRf7vG2h1L8nQkW9»' -i", "jdbc:oracle:thin:«scott/tiger99»@db.example.com:1521:orcl", "jdbc:oracle:thin:«scott/tiger99»@//db/svc",
					"sqlplus «scott/tiger99»@orcl", "smtps://«mailer%40example.com:s3cr3t»@mail.example.com:465", "ldap://«cn=admin,dc=example,dc=com:s3cr3t»@ldap.example.com:389",
					"mongodb+srv://«app:p%40ss»@c0.mongodb.net/x", "https://«x-access-token:abc123DEF456»@github.com/x/y", "amqps://«guest:guest»@mq:5671/%2f",
				},
				negative: []string{"ssh://git@github.com/x", "http://host:8080/a@b", "https://user:***@host/", "postgres://app:${PW}@db", "http://x/@y:z", "curl -u ${{ env.ID }}:${{ env.PASS }}", `curl --user "$1:$2" x`, "curl --user user:pass x", "jdbc:oracle:thin:@db:1521:orcl", "user --user a:b1"},
			},
		},
		{
			entity: Password,
			Info: Info{
				Name: "password", Class: "password", Group: Credential, Opaque: true,
				Rule: "By key (password, passwd, pwd, ...): the whole value",
				Not:  "Words about passwords (password_policy, reset requested), placeholders, masked values, file names of secrets",
			},
			keys: append(keys(
				"password", "passwd", "pwd", "passphrase", "pass phrase", "passwort", "contrasena", "mot de passe", "senha", "pass word", "password hash",
				"passwd hash", "user pass", "db pass", "pg password", "mysql pwd", "sasl password", "pw", "bindpw", "bind pw", "rootpw", "userpw", "adminpw", "password confirm", "password confirmation", "password repeat",
				"kennwort", "wachtwoord", "mfa code", "otp code", "one time code", "verification code",
			), weakKeys("pass", "pin", "otp")...),
			value:    passwordByKey,
			prefixes: []prefix{{"password ", passwordWord}, {"passwd ", passwordWord}, {"identified by ", sqlPassword}, {"identified with ", sqlPassword}},
			examples: examples{
				positive: []string{
					"password=«hunter2» user=x", "trace_id= password=«hunter2»", `{"db_password":"«a b»"}`, `{"p":"{\"password\":\"«x\\\"y»\"}"}`, "PGPASSWORD=«s3cret!»", "login?pwd=«abc»&x=1", "spring.datasource.password|«x»",
					"my password is «hunter2», thanks", "passwd «hunter2»", "login with password «s3cret99»", "the password is «Sommer-2024!»",
					"<password>«hunter2»</password>", "{'password': '«hunter2»'}", "--password «hunter2» -v", "mysql -u root -p«s3cr3t99» -h db", "sshpass -p «s3cr3t99» ssh h", "redis-cli -a «s3cr3t99» ping", "docker login -u me -p «s3cr3t99» r",
					"Server=db;User Id=sa;Password=«P@ss w0rd»;Encrypt=True", "Server=db;Pwd=«abc{1}x»;", "Server=db;Password=«P@ss»;User Id=sa;Encrypt=True", ";Passwd=«0» 0;0", ";Passwd=«0» ;0", "host=db password='«s3 cr3t»' dbname=app", "bindpw=«s3cr3t»", "f(password=«ab,c1»)",
					"ALTER USER bob WITH ENCRYPTED PASSWORD '«Sunflower!»';", "ALTER ROLE bob LOGIN PASSWORD '«a b»'", "CREATE USER x IDENTIFIED BY '«Sunflower»'", "ALTER USER x IDENTIFIED WITH mysql_native_password BY '«Sun flower»'", "Kennwort=«Sunflower»", "mfa_code=«482913»",
				},
				negative: []string{
					"the password 'field' is empty", "IDENTIFIED BY '?'", "gpio pin=13 level=high", "login failed, password: incorrect", "password=****", "password=", "password: null", "password=changeme", "password: must be longer", "password=${PW}", "password=<password>", "password_length=8",
					"password reset", "password=[password]", "Invalid password: try again",
					"password is required", "password is 12 characters long", "Failed password for root", "password sha256 mismatch", "password is not set", "password was changed 2024-01-02",
					"PWD=/home/jdoe ; USER=root", "--- PASS: TestIndexByte2 (0.00s)", "mkdir -p /srv/data99", "ssh -p 2222 host", "mysql -p -h db", "ls -a data1", "password=__REDACTED__", "password=EXAMPLE", "OLDPWD=/srv/app", "pwd=/usr/local/lib",
				},
			},
		},
		{
			entity: AWSAccessKey,
			Info: Info{
				Name: "aws_access_key", Class: "awskey", Group: Credential,
				Rule:   "AKIA, ASIA, ... and 16 characters of base 32",
				Not:    "The examples of AWS (AKIAIOSFODNN7EXAMPLE), other capitals of twenty characters",
				Source: "AWS IAM: unique identifiers",
			},
			prefixes: []prefix{{"akia", awsAccess}, {"asia", awsAccess}, {"abia", awsAccess}, {"acca", awsAccess}, {"a3t", awsAccess}},
			examples: examples{
				positive: []string{"key «AKIAQYLPMN5HFIQR7XYA» used", "«ASIAQYLPMN5HFIQR7XYA»"},
				negative: []string{"AKIAQYLPMN5HFIQR7XYAB", "akiaqylpmn5hfiqr7xya", "XAKIAQYLPMN5HFIQR7XYA", "AKIAIOSFODNN7EXAMPLE", "AKIAAAAAAAAAAAAAAAAA"},
			},
		},
		{
			entity: AWSSecretKey,
			Info: Info{
				Name: "aws_secret_key", Class: "awssecret", Group: Credential,
				Rule:   "40 characters of base 64, by key",
				Not:    "Forty characters of base 64 without the key: digests, signatures",
				Source: "AWS IAM: access keys",
			},
			keys:  keys("aws secret access key", "aws secret key", "secret access key", "aws secret"),
			value: awsSecretByKey,
			examples: examples{
				positive: []string{"aws_secret_access_key=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY»", `"SecretAccessKey": "«wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY»"`},
				negative: []string{"digest wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY", "aws_secret_access_key=${AWS}", "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
			},
		},
		{
			entity: GitHubToken,
			Info: Info{
				Name: "github_token", Class: "github", Group: Credential,
				Rule:   "ghp_, gho_, ghu_, ghs_, ghr_ with a CRC32 tail, or github_pat_",
				Not:    "The prefix with a wrong checksum or length",
				Source: "GitHub: token formats",
			},
			prefixes: []prefix{{"ghp_", github}, {"gho_", github}, {"ghu_", github}, {"ghs_", github}, {"ghr_", github}, {"github_pat_", github}},
			examples: examples{
				positive: []string{
					"«ghp_0123456789abcdefghijABCDEFGHIJklmnop» used", "«github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789abcdefghijklmnopqrstuvwxyzABCDEFG»",
				},
				negative: []string{"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_short", "aghp_0123456789abcdefghijABCDEFGHIJklmnop"},
			},
		},
		{
			entity: SlackToken,
			Info: Info{
				Name: "slack_token", Class: "slack", Group: Credential,
				Rule:   "xoxb-, xoxp-, xapp-, ... tokens and webhook URLs",
				Not:    "Channel, team and user ids without the token's prefix",
				Source: "Slack: token types",
			},
			prefixes: []prefix{
				{"xoxb-", slack},
				{"xoxp-", slack},
				{"xoxa-", slack},
				{"xoxr-", slack},
				{"xoxs-", slack},
				{"xoxe-", slack},
				{"xoxe.", slack},
				{"xoxo-", slack},
				{"xoxc-", slack},
				{"xoxd-", slack},
				{"xapp-", slack},
				{"hooks.slack.com/", slackHook},
			},
			examples: examples{
				positive: []string{"«xoxb-123456789012-abcdefGHIJKL7» sent", "«xapp-1-A111222-3334445556-abcdef»"},
				negative: []string{"xoxb-xxxxxxxxxxxx", "xoxp-1234-1234-1234-4ddbc191d40ee098cbaae6f3", "EXO-XOXO-teaser-exo-k-34521098-720-516.jpg", "xoxe.xoxp-1-YourConfigurationTokenHere", "xoxb-", "foxb-123456789012-abc"},
			},
		},
		{
			entity: StripeKey,
			Info: Info{
				Name: "stripe_key", Class: "stripe", Group: Credential,
				Rule:   "sk_live_, rk_live_, sk_test_, rk_test_, whsec_",
				Not:    "Publishable keys (pk_) and ids of objects (cus_, ch_)",
				Source: "Stripe: API keys",
			},
			prefixes: []prefix{
				{"sk_live_", stripe}, {"sk_test_", stripe}, {"rk_live_", stripe}, {"rk_test_", stripe}, {"sk_prod_", stripe}, {"rk_prod_", stripe}, {"whsec_", stripe},
			},
			examples: examples{
				positive: []string{"«sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc» used", "«whsec_5f3eA9bK2mX8qT7w»"},
				negative: []string{"sk_live_xxxxxxxxxxxxxxxx", "pk_live_4eC39HqLyjWDarjtT1zdp7dc", "task_live_4eC39HqLyjWDarjt"},
			},
		},
		{
			entity: GCPAPIKey,
			Info: Info{
				Name: "gcp_api_key", Class: "gcpkey", Group: Credential,
				Rule:   "AIza and 35 characters",
				Not:    "AIza with another length, inside a longer word",
				Source: "Google Cloud: API keys",
			},
			prefixes: []prefix{{"aiza", gcp}},
			examples: examples{
				positive: []string{"key=«AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY»"},
				negative: []string{"AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWYx", "aizaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"},
			},
		},
		{
			entity: Secret,
			Info: Info{
				Name: "secret", Class: "secret", Group: Credential, Opaque: true,
				Rule: "By a credential-like key (api_key, client_secret, access_token, ...): the whole value",
				Not:  "Values of low entropy, placeholders, names and versions of secrets, counts of tokens (max_tokens=4096)",
			},
			keys: append(keys(
				"api key", "apikey", "api secret", "api token", "access token", "auth token", "refresh token", "id token", "client secret", "app secret", "secret key", "secret key base",
				"secret token", "private token", "bearer token", "session token", "access key", "private key", "signing key", "encryption key", "signing secret",
				"webhook secret", "auth key", "master key", "shared secret", "consumer secret", "application key", "app key", "jwt secret", "x api key", "token secret", "oauth token",
				"csrf token", "xsrf token", "security token", "service token", "personal access token", "deploy token", "bot token", "authtoken", "accesstoken", "secretkey",
				"account key", "license key", "hmac key", "storage key", "credentials", "secret id", "creds", "deploy key", "publish key", "integration key", "functions key", "subscription key", "sas token", "registration token",
			), looseKeys(
				"token", "secret", "amz signature", "goog signature", "api pat", "pat", "session id", "sessionid", "jsessionid", "phpsessid", "sessid", "session key", "connect sid", "gitlab session",
			)...),
			value: secretByKey,
			examples: examples{
				positive: []string{
					"api_key=«9f8e7d6c5b4a»", `{"clientSecret":"«Zx81-qq»"}`, "?access_token=«ya29.a0Af_1»&x=1", `var apiToken string = "«f3A9bK2mX8qT7wZ1»"`, "X-Api-Key: «9f8e7d6c5b4a»", "token=«f3A9bK2mX8qT7wZ1»",
					`secret = "«abc123xyz»"`, "api_key=«/Yz0wbakhklUyFGgYsrNQcHD4jfJgr5k6hBkN7FZ==»", `setProperty("API_TOKEN", "«f3A9bK2mX8qT7wZ1»")`, `os.Setenv("DB_SECRET_KEY", "«a1b2c3d4»")`, "secret: «abc123xyz»", "/cb?token=«abcdef123456»&x=1", "token: «abcdef1234567890»",
					"session_id=«9f8e7d6c5b4a39281706f5e4d3c2b1a0»", "JSESSIONID=«1A530637289A03B07199A44E8D531427»", `{"sessionId":"«kq3v8s0d2m1x7c5b»"}`,
					"session.id|«b3c6a1de-7f60-4f0e-9b7e-0d6f1c2a3b4c»",
				},
				negative: []string{
					"token=next", "token: clm69454:AgencyIdentificationCodeContentType", `log("secret", "not set")`, `fake_token="f3A9bK2mX8qT7wZ1"`, "token=f3A9bK2mX8qT7wZ1...", `t("API_TOKEN_TTL", "3600")`, "api_key=${API_KEY}", "token_type=bearer", "max_tokens=4096", "secret: my-tls-secret", "api_key=YOUR****KEY", "unexpected token: foo",
					"private_key=/etc/ssl/key.pem", "export API_KEY=$(cat /run/secrets/api_key)", "access_token: none", "token=null", "tokens: 512", "token_count=12", "token_type=Bearer",
					"secret: k8s-secret-name", "secret=registry-creds-v2", "next_token=abcdef123456", "page_token=Q2l9fSAw8dX2", "session_id=4711", "sessionid:0x14ed93111f2009d",
					"secret: MyServiceAccountSecretName", "unexpected token: identifier2",
				},
			},
		},
	}
}
