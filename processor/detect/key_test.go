package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	d := testDetector(t)
	strict, err := New(Settings{Structural: true})
	require.NoError(t, err)
	for name, want := range map[string]Entity{
		"password":                          Password,
		"db_password":                       Password,
		"spring.datasource.password":        Password,
		"userPassword":                      Password,
		"DB-PASSWORD":                       Password,
		"customerphone":                     Phone,
		"billing_phone":                     Phone,
		"customerPhoneNumber":               Phone,
		"x-user-phone":                      Phone,
		"phone_1":                           Phone,
		"phone.value":                       Phone,
		"first name":                        PersonName,
		"http.request.header.authorization": HTTPAuthorization,
		"http.request.header.cookie":        Cookie,
		"http.response.header.set-cookie":   Cookie,
		"db.query.parameter.ssn":            USSSN,
		"client.address":                    IPAddress,
		"enduser.id":                        UserID,
		"user.name":                         Username,
		"user.full_name":                    PersonName,
		"geo.location.lat":                  GeoCoordinates,
		"x.tenant.id":                       UserID,
		"url.full":                          None,
		"message":                           None,
		"password_length":                   None,
		"hostname":                          None,
		"token_type":                        None,
		"":                                  None,
	} {
		require.Equal(t, want, d.Key(name).Entity(), name)
		require.False(t, d.Key(name).Structural(), name)
	}
	for _, name := range []string{"trace_id", "traceId", "traceparent", "tracestate", "x-request-id", "guid:x-request-id", "b3", "X-B3-TraceId"} {
		require.True(t, d.Key(name).Structural(), name)
		require.True(t, strict.Key(name).Structural(), name)
	}
	for _, name := range []string{"k8s.pod.name", "service.name", "telemetry.sdk.name", "http.response.status_code", "K8S.Pod.Uid"} {
		require.True(t, d.Key(name).Structural(), name)
		require.False(t, strict.Key(name).Structural(), name)
	}
}

func TestTraceIDsAreNoFindings(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, text := range []string{
		"trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
		`{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`,
		"dd.trace_id=4111111111111111 card", "x-request-id: 536-22-1234", "tracestate: vendor=4111-1111-1111-1111",
		"12345678-4111-1111-1111-111111111111", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"1700000000 1700000000000 1700000000000000 1700000000000000000",
	} {
		require.Empty(t, d.Find(s, Key{}, text), text)
	}
}

func TestByKey(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	text := `{"user":{"password":"p\"w","x":1}}`
	f := d.Find(s, Key{}, text)[0]
	require.Equal(t, Password, f.Entity)
	require.Equal(t, "password", text[f.KeyStart:f.KeyEnd])
	require.Equal(t, `p\"w`, text[f.Start:f.End])
	require.Equal(t, `p"w`, string(f.Encoding.Decode(nil, text[f.Start:f.End])))
	require.True(t, f.ByKey)

	f = d.Find(s, d.Key("password"), "hunter2")[0]
	require.True(t, f.ByKey && f.KeyStart < 0)

	f = d.Find(s, Key{}, "?email=jane%40example.com")[0]
	require.Equal(t, Percent, f.Encoding)
	require.False(t, f.ByKey)
}

func TestResolve(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for name, c := range map[string]struct {
		key, text string
		want      string
	}{
		"whole value over the address in it": {"", "password=jane@example.com", `password "jane@example.com", `},
		"address used as user name":          {"", "username=jane@example.com", `email "jane@example.com", `},
		"specific credential over its key":   {"", "api_key=AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", `gcp_api_key "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", `},
		"custom key over everything":         {"tenant", "jane@example.com", `tenant_name "jane@example.com", `},
		"custom key inside text":             {"", "x.y.id=jane@example.com z", `user_id "jane@example.com", `},
		"token is left":                      {"", "to " + fakeToken("email"), `token "` + fakeToken("email") + `", `},
		"token under a key is left":          {"password", fakeToken("email"), `token "` + fakeToken("email") + `", `},
		"data dressed as a token":            {"", "password=tkt_email_x", `password "tkt_email_x", `},
		"whole value that holds more":        {"", "password=" + fakeToken("email") + "abc!", `password "` + fakeToken("email") + `abc!", `},
		"address that contains a token":      {"", fakeToken("email") + "@example.com", `token "` + fakeToken("email") + `", `},
		"custom pattern":                     {"", "see ORD-12345678 now", `order_ref "ORD-12345678", `},
		"value in JSON in JSON":              {"", `{"m":"{\"card_number\":\"4111111111111111\"}"}`, `payment_card "4111111111111111", `},
		"many":                               {"", "jane@x.com,bob@y.org 10.0.0.1", `email "jane@x.com", email "bob@y.org", ip_address "10.0.0.1", `},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, describe(d, c.text, d.Find(s, d.Key(c.key), c.text)))
		})
	}
}
