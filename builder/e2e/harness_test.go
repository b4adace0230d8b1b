// Package e2e tests the built binaries as a user runs them: the collector and the CLI as processes, official OTLP
// exporters as senders, files as the witness.
package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/demo"
)

var (
	repo      string // the repository's root
	collector string // the built collector
	cli       string // the built CLI
)

// TestMain builds both binaries once; the build cache makes this cheap after `make build`.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		wd, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		repo = filepath.Dir(filepath.Dir(wd))
		bin, err := os.MkdirTemp("", "cloakroom-e2e")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(bin)
		collector, cli = filepath.Join(bin, "otelcol-cloakroom"), filepath.Join(bin, "cloakroom")
		for out, pkg := range map[string]string{collector: "./builder/collector", cli: "./builder/cloakroom"} {
			cmd := exec.Command("go", "build", "-o", out, pkg)
			cmd.Dir, cmd.Stderr = repo, os.Stderr
			if err := cmd.Run(); err != nil {
				fmt.Fprintf(os.Stderr, "building %s: %v\n", pkg, err)
				return 1
			}
		}
		return m.Run()
	}())
}

// A running is one collector process with ports and folders of its own.
type running struct {
	t                      *testing.T
	dir                    string // holds config.yaml, out/, vault/
	grpc, http             string // OTLP endpoints, host:port
	metrics, health, cfg   string
	cmd                    *exec.Cmd
	log                    lockedBuffer
	exited                 chan error
	out, vault, configBody string
}

// pipelineConfig is the configuration every end-to-end test starts from: each signal from OTLP through the processor
// to one JSON file per signal. %[n]s: gRPC port, HTTP port, metrics port, health port, directory, processor lines.
const pipelineConfig = `
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "%[1]s"}
      http: {endpoint: "%[2]s"}
processors:
  tokenization:
    vault: token_vault
    presets: [default]
%[6]s
exporters:
  file/traces: {path: "%[5]s/out/traces.jsonl", append: true, flush_interval: 50ms}
  file/logs: {path: "%[5]s/out/logs.jsonl", append: true, flush_interval: 50ms}
  file/metrics: {path: "%[5]s/out/metrics.jsonl", append: true, flush_interval: 50ms}
extensions:
  token_vault:
    embedded: {path: "%[5]s/vault"}
  health_check: {endpoint: "%[4]s"}
service:
  extensions: [token_vault, health_check]
  telemetry:
    logs: {level: debug}
    metrics:
      level: detailed
      readers:
        - pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[3]s}}}
  pipelines:
    traces: {receivers: [otlp], processors: [tokenization], exporters: [file/traces]}
    logs: {receivers: [otlp], processors: [tokenization], exporters: [file/logs]}
    metrics: {receivers: [otlp], processors: [tokenization], exporters: [file/metrics]}
`

// prepare writes a configuration into a fresh directory; start runs it.
func prepare(t *testing.T, processorLines string) *running {
	t.Helper()
	// A unix socket path holds about 100 bytes, so the directory cannot be t.TempDir.
	dir, err := os.MkdirTemp("", "ck")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Mkdir(filepath.Join(dir, "out"), 0o700))
	ports := freePorts(t, 4)
	r := &running{
		t: t, dir: dir, grpc: ports[0], http: ports[1], metrics: ports[2], health: ports[3],
		cfg: filepath.Join(dir, "config.yaml"), out: filepath.Join(dir, "out"), vault: filepath.Join(dir, "vault"),
	}
	_, metricsPort, err := net.SplitHostPort(r.metrics)
	require.NoError(t, err)
	r.configBody = fmt.Sprintf(pipelineConfig, r.grpc, r.http, metricsPort, r.health, dir, processorLines)
	require.NoError(t, os.WriteFile(r.cfg, []byte(r.configBody), 0o600))
	return r
}

// start launches the collector and waits until it is healthy.
func (r *running) start() {
	r.t.Helper()
	r.cmd = exec.Command(collector, "--config", r.cfg)
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(r.t, r.cmd.Start())
	r.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan error) { exited <- cmd.Wait() }(r.cmd, r.exited)
	r.t.Cleanup(r.kill)
	require.NoError(r.t, r.healthy(60*time.Second), "collector log:\n%s", &r.log)
}

func (r *running) healthy(within time.Duration) error {
	deadline := time.Now().Add(within)
	for time.Now().Before(deadline) {
		select {
		case err := <-r.exited:
			r.exited <- err
			return fmt.Errorf("collector exited: %w", err)
		default:
		}
		if body, err := get("http://" + r.health + "/"); err == nil && strings.Contains(body, "Server available") {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("collector is not healthy in time")
}

// stop asks the collector to finish and waits for its clean end.
func (r *running) stop() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-r.exited:
		r.exited <- err
		require.NoError(r.t, err, "collector log:\n%s", &r.log)
	case <-time.After(30 * time.Second):
		r.t.Fatalf("collector does not stop; log:\n%s", &r.log)
	}
}

// kill ends the collector without warning.
func (r *running) kill() {
	_ = r.cmd.Process.Signal(syscall.SIGKILL)
	err := <-r.exited
	r.exited <- err
}

// waitOutput waits until the file of a signal holds at least lines lines, and returns its content.
func (r *running) waitOutput(signal string, lines int) string {
	r.t.Helper()
	path := filepath.Join(r.out, signal+".jsonl")
	var content []byte
	require.Eventually(r.t, func() bool {
		content, _ = os.ReadFile(path)
		return bytes.Count(content, []byte{'\n'}) >= lines
	}, 30*time.Second, 50*time.Millisecond, "%s never got its output; log:\n%s", path, &r.log)
	return string(content)
}

// everything returns, by name, all that the collector leaves where somebody could read it: its output, its log, its
// metrics page, every file of the vault.
func (r *running) everything() map[string]string {
	r.t.Helper()
	all := map[string]string{"log": r.log.String()}
	if page, err := get("http://" + r.metrics + "/metrics"); err == nil {
		all["metrics page"] = page
	}
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == r.cfg {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		all[strings.TrimPrefix(path, r.dir+"/")] = string(content)
		return err
	}))
	return all
}

// run executes the CLI and returns its standard output, standard error and exit code.
func (r *running) run(stdin string, args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	cmd := exec.Command(cli, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Env = append(os.Environ(), "CLOAKROOM_VAULT="+r.vault)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func get(url string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return body.String(), err
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	addrs, err := demo.FreeAddresses(n)
	require.NoError(t, err)
	return addrs
}

// lockedBuffer lets the test read a process's output while it is being written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
