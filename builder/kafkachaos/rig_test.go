//go:build services

package kafkachaos

import (
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

	"github.com/cloakroom/cloakroom/builder/broker"
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
		bin, err := os.MkdirTemp("", "ckkafka")
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
	log   *os.File

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
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
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s)
	}
}

// kill ends it without warning, frozen or not.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	if p.ended != nil {
		<-p.ended
	}
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

// running reports whether it has been started and has not ended.
func (p *process) running() bool {
	if p.ended == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
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
		if !p.running() {
			return errors.New(p.name + " has ended by itself")
		}
	}
	return errors.New(p.name + " is not ready in time")
}

// rig is a broker, a vault, and collectors of one consumer group.
type rig struct {
	t         *testing.T
	dir       string
	broker    *broker.Server
	vault     *process
	vaultAt   string
	consumers []*process // the last one is not of the group until a fault adds it
}

// partitions of every topic.
const partitions = 6

// sessionTimeout is the shortest that a broker allows by default.
const sessionTimeout = 6 * time.Second

// commitInterval is how often consumers commit.
const commitInterval = time.Second

const consumerTemplate = `
extensions:
  token_vault:
    endpoint: "%[1]s"
    tls: {cert_file: "%[2]s/agent.crt", key_file: "%[2]s/agent.key", ca_file: "%[2]s/ca.crt", server_name: vault}
    timeout: 3s
  health_check: {endpoint: "%[3]s"}
receivers:
  kafka_stream:
    brokers: ["%[4]s"]
    topics: [raw, raw-json, raw-people]
    group: chaos
    session_timeout: 6s
    heartbeat_interval: 1s
    commit_interval: 1s
    rebalance_timeout: 10s
    formats:
      - {topic: raw-json, format: json}
      - {topic: raw-people, tokenize_key: true}
    dead_letter: {topic: raw.dead}
processors:
  tokenization:
    vault: token_vault
    presets: [default]
exporters:
  kafka_stream:
    brokers: ["%[4]s"]
    topic: "{topic}.clean"
    dead_letter: {topic: raw.dead}
service:
  extensions: [token_vault, health_check]
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [kafka_stream], processors: [tokenization], exporters: [kafka_stream]}
`

const vaultTemplate = `
directory: %[1]s/vault
store: {pebble: {path: ./store}}
tls: {cert_file: %[1]s/certs/vault.crt, key_file: %[1]s/certs/vault.key, ca_file: %[1]s/certs/ca.crt}
issuer: {listen: "%[2]s"}
telemetry: {listen: "%[3]s"}
agents: [{name: agents, id: "agent", classes: ["*"], scopes: ["*"], issue: {per_second: 5000, burst: 5000}}]
`

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "ck") // a unix socket path holds about 100 bytes
	require.NoError(t, err)
	r := &rig{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs are kept in %s", dir)
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
	for _, name := range []string{"vault", "agent"} {
		pair, err := ca.Sign(authority.Request{Name: name, Hosts: []string{name}})
		require.NoError(t, err)
		require.NoError(t, pair.Write(filepath.Join(dir, "certs"), name))
	}
	r.startBroker()
	r.startVault()
	for n := range 4 {
		r.consumers = append(r.consumers, r.newConsumer(n))
	}
	return r
}

func (r *rig) logFile(name string) *os.File {
	f, err := os.Create(filepath.Join(r.dir, "logs", name+".log"))
	require.NoError(r.t, err)
	r.t.Cleanup(func() { f.Close() })
	return f
}

func (r *rig) startBroker() {
	var err error
	r.broker, err = broker.Start(r.t.Context(), broker.Options{Log: r.logFile("broker")})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = r.broker.Stop() })
}

func (r *rig) startVault() {
	ports := freePorts(r.t, 2)
	config := filepath.Join(r.dir, "vault", "vault.yaml")
	require.NoError(r.t, os.WriteFile(config, fmt.Appendf(nil, vaultTemplate, r.dir, ports[0], ports[1]), 0o600))
	_, err := standalone.Init(standalone.InitOptions{Directory: filepath.Join(r.dir, "vault")})
	require.NoError(r.t, err)
	r.vaultAt = ports[0]
	r.vault = &process{name: "vault", args: []string{cli, "vault", "serve", "--config", config}, ready: "http://" + ports[1] + "/readyz", log: r.logFile("vault")}
	require.NoError(r.t, r.vault.start())
	r.t.Cleanup(func() { r.vault.kill() })
	require.NoError(r.t, r.vault.healthy(60*time.Second))
}

func (r *rig) newConsumer(n int) *process {
	name := fmt.Sprintf("consumer%d", n)
	config := filepath.Join(r.dir, name+".yaml")
	health := freePorts(r.t, 1)[0]
	require.NoError(r.t, os.WriteFile(config, fmt.Appendf(nil, consumerTemplate, r.vaultAt, filepath.Join(r.dir, "certs"), health, r.broker.Address()), 0o600))
	c := &process{name: name, args: []string{collector, "--config", config}, ready: "http://" + health + "/", log: r.logFile(name)}
	r.t.Cleanup(c.kill)
	return c
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	addrs, err := demo.FreeAddresses(n)
	require.NoError(t, err)
	return addrs
}
