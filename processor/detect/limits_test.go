package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostile are texts that make careless readers quadratic: TestSteps counts what the readers do with them.
var hostile = []string{
	"@", "a@", "a@b.", "1", "12 ", "1.", "1-", `"`, `\"`, "{", "[", "=", ":", "a:", "a=", "::", "a::", "(", "(415) ", "+", "+1 ", "%40", "a%40",
	"password=", `password="`, `"password":"`, `\"password\":\"`, `{"user":`, `{"id":`, "name:", "a b:", "Cookie: a=", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ",
	"eyJ", "eyJhbGciOiJIUzI1NiJ9.", "insert into t (a) values (", "insert into t (password) values ('a'),(", "email in ('", "https://", "https://a:", "https://a:b@", "a:b@tcp(", "ghp_", "xoxb-",
	"4111 ", "4111-1111-", "GB82 ", "00:", "fe80:", "<password>", "--password ", "Authorization: Digest a=", "lat=1.1,", "Mr. ", "Dr. A ", "123 Main ", "tkt_", fakeToken("email") + " ", "card ", "\x80", "\xc3", "é", "born ",
	"a,", "a;", "'", "password='a''", "-u a:", "curl -u ", "password=[", "password=[a,", "[1,", "geo=[", "a.b.", "1:2:", "é@", "%", `\`, `\u003c`, "\n", "x", "'a',", "cookie: a=b;", "<a@b.cd> ", "Jane <a@b.cd> ",
	"trace_id=", "_trace_id=", "Authorization: ", "authorization=", "traceparent=00-", "Cookie: ", "password=trace_id=", "http://a:trace_id=", "eyJ-", "eyJ-.", "%25password=", "%22?password=",
	"=%40", "+49/555-123-", "+44 20 7946 ", "password=[1,", "Authorization: Digest a=\"", "Cookie: 4111 1111 Digest ", "[Cookie: ", "token=", "pwd=/", "/pwd=/", "\x1b[", `\x1b[3`, `\u001b[1;`, `\u0020`, `password\u003d`, `4111\u002d`,
	"password is ", "passwd a1", "user '", "for user ", "logged in as ", "/home/a/", "AB 12 34 ", "AB-12-", "A1 ", "131052-30", "1 85 2A ", "12-A", "12.345.678-", "ssn 12 ", "A1-", "é1 ", "nip 526104082 ", "123456789 bsn ", "ЕГН 1", `C:\Users\a`, `\u00e4`, `\u00e4@`, `a\\u0040`, "customer: A ", "customer: A, ", "Hello A ", "name=A+", "tel. 0", "Tel.: 0 ", "order #", "tty=", "$(",
	"glpat-", "glsa_", "sk-ant-api03-", "EAA", "fm2_", "eyJrIjoi", "ZXlK", "pat", "live_", "_live_", "ops_eyJ", "1:AA", "12345678:AA", "PuTTY-User-Key-File-2: Private-Lines: ", "oracle:thin:a/", "sqlplus a/", "mysql -p", "redis-cli -a ",
	`("token", `, `("token", "`, ";password=a ", "curl --user a:", "curl --user 'a:'", "discord.com/api/webhooks/", "dp.st.", "ldap://cn=a,", "https://a%40b:", "datadog_key=", "token=a ", "Bearer $(", ";Password=a;b c", "a;b c d",
	"license plate A ", "plates AB51 ABC and ", "AB51 ABC, ", "account 123456 bank ", "sort code 20-00-00 ", "VAT DE 1 ", "DE-136-", "4111 1111 1111 1111 12/27 ", "exp 12/27 ", "card exp: 12/27 ", "exp=12/27 411111111111 ", "cvv 123 ", "/@37.123,", "point(", "born 1 ", "1985-04-12 born ",
	"imei 490154203237518 ", `"a"@b.cd `, `"@`, `"a @`, "用户@", "例.", "用", "1HGCM82633A004352 ", "mrn A1-", "mrn A1234", "bc1", "addr1", "gps 1.234,", "gps 40°", "MAC=00:", "mac=00", "imsi-", "idfa 6D92078A-", "zip 1", "age=1 sex ", "gender=", "nationality=a ", "security code: 1 card ", "zip code 94043 ",
	"ssn,a\n", "a,ssn\nb,c\n", "|ssn|a|\n", `ssn,a\n`, "ssn,\"", "eyJhIjoi", "eyJ-eyJ", "W3siYSI6 ", `"name":"ssn","value":`, `"value":{"value":`, `name="ssn"`, "name=\"ssn\"\n\nx", "(ssn)=(", "lower(ssn) = '", "password=some(", `some("`, "&quot;password&quot;:", "&quot;password&quot;:&quot;",
	"&lt;password&gt;", "<password a=\"\">", "\">", "a&#64;", "%5D", "%5B%5D", "a%5Bpassword%5D=", `";s:8:"`, `s:8:"a";`, "<a=40", "=40", "a.password=a.", "password=f('", "string password = 2;", "ssn between 'a' and ", "\"password\":\n",
	"Maria Sander ", "Maria ", "signed by Maria ", "Maria de ", "É", "Émile Zola ", "A. ", "J", "Mustering 5 ", "Straße 5, ", "Calle de ", "Via Roma ", "12, rue ", "12 rue de ", "P.O. Box 1 ", "user ", "van der ",
}

// TestHostileTextsEnd has no assertion: a reader that is quadratic in one of these runs into the time limit of go test.
func TestHostileTextsEnd(t *testing.T) {
	size := 2 << 20
	if raceEnabled || testing.Short() {
		size = 64 << 10
	}
	d, s := testDetector(t), NewScratch()
	for _, unit := range hostile {
		t.Run(fmt.Sprintf("%.20q", unit), func(*testing.T) {
			d.Find(s, Key{}, strings.Repeat(unit, size/len(unit)))
		})
	}
}

func TestHostileLaws(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for i, unit := range hostile {
		checkLaws(t, d, s, "", strings.Repeat(unit, 40))
		checkLaws(t, d, s, "password", strings.Repeat(unit, 3))
		other := hostile[(i*13+5)%len(hostile)]
		checkLaws(t, d, s, "", strings.Repeat(unit+other, 20))
		checkLaws(t, d, s, "user.id", strings.Repeat(unit+other+"x", 20))
	}
}

func TestDeepNesting(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	text := strings.Repeat(`{"a":[`, 100) + `{"email":"jane@example.com"}` + strings.Repeat(`]}`, 100)
	found := d.Find(s, Key{}, text)
	require.Len(t, found, 1)
	require.Equal(t, Email, found[0].Entity)
}

func TestNestedEncodings(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	plain := `{"user":{"password":"p\"w"}}`
	for level := 1; level <= 3; level++ {
		found := d.Find(s, Key{}, plain)
		require.Equal(t, `p"w`, string(found[0].Encoding.Decode(nil, plain[found[0].Start:found[0].End])), plain)
		require.Equal(t, Password, found[0].Entity)
		require.Equal(t, Encoding(level), found[0].Encoding)
		plain = `{"m":"` + string(Encoding(1).Append(nil, plain)) + `"}`
	}
	lines := "{\"email\":\"a@x.com\"}\n{\"ssn\":536221234}\n"
	require.Equal(t, `email "a@x.com", us_ssn "536221234", `, describe(d, lines, d.Find(s, Key{}, lines)))
}

func TestEscapedAddresses(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	plain := `{"m":"j\u00f6rg\u0040m\u00fcller.example"}`
	for range 3 {
		found := d.Find(s, Key{}, plain)
		require.Len(t, found, 1, plain)
		require.Equal(t, "jörg@müller.example", string(found[0].Encoding.Decode(nil, plain[found[0].Start:found[0].End])), plain)
		plain = `{"m":"` + string(Encoding(1).Append(nil, plain)) + `"}`
	}
}

func TestCleanTextDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	d, s := testDetector(t), NewScratch()
	dirty := cleanLine + ` user jane@example.com card 4111 1111 1111 1111 {"password":"hunter2","first_name":"Jane"} from 10.0.0.1 ` + fakeToken("email")
	require.NotEmpty(t, d.Find(s, Key{}, dirty))
	for name, text := range map[string]string{"clean": cleanLine, "dirty after warm-up": dirty, "empty": ""} {
		require.Zero(t, testing.AllocsPerRun(100, func() { d.Find(s, Key{}, text) }), name)
	}
}
