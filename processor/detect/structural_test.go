package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStructuralValues(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range []struct{ key, text, want string }{
		{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736", ""},
		{"trace_id", "12345678-4111-1111-1111-111111111111", ""},
		{"trace_id", "4111-1111-1111-1111", ""},
		{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""},
		{"tracestate", "vendor=4111-1111-1111-1111, congo=t61rcWkgMzE", ""},
		{"tracestate", "fw529a3039@dt=FfffA2;1", ""},
		{"x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678;Sampled=1", ""},
		{"x-request-id", "jane@acme.com", ""},
		{"guid:x-request-id", "4111 1111 1111 1111", ""},
		{"trace_id", "jane@acme.com", `email "jane@acme.com", `},
		{"traceparent", "call +1 415 555 2671", `phone "+1 415 555 2671", `},
		{"trace_id", "ghp_0123456789abcdefghijABCDEFGHIJklmnop", `github_token "ghp_0123456789abcdefghijABCDEFGHIJklmnop", `},
		{"service.name", "checkout", ""},
		{"service.name", "jane@acme.com", `email "jane@acme.com", `},
		{"k8s.pod.name", "https://jane:s3cr3tpw@host/", `url_credentials "jane:s3cr3tpw", `},
		{"container.image.name", "10.0.0.1:5000/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ""},
		{"cloud.region", "asia-east1", ""},
		{"service.instance.id", "AKIAQYLPMN5HFIQR7XYA", `aws_access_key "AKIAQYLPMN5HFIQR7XYA", `},
	} {
		k := d.Key(c.key)
		require.True(t, k.Structural(), c.key)
		require.Equal(t, c.want, describe(d, c.text, d.Find(s, k, c.text)), "%s %s", c.key, c.text)
		if c.want != "" {
			require.False(t, k.Passes(c.text))
		}
		checkLaws(t, d, s, c.key, c.text)
	}
	require.True(t, raceEnabled || testing.AllocsPerRun(10, func() { d.Key("trace_id").Passes("4bf92f3577b34da6a3ce929d0e0e4736") }) == 0)
	require.False(t, d.Key("message").Passes("x"))
}
