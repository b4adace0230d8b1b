package detect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// structures are texts of every structure in which telemetry carries keys and values, all spans marked. The entities
// of the spans stand in order in want.
var structures = []struct{ name, text, want string }{
	{"json, nested", `{"a":{"b":[{"c":{"email":"«jane@acme.example»","ssn":"«536-22-1234»"}}]},"password":"«hunter2»"}`, "email us_ssn password"},
	{"json, lists of objects", `{"users":[{"user_id":«4711»,"phone":"«+14155552671»"},{"user_id":«4712»,"phone":"«+14155552672»"}]}`, "user_id phone user_id phone"},
	{"json, numbers and null", `{"ssn":«536221234»,"card_number":«4111111111111111»,"password":null,"email":"","iban":false}`, "us_ssn payment_card"},
	{"json, pretty", "{\n  \"first_name\" : \"«Jane»\",\n  \"ssn\" : \"«536-22-1234»\"\n}", "person_name us_ssn"},
	{"json, value below its key", "{\"password\":\n  \"«hunter2»\"}", "password"},
	{"json, escaped once", `{"body":"{\"email\":\"«jane@acme.example»\",\"password\":\"«a b»\"}"}`, "email password"},
	{"json, escaped twice", `{"m":"{\"body\":\"{\\\"email\\\":\\\"«jane@acme.example»\\\",\\\"ssn\\\":\\\"«536221234»\\\"}\"}"}`, "email us_ssn"},
	{"json, escaped pretty", `{"body":"{\n  \"first_name\": \"«Jane»\",\n  \"ssn\": «536221234»\n}"}`, "person_name us_ssn"},
	{"json, name and value", `[{"name":"email","value":"«jane@acme.example»"},{"name":"password","value":"«hunter2»"}]`, "email password"},
	{"yaml, name and value", "env:\n  - name: DB_PASSWORD\n    value: «hunter2hunter2»\n  - name: color\n    value: blue\n", "password"},
	{"yaml, flow", "env: [{name: DB_PASSWORD, value: «hunter2hunter2»}]", "password"},
	{"logfmt, name and value", "name=email value=«jane@acme.example» n=1", "email"},
	{"json, key and value", `{"key":"ssn","value":"«536221234»"}`, "us_ssn"},
	{"otlp json", `{"attributes":[{"key":"user.password","value":{"stringValue":"«hunter2»"}},{"key":"k8s.pod.name","value":{"stringValue":"web-1"}}]}`, "password"},
	{"ndjson", "{\"email\":\"«a@acme.example»\"}\n{\"ssn\":«536221234»}\n{\"password\":\"«x»\"}\n", "email us_ssn password"},
	{"logfmt", `level=info user_email=«jane@acme.example» ssn="«536-22-1234»" msg="signed in" password=«hunter2» took=12ms`, "email us_ssn password"},
	{"key value, semicolons", "email=«jane@acme.example»; first_name=«Jane»; password=«hunter2»", "email person_name password"},
	{"key value, pipes", "ssn=«536221234»|password=«hunter2»|status=ok", "us_ssn password"},
	{"key colon value", "SSN: «536-22-1234», First name: «Jane», Password: «hunter2!x»", "us_ssn person_name password"},
	{"fix and pipes with spaces", "ssn: «536221234» | phone: «415-555-2671» | status: ok", "us_ssn phone"},

	{"csv after a header", "email,phone,ssn\n«a@acme.example»,«415-555-2671»,«536221234»\n«b@acme.example»,«415-555-2672»,«536221235»\n", "email phone us_ssn email phone us_ssn"},
	{"csv, quotes", "id,first_name,ssn\n1,\"«Jane»\",\"«536-22-1234»\"\n2,«Bob»,«536-22-1235»\n", "person_name us_ssn person_name us_ssn"},
	{"csv, semicolons", "name;iban;password\r\nx;«DE89370400440532013000»;«hunter2»\r\n", "iban password"},
	{"csv, spaced names", "Id,First Name,Social Security Number\n1,«Jane»,«536-22-1234»\n", "person_name us_ssn"},
	{"csv, quoted names", "\"id\",\"first_name\",\"ssn\"\n\"1\",\"«Jane»\",\"«536-22-1234»\"\n", "person_name us_ssn"},
	{"csv, row of another length", "id,first_name,ssn\n1,«Jane»,«536-22-1234»\n2,Bob\n3,Bob,x\n", "person_name us_ssn"},
	{"table of psql", " id | last_name |  password  \n----+-----------+------------\n  1 | «Doe»       | «hunter2»\n  2 | «Roe»       | «hunter3»\n(2 rows)\n", "person_name password person_name password"},
	{"csv, tabs", "id\tlast_name\tssn\n1\t«Doe»\t«536221234»\n", "person_name us_ssn"},
	{"csv, escaped line ends", `{"csv":"id,ssn,last_name\n1,«536221234»,«Doe»\n2,«536221235»,«Roe»\n"}`, "us_ssn person_name us_ssn person_name"},
	{"csv, header cue", "header: id;ssn;last_name rows: 2", ""},
	{"csv, header in prose", "imported with header: id;ssn;last_name\n1;«536221234»;«Doe»\n", "us_ssn person_name"},
	{"csv, no rows", "columns email,phone,ssn are gone\nnext line, without, anything\n", ""},

	{"xml, elements", "<user><first_name>«Jane»</first_name><ssn>«536221234»</ssn></user>", "person_name us_ssn"},
	{"xml, namespaces", "<ns2:User><ns2:password>«hunter2»</ns2:password><ns2:ssn>«536221234»</ns2:ssn></ns2:User>", "password us_ssn"},
	{"xml, attributes", `<node id="1" password="«hunter2»" ssn='«536221234»'/>`, "password us_ssn"},
	{"xml, element with attributes", `<wsse:Password Type="http://x#PasswordText">«hunter2»</wsse:Password>`, "password"},
	{"xml, cdata", "<password><![CDATA[«hun<ter2»]]></password><ssn><![CDATA[«536221234»]]></ssn>", "password us_ssn"},
	{"xml, escaped", `{"soap":"<ns:password>«hunter2»<\/ns:password>\n<ns:ssn>«536221234»</ns:ssn>"}`, "password us_ssn"},
	{"xml, as entities", "&lt;password&gt;«hunter2»&lt;/password&gt;", "password"},
	{"xml, name and value", `<add key="DbPassword" value="«hunter2»"/>`, "password"},

	{"stack trace", "java.lang.IllegalStateException: no account for «jane@acme.example»\n\tat com.acme.Users.load(Users.java:42)\nCaused by: com.acme.BadInput: ssn=«536221234» is taken\n\tat com.acme.Db.save(Db.java:7)\n\t... 3 more", "email us_ssn"},
	{"stack trace, escaped", `{"exception":"ValueError: password='«hunter2»'\n  File \"/srv/app.py\", line 7, in load\n    raise ValueError(ssn=«536221234»)"}`, "password us_ssn"},
	{"constraint of a database", "ERROR: duplicate key value violates unique constraint \"users_ssn_key\" DETAIL: Key (ssn)=(«536221234») already exists.", "us_ssn"},
	{"constraint with two columns", `DETAIL: Key (last_name, ssn)=(«Doe», «536221234») already exists.`, "person_name us_ssn"},

	{"form", "first_name=«Jane»&ssn=«536-22-1234»&password=«hun%26ter2»&submit=1", "person_name us_ssn password"},
	{"form of objects", "user[password]=«hunter2»&user%5Bfirst_name%5D=«Jane»&user%5Bssn%5D=«536221234»&password[]=«hunter2»&last_name%5B%5D=«Doe»&user%5Bpassword%5D=«a%26b»", "password person_name us_ssn password person_name password"},
	{"url-encoded pairs", "body=first_name%3D«Jane»%26password%3D«hunter2»%26x%3D1", "person_name password"},
	{"url-encoded json", "data=%7B%22password%22%3A%22«hunter2»%22%2C%22ssn%22%3A%22«536221234»%22%7D", "password us_ssn"},
	{"multipart", "Content-Disposition: form-data; name=\"password\"\r\n\r\n«hunter2»\r\n--x\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n«536221234»\r\n--x--", "password us_ssn"},

	{"base64 of json", `payload=«eyJlbWFpbCI6ImphbmVAYWNtZS5leGFtcGxlIn0=» ok`, "email"},
	{"base64 of json, two values", `{"state":"«eyJ1c2VyIjoiamFuZSIsInBhc3N3b3JkIjoiaHVudGVyMiIsInNzbiI6IjUzNi0yMi0xMjM0In0»"}`, "password"},
	{"base64 of json, clean", `cursor=eyJwYWdlIjoyLCJsaW1pdCI6NTAsInNvcnQiOiJhc2MifQ== next`, ""},
	{"base64 of a list", `q=«W3siZW1haWwiOiJqYW5lQGFjbWUuZXhhbXBsZSJ9XQ==»`, "email"},

	{"http request", "POST /login?ssn=«536-22-1234» HTTP/1.1\r\nHost: acme.example\r\nAuthorization: Bearer «abc123def456ghi»\r\nX-User-Phone: «415-555-2671»\r\nX-Api-Key: «0f1e2d3c4b5a69788796a5b4»\r\nCookie: sid=«a1b2c3»; theme=«dark»\r\n\r\npassword=«hunter2»&first_name=«Jane»", "us_ssn http_authorization phone secret cookie cookie password person_name"},
	{"http request, escaped", `{"raw":"GET / HTTP/1.1\r\nX-Api-Key: «0f1e2d3c4b5a69788796a5b4»\r\nCookie: sid=«a1b2c3»\r\n\r\n"}`, "secret cookie"},
	{"http headers as a map", `map[Accept:[*/*] Authorization:[Bearer «abc123def456ghi»] X-Api-Key:[«0f1e2d3c4b5a69788796a5b4»]]`, "http_authorization secret"},
	{"curl", `curl -H 'X-Api-Key: «0f1e2d3c4b5a69788796a5b4»' -d '{"password":"«hunter2»"}' https://acme.example/`, "secret password"},

	{"sql, where", "SELECT * FROM users WHERE ssn = '«536221234»' AND password='«hunter2»' AND active = 1", "us_ssn password"},
	{"sql, qualified and quoted", "SELECT 1 FROM \"users\" u WHERE u.\"ssn\" = '«536221234»' AND `u`.`password` = '«x''y»' AND [u].[last_name] = N'«Doe»'", "us_ssn password person_name"},
	{"sql, operators", "WHERE ssn <> '«536221234»' OR ssn != '«536221235»' OR last_name ILIKE '«Doe»'", "us_ssn us_ssn person_name"},
	{"sql, in", "WHERE last_name IN ('«Doe»', '«Roe»') AND ssn NOT IN ('«536221234»','«536221235»')", "person_name person_name us_ssn us_ssn"},
	{"sql, in numbers", "WHERE ssn IN («536221234», «536221235»)", "us_ssn us_ssn"},
	{"sql, between", "WHERE ssn BETWEEN '«536221234»' AND '«536221239»'", "us_ssn us_ssn"},
	{"sql, insert of rows", "INSERT INTO users (id, last_name, ssn) VALUES (1, '«Doe»', '«536221234»'), (2, '«Roe»', «536221235»)", "person_name us_ssn person_name us_ssn"},
	{"sql, insert with schema and lines", "INSERT INTO \"app\".\"users\"\n  (\"last_name\", \"password\")\nVALUES\n  ('«Doe»', '«hunter2»')\nON CONFLICT DO NOTHING", "person_name password"},
	{"sql, update", "UPDATE users SET last_name = '«Doe»', password = '«hunter2»', ssn=«536221234» WHERE id = 7", "person_name password us_ssn"},
	{"sql, comments", "SELECT 1 -- ssn = '«536221234»'\n/* password='«hunter2»' */ FROM t", "us_ssn password"},
	{"sql, placeholders", "SELECT * FROM t WHERE ssn = ? AND password = $1 AND last_name = :name AND email = @email", ""},
	{"sql, functions", "WHERE lower(last_name) = '«Doe»' AND password = crypt('«hunter2»', password)", "person_name password"},

	{"istio access log", `[2023-01-15T12:34:56.789Z] "GET /api/v1/orders?ssn=«536-22-1234» HTTP/1.1" 200 - via_upstream - "-" 0 1234 12 11 "«203.0.113.7»,«198.51.100.9»" "curl/8.5.0" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "orders:8080" "«10.4.0.7»:8080" outbound|8080||orders.shop.svc.cluster.local «10.4.0.8»:41234 «10.4.0.9»:8080 «203.0.113.7»:55332 - default`, "us_ssn ip_address ip_address ip_address ip_address ip_address ip_address"},
	{"grpc access log", `[2023-01-15T12:34:56.789Z] "POST /acme.v1.Users/Get HTTP/2" 200 - via_upstream - "-" 5 7 3 2 "-" "grpc-go/1.60.0 («jane@acme.example»)" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "users:50051" "[«2001:db8:85a3::8a2e:370:7334»]:50051" inbound|50051|| - - - -`, "email ip_address"},

	{"java record", "User{name=«Jane Doe», ssn=«536-22-1234», password='«hunter2»'}", "person_name us_ssn password"},
	{"java lombok", "UserDto(firstName=«Jane», ssn=«536221234», address=AddressDto(street=«12 Main Street», zip=1))", "person_name us_ssn street_address"},
	{"java lists", "Users[users=[User[firstName=«Jane», ssn=«536221234»], User[firstName=«Bob», ssn=«536221235»]]]", "person_name us_ssn person_name us_ssn"},
	{"java map", "{ssn=«536221234», last_name=«Doe», password=«hunter2»}", "us_ssn person_name password"},
	{"go struct", "{FirstName:«Jane» LastName:«Doe» SSN:«536221234» Active:true}", "person_name person_name us_ssn"},
	{"go struct, pointers", "&{ID:7 FirstName:«Mary Jane» SSN:«536221234» Password:«hunter2»}", "person_name us_ssn password"},
	{"go map", "map[first_name:«Jane» password:«hunter2» ssn:«536221234»]", "person_name password us_ssn"},
	{"go syntax", `main.User{FirstName:"«Jane»", SSN:"«536221234»", Tags:[]string{"a"}}`, "person_name us_ssn"},
	{"rust debug", `User { first_name: "«Jane»", ssn: Some("«536221234»"), password: None }`, "person_name us_ssn"},
	{"rust option", `Login { password: Some("«hunter2»"), last_name: Some("«Doe»") }`, "password person_name"},
	{"scala option", `User(Some(7), ssn=Some(«536221234»), password=Some(«hunter2»))`, "us_ssn password"},
	{"python dict", `{'email': '«jane@acme.example»', 'ssn': None, 'password': '«hunter2»', b'last_name': b'«Doe»', 'phone': u'«415-555-2671»'}`, "email password person_name phone"},
	{"python dataclass", `User(first_name='«Jane»', ssn='«536221234»', password=SecretStr('**********'))`, "person_name us_ssn"},
	{"ruby hash", `{:email=>"«jane@acme.example»", :password=>"«hunter2»", "ssn"=>"«536221234»", last_name: "«Doe»", :phone => nil}`, "email password us_ssn person_name"},
	{"ruby inspect", `#<User id: «7», first_name: "«Jane»", ssn: "«536221234»", password: nil>`, "user_id person_name us_ssn"},
	{"php print_r", "Array\n(\n    [email] => «jane@acme.example»\n    [ssn] => «536221234»\n    [password] => «hunter2»\n)\n", "email us_ssn password"},
	{"php var_dump", "array(2) {\n  [\"password\"]=>\n  string(7) \"«hunter2»\"\n  [\"ssn\"]=>\n  int(«536221234»)\n}", "password us_ssn"},
	{"php serialized", `a:2:{s:8:"password";s:7:"«hunter2»";s:3:"ssn";s:9:"«536221234»";}`, "password us_ssn"},
	{"php serialized, escaped", `{"session":"s:8:\"password\";s:7:\"«hunter2»\";"}`, "password"},
	{"elixir", `%{first_name: "«Jane»", ssn: "«536221234»", "password" => "«hunter2»"}`, "person_name us_ssn password"},
	{"c sharp", "User { FirstName = «Jane», Ssn = «536221234», Password = «hunter2» }", "person_name us_ssn password"},
	{"protobuf text", `first_name: "«Jane»" ssn: "«536221234»" address { street: "«12 Main Street»" }`, "person_name us_ssn street_address"},
	{"yaml", "user:\n  first_name: «Jane»\n  ssn: «536-22-1234»\n  password: «hunter2»\n  active: true\n", "person_name us_ssn password"},
	{"yaml, list", "- first_name: «Jane»\n  ssn: \"«536221234»\"\n- first_name: '«Bob»'\n", "person_name us_ssn person_name"},
	{"ini", "[db]\npassword = «hunter2»\n; ssn = «536221234»\n", "password us_ssn"},
	{"env", "export DB_PASSWORD=«hunter2» SSN='«536221234»'", "password us_ssn"},

	{"html entities", "{&quot;password&quot;:&quot;«hunter2»&quot;,&quot;ssn&quot;:&quot;«536221234»&quot;}", "password us_ssn"},
	{"html entities, numeric", "{&#34;password&#34;:&#34;«hunter2»&#34;}", "password"},
	{"html entity of an at sign", "mail «jane&#64;acme.example» or «bob&#x40;acme.example»", "email email"},
	{"quoted-printable", "To: <«jane=40acme.example»>\r\nwidth=40px.auto <w=40px>", "email"},
	{"markdown table", "| first_name | ssn |\n|---|---|\n| «Jane» | «536221234» |\n", "person_name us_ssn"},
}

// cleanStructures have the keys of personal values and no value.
var cleanStructures = []struct{ name, text string }{
	{"json schema", `{"type":"object","required":["email","password"],"properties":{"email":{"type":"string","format":"email"},"password":{"type":"string","minLength":8},"ssn":{"type":["string","null"]}}}`},
	{"openapi", "components:\n  schemas:\n    User:\n      properties:\n        password:\n          type: string\n        first_name:\n          type: string\n"},
	{"sql ddl", "CREATE TABLE users (id bigint, email varchar(255) NOT NULL, password varchar(255), ssn char(11), first_name text)"},
	{"sql columns", "SELECT id, email, phone, ssn\nFROM users, accounts, orders, items\nWHERE password IS NOT NULL AND ssn IS NULL\nORDER BY last_name, first_name"},
	{"sql parameters", "INSERT INTO users (email, password, ssn) VALUES (?, ?, ?), ($1, $2, $3), (:email, :password, :ssn), (NULL, DEFAULT, NULL)"},
	{"sql join", "SELECT u.email FROM users u JOIN logins l ON l.username = u.username AND l.password = u.password"},
	{"sql error", `ERROR: null value in column "password" of relation "users" violates not-null constraint`},
	{"html form", `<form><label for="email">Email</label><input type="password" name="password" id="password" placeholder="Password"><input name="ssn" type="text"></form>`},
	{"python signature", "def login(self, username: str, password: str = None, *, api_key: Optional[str] = None) -> bool:"},
	{"typescript", "interface User { password: string; firstName: string; ssn?: number; apiKey: string | null }"},
	{"go struct type", "type User struct {\n\tEmail    string `json:\"email\"`\n\tPassword string `json:\"password\"`\n}"},
	{"graphql", "mutation Login($username: String!, $password: String!) { login(username: $username, password: $password) { token } }"},
	{"protobuf", "message User { string email = 1; string password = 2; string ssn = 3; }"},
	{"secret reference", "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password\n"},
	{"name and value, other", `[{"name":"color","value":"blue-5581234"},{"key":"k8s.pod.name","value":{"stringValue":"web-1"}},{"name":"email_count","value":"17"}]`},
	{"metric labels", `http_requests_total{name="email",handler="/password",code="200"} 1027`},
	{"format strings", `log.Printf("user=%s password=%s ssn=%v", u, "%q", "{}")`},
	{"masked", `{"password":"********","ssn":"***-**-****","token":"[REDACTED]","email":"<email>","api_key":"xxxxxxxx"}`},
	{"none of many languages", "password=null ssn=None email=nil token=undefined first_name=N/A iban=- api_key=\"\""},
	{"options of values", "password = Some(None) ssn=Optional.empty token=Some(())"},
	{"call", "password=os.getenv('DB_PASSWORD') token=config.get(\"token\")"},
	{"csv of numbers", "time,count,p99\n10:00,5,12.5\n10:01,6,13.5\n"},
	{"csv of flags", "email_sent,password_set,ssn_present\ntrue,false,true\n"},
	{"list in prose", "missing fields: email,phone,ssn\nretrying in 5s, attempt 2, giving up\n"},
	{"base64 of a page", "next=eyJvZmZzZXQiOjEwMCwic29ydCI6ImNyZWF0ZWRfYXQiLCJkaXIiOiJkZXNjIn0="},
	{"base64 of nothing", "blob=eyJeyJeyJeyJeyJeyJeyJeyJeyJ W3siW3siW3siW3siW3siW3siW3si"},
	{"class names", "at com.acme.auth.PasswordEncoder.encode(PasswordEncoder.java:42)\n\tat com.acme.users.SsnValidator$1.call(SsnValidator.java:7)"},
	{"xml schema", `<xs:element name="password" type="xs:string"/><xs:element name="ssn" minOccurs="0" type="xs:string"/>`},
	{"empty elements", "<user><password></password><ssn/><email xsi:nil=\"true\"></email></user>"},
	{"envoy, internal", `[2023-01-15T12:34:56.789Z] "GET /healthz HTTP/1.1" 200 - via_upstream - "-" 0 2 1 1 "-" "kube-probe/1.29" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "checkout:8080" "-" inbound|8080|| - - - default`},
	{"kubectl columns", "NAME   READY   STATUS    RESTARTS   AGE\nweb-1   1/1   Running   0   5d\n"},
}

func TestCleanStructures(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range cleanStructures {
		t.Run(c.name, func(t *testing.T) {
			require.Empty(t, describe(d, c.text, d.Find(s, Key{}, c.text)))
			checkLaws(t, d, s, "", c.text)
		})
	}
}

func TestStructures(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range structures {
		t.Run(c.name, func(t *testing.T) {
			_, text, want := parseExample(c.text)
			found := d.Find(s, Key{}, text)
			var spans [][2]int
			var names []string
			for _, f := range found {
				spans = append(spans, [2]int{f.Start, f.End})
				names = append(names, d.Entities()[f.Entity].Name)
			}
			require.Equal(t, cut(text, want), cut(text, spans))
			require.Equal(t, c.want, strings.Join(names, " "))
			checkLaws(t, d, s, "", text)
		})
	}
}
