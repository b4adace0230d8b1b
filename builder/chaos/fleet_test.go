//go:build services

package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/demo"

	"github.com/cloakroom/cloakroom/builder/postgres"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

var (
	repo           string
	collector, cli string
)

// TestMain builds both binaries once.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		wd, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		repo = filepath.Dir(filepath.Dir(wd))
		bin, err := os.MkdirTemp("", "ckchaos")
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

// process is a program that is killed, frozen and started again.
type process struct {
	name  string
	args  []string // the program first
	ready string   // URL that answers 200 when it is

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	log   *os.File
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	p.cmd, p.ended = cmd, ended
	return nil
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s)
}

// kill ends it without warning, frozen or not.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// stop lets it finish.
func (p *process) stop() error {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(60 * time.Second):
		p.kill()
		return errors.New(p.name + " did not stop within a minute")
	}
}

func (p *process) healthy(within time.Duration) error {
	client := http.Client{Timeout: time.Second}
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		resp, err := client.Get(p.ready)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return errors.New(p.name + " has ended by itself")
		default:
		}
	}
	return errors.New(p.name + " is not ready in time")
}

// rig is the fleet under test.
type rig struct {
	t        *testing.T
	dir      string
	database *postgres.Server
	vault    *process
	network  *proxy
	agents   []*agent
}

type agent struct {
	*process
	grpc, dir string
	runs      int // every run writes a file of its own
	template  string
}

func (a *agent) config() string { return filepath.Join(a.dir, "config.yaml") }

// start runs the collector with an output file of its own: one that a kill cut short is never written to again.
func (a *agent) start() error {
	a.runs++
	body := fmt.Sprintf(a.template, filepath.Join(a.dir, fmt.Sprintf("out-%03d.jsonl", a.runs)))
	if err := os.WriteFile(a.config(), []byte(body), 0o600); err != nil {
		return err
	}
	return a.process.start()
}

const agentTemplate = `
extensions:
  token_vault:
    endpoint: "%[1]s"
    tls: {cert_file: "%[2]s/%[3]s.crt", key_file: "%[2]s/%[3]s.key", ca_file: "%[2]s/ca.crt", server_name: vault}
    spool: {directory: "%[4]s/spool", max_size: 4MiB}
    timeout: 3s
  health_check: {endpoint: "%[6]s"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "%[5]s"}}}
processors:
  tokenization:
    vault: token_vault
    presets: [default]
    rules:
      - {keys: ["payment.card"], entity: payment_card, action: tokenize, scope: payments}
      - {keys: ["customer.note"], entity: email, action: tokenize, kind: random, signals: [logs]}
      - {keys: ["record"], entity: order_ref, class: orderref, action: keep}
exporters:
  file: {path: "%%s", flush_interval: 20ms}
service:
  extensions: [token_vault, health_check]
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [otlp], processors: [tokenization], exporters: [file]}
`

const vaultTemplate = `
directory: %[1]s/vault
store: {postgres: {url: "%[2]s", max_connections: 8, statement_timeout: 5s}}
tls: {cert_file: %[1]s/certs/vault.crt, key_file: %[1]s/certs/vault.key, ca_file: %[1]s/certs/ca.crt}
issuer: {listen: "%[3]s"}
telemetry: {listen: "%[4]s"}
agents: [{name: fleet, id: "agent*", classes: ["*"], scopes: ["*"], issue: {per_second: 5000, burst: 5000}}]
`

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "ck") // a unix socket path holds about 100 bytes
	require.NoError(t, err)
	r := &rig{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs, outputs and spools are kept in %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	for _, part := range []string{"certs", "vault", "logs"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, part), 0o700))
	}
	ca, err := authority.New("chaos")
	require.NoError(t, err)
	require.NoError(t, ca.WriteCA(filepath.Join(dir, "certs")))
	for _, name := range []string{"vault", "agent0", "agent1", "agent2"} {
		pair, err := ca.Sign(authority.Request{Name: name, Hosts: []string{name}})
		require.NoError(t, err)
		require.NoError(t, pair.Write(filepath.Join(dir, "certs"), name))
	}
	r.database, err = postgres.Start(t.Context(), postgres.Options{Cache: filepath.Join(repo, ".tools", "postgres"), Log: r.logFile("postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.database.Stop() })
	r.startVault()
	r.network, err = newProxy(r.vault.args[len(r.vault.args)-1])
	require.NoError(t, err)
	r.vault.args = r.vault.args[:len(r.vault.args)-1]
	t.Cleanup(r.network.close)
	for n := range 3 {
		r.agents = append(r.agents, r.newAgent(n))
	}
	return r
}

func (r *rig) logFile(name string) *os.File {
	f, err := os.Create(filepath.Join(r.dir, "logs", name+".log"))
	require.NoError(r.t, err)
	r.t.Cleanup(func() { f.Close() })
	return f
}

func (r *rig) startVault() {
	ports := freePorts(r.t, 2)
	config := filepath.Join(r.dir, "vault", "vault.yaml")
	body := fmt.Sprintf(vaultTemplate, r.dir, r.database.URL(), ports[0], ports[1])
	require.NoError(r.t, os.WriteFile(config, []byte(body), 0o600))
	_, err := standalone.Init(standalone.InitOptions{Directory: filepath.Join(r.dir, "vault")})
	require.NoError(r.t, err)
	r.vault = &process{name: "vault", args: []string{cli, "vault", "serve", "--config", config}, ready: "http://" + ports[1] + "/readyz", log: r.logFile("vault")}
	require.NoError(r.t, r.vault.start())
	r.t.Cleanup(func() { r.vault.kill() })
	require.NoError(r.t, r.vault.healthy(60*time.Second))
	r.vault.args = append(r.vault.args, ports[0]) // for newRig
}

func (r *rig) newAgent(n int) *agent {
	name := fmt.Sprintf("agent%d", n)
	dir := filepath.Join(r.dir, name)
	require.NoError(r.t, os.Mkdir(dir, 0o700))
	ports := freePorts(r.t, 2)
	a := &agent{
		process:  &process{name: name, ready: "http://" + ports[1] + "/", log: r.logFile(name)},
		grpc:     ports[0],
		dir:      dir,
		template: fmt.Sprintf(agentTemplate, r.network.addr(), filepath.Join(r.dir, "certs"), name, dir, ports[0], ports[1]),
	}
	a.args = []string{collector, "--config", a.config()}
	require.NoError(r.t, a.start())
	r.t.Cleanup(a.kill)
	require.NoError(r.t, a.healthy(60*time.Second))
	return a
}

// run executes the CLI beside the vault.
func (r *rig) run(ctx context.Context, stdin string, args ...string) (stdout string, code int, err error) {
	cmd := exec.CommandContext(ctx, cli, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader([]byte(stdin)), &out, &errs
	cmd.Env = append(os.Environ(), "CLOAKROOM_VAULT="+filepath.Join(r.dir, "vault"))
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.String() + errs.String(), exit.ExitCode(), nil
	}
	return out.String(), 0, err
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	addrs, err := demo.FreeAddresses(n)
	require.NoError(t, err)
	return addrs
}
