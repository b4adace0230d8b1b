package e2e

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// A block is one fenced code block of the documentation.
type block struct {
	file    string
	line    int
	lang    string
	body    string
	chapter string // the heading of second order it stands under
	section string // that of third order
}

// kafkaGuide has commands that want a broker: TestServiceDocumentedKafka runs them.
const kafkaGuide = "docs/kafka.md"

var documents = []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/*.md"}

// blocks returns every fenced block in one of the languages given.
func blocks(t *testing.T, langs ...string) []block {
	t.Helper()
	var out []block
	for _, pattern := range documents {
		files, err := filepath.Glob(filepath.Join(repo, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var open *block
			var chapter, section string
			for i, line := range strings.Split(string(content), "\n") {
				fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
				switch {
				case isFence && open == nil:
					open = &block{file: strings.TrimPrefix(file, repo+"/"), line: i + 1, lang: fence, chapter: chapter, section: section}
				case isFence:
					for _, lang := range langs {
						if open.lang == lang {
							out = append(out, *open)
						}
					}
					open = nil
				case open != nil:
					open.body += line + "\n"
				case strings.HasPrefix(line, "## "):
					chapter, section = line[3:], ""
				case strings.HasPrefix(line, "### "):
					section = line[4:]
				}
			}
			require.Nil(t, open, "%s: a code block is never closed", file)
		}
	}
	return out
}

func (b block) name() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// TestDocumentedYAML checks every YAML block of the documentation. What a block is, its first line says:
//
//	# collector.yaml    a complete collector configuration
//	# policy.yaml       a policy file
//	# processor.yaml    lines of the tokenization processor
//	# extension.yaml    lines of the token_vault extension
//	# receiver.yaml     lines of the kafka_stream receiver
//	# exporter.yaml     lines of the kafka_stream exporter
//	# otlp_http.yaml    lines of that exporter; # health_check.yaml, of that extension
//	# manifest.yaml     lines of an ocb manifest
//	# vault.yaml        lines of a vault's configuration, which others complete
//	# kubernetes.yaml   objects of Kubernetes, of which only the grammar is checked
func TestDocumentedYAML(t *testing.T) {
	all := blocks(t, "yaml")
	require.NotEmpty(t, all)
	for _, b := range all {
		t.Run(b.name(), func(t *testing.T) {
			kind, _, _ := strings.Cut(b.body, "\n")
			switch strings.TrimRight(strings.Fields(kind + " ? ?")[1], ",:") {
			case "collector.yaml":
				r := prepare(t, "")
				require.NoError(t, os.WriteFile(r.cfg, []byte(b.body), 0o600))
				r.validate()
			case "processor.yaml":
				r := prepare(t, indent(b.body, "    "))
				if strings.Contains(b.body, "\npresets:") {
					body := strings.Replace(r.configBody, "    presets: [default]\n", "", 1)
					require.NoError(t, os.WriteFile(r.cfg, []byte(body), 0o600))
				}
				r.validate()
			case "extension.yaml":
				r := prepare(t, "")
				if strings.Contains(b.body, "./certs/") {
					require.NoError(t, os.CopyFS(filepath.Join(r.dir, "certs"), os.DirFS(filepath.Join(newVault(t), "certs"))))
				}
				body := regexp.MustCompile(`(?m)^    embedded: .*$`).ReplaceAllString(r.configBody, indent(b.body, "    "))
				require.NoError(t, os.WriteFile(r.cfg, []byte(body), 0o600))
				r.validate()
			case "receiver.yaml", "exporter.yaml":
				r := prepare(t, "")
				require.NoError(t, os.WriteFile(r.cfg, []byte(kafkaConfig(t, strings.TrimSuffix(strings.Fields(kind)[1], ".yaml"), b.body)), 0o600))
				r.validate()
			case "otlp_http.yaml", "health_check.yaml":
				r := prepare(t, "")
				require.NoError(t, os.WriteFile(r.cfg, []byte(otherConfig(t, r.configBody, strings.TrimSuffix(strings.Fields(kind)[1], ".yaml"), b.body)), 0o600))
				r.validate()
			case "policy.yaml":
				r := prepare(t, "")
				path := filepath.Join(r.dir, "policy.yaml")
				require.NoError(t, os.WriteFile(path, []byte(b.body), 0o600))
				_, stderr, code := r.run("", "policy", "check", path)
				require.Zero(t, code, stderr)
			case "manifest.yaml":
				checkManifest(t, b.body)
			case "vault.yaml":
				checkVault(t, b.body)
			case "kubernetes.yaml":
				for d := yaml.NewDecoder(strings.NewReader(b.body)); ; {
					var object struct{ APIVersion, Kind string }
					err := d.Decode(&object)
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err)
				}
			default:
				t.Fatalf("the block's first line does not say what it is: %q", kind)
			}
		})
	}
}

// kafkaConfig is config/kafka.yaml with other lines for its receiver or exporter. Both set records aside in the same way.
func kafkaConfig(t *testing.T, component, body string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repo, "config", "kafka.yaml"))
	require.NoError(t, err)
	var whole map[string]map[string]any
	require.NoError(t, yaml.Unmarshal(content, &whole))
	var lines map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(body), &lines))
	require.NotEmpty(t, lines)
	whole[component+"s"] = map[string]any{"kafka_stream": lines}
	other := map[string]string{"receiver": "exporters", "exporter": "receivers"}[component]
	beside, ok := whole[other]["kafka_stream"].(map[string]any)
	require.True(t, ok)
	beside["dead_letter"] = lines["dead_letter"]
	out, err := yaml.Marshal(whole)
	require.NoError(t, err)
	return string(out)
}

// otherConfig is a configuration with other lines for one of the Collector's own components.
func otherConfig(t *testing.T, config, component, body string) string {
	t.Helper()
	var whole map[string]map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(config), &whole))
	var lines map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(body), &lines))
	require.NotEmpty(t, lines)
	if component == "health_check" {
		whole["extensions"][component] = lines
	} else {
		whole["exporters"][component] = lines
		pipelines, ok := whole["service"]["pipelines"].(map[string]any)
		require.True(t, ok)
		logs, ok := pipelines["logs"].(map[string]any)
		require.True(t, ok)
		logs["exporters"] = []string{component}
	}
	out, err := yaml.Marshal(whole)
	require.NoError(t, err)
	return string(out)
}

// newVault makes a vault with certificates for trying out and returns its directory.
func newVault(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	out, err := exec.Command(cli, "vault", "init", "--dev-ca", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// checkVault puts the lines into a vault.yaml and has `cloakroom vault serve --check` read it.
func checkVault(t *testing.T, body string) {
	t.Helper()
	dir := newVault(t)
	path := filepath.Join(dir, "vault.yaml")
	initial, err := os.ReadFile(path)
	require.NoError(t, err)
	var whole, lines map[string]any
	require.NoError(t, yaml.Unmarshal(initial, &whole))
	require.NoError(t, yaml.Unmarshal([]byte(body), &lines))
	require.NotEmpty(t, lines)
	if _, spiffe := lines["spiffe"]; spiffe {
		delete(whole, "tls")
	}
	maps.Copy(whole, lines)
	for _, secret := range []string{"db-password", "db-url"} { // which examples name
		require.NoError(t, os.WriteFile(filepath.Join(dir, secret), []byte("secret"), 0o600))
	}
	merged, err := yaml.Marshal(whole)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, merged, 0o600))
	out, err := exec.Command(cli, "vault", "serve", "--check", "--config", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// validate runs `otelcol-cloakroom validate` on the configuration.
func (r *running) validate() {
	r.t.Helper()
	cmd := exec.Command(collector, "validate", "--feature-gates=extension.healthcheck.useComponentStatus", "--config", r.cfg)
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "CLOAKROOM_DATA="+r.vault)
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, string(out))
}

// checkManifest requires every import of a documented manifest to be one the distribution itself is built with.
func checkManifest(t *testing.T, body string) {
	t.Helper()
	type module struct{ Gomod, Import, Name string }
	var documented, own map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(body), &documented))
	manifest, err := os.ReadFile(filepath.Join(repo, "builder", "manifest.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(manifest, &own))
	require.NotEmpty(t, documented)
	for kind, node := range documented {
		if kind == "replaces" {
			continue
		}
		var want, have []module
		require.NoError(t, node.Decode(&want))
		ownNode := own[kind]
		require.NoError(t, ownNode.Decode(&have))
		for _, m := range want {
			found := false
			for _, h := range have {
				found = found || h.Import == m.Import && h.Name == m.Name
			}
			require.True(t, found, "%s: the distribution's manifest has no %q named %q", kind, m.Import, m.Name)
		}
	}
}

func indent(s, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+prefix)
}

// TestDocumentedCommands runs every sh block of the documentation in a folder where the quickstart is running: its
// collector serves, its vault is at ./data/vault, and both binaries are in ./bin. Lines of make are checked to name
// existing targets, because running the tests from the tests would never end.
func TestDocumentedCommands(t *testing.T) {
	all := blocks(t, "sh")
	require.NotEmpty(t, all)
	dir := startQuickstart(t)
	for _, b := range all {
		if b.chapter == fleetWalk || b.file == kafkaGuide && !strings.HasPrefix(b.body, "make ") {
			continue
		}
		t.Run(b.name(), func(t *testing.T) {
			var script strings.Builder
			for _, line := range strings.Split(b.body, "\n") {
				if fields := strings.Fields(line); len(fields) > 0 && (fields[0] == "make" || fields[0] == "git") {
					checkMake(t, fields)
					continue
				}
				fmt.Fprintln(&script, line)
			}
			cmd := exec.Command("bash", "-euo", "pipefail", "-c", script.String())
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

func checkMake(t *testing.T, fields []string) {
	t.Helper()
	if fields[0] != "make" || len(fields) == 1 || strings.Contains(fields[1], "=") {
		return
	}
	makefile, err := os.ReadFile(filepath.Join(repo, "Makefile"))
	require.NoError(t, err)
	require.Contains(t, string(makefile), "\n"+fields[1]+":", "the Makefile has no such target")
}

// quickstartFolder makes a folder that holds what the quickstart needs of the repository.
func quickstartFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ck")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, part := range []string{"config", "testdata"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(repo, part))))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	require.NoError(t, os.Symlink(collector, filepath.Join(dir, "bin", "otelcol-cloakroom")))
	require.NoError(t, os.Symlink(cli, filepath.Join(dir, "bin", "cloakroom")))
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "quickstart"), "./builder/quickstart")
	build.Dir = repo
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

// quickstartOnce runs the quickstart's self-checking round and returns what it printed.
func quickstartOnce(t *testing.T, dir string) (string, error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "bin", "quickstart"), append(ownPorts(t), "-once")...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// startQuickstart runs the quickstart until the test ends and returns its folder once it serves.
func startQuickstart(t *testing.T) string {
	t.Helper()
	dir := quickstartFolder(t)
	cmd := exec.Command(filepath.Join(dir, "bin", "quickstart"), append(ownPorts(t), "-once=false")...)
	cmd.Dir = dir
	var log lockedBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("quickstart:\n%s", &log)
		}
	})
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "Ctrl-C") }, 60*time.Second, 100*time.Millisecond, "the quickstart never served")
	return dir
}

// TestQuickstart runs `make run ONCE=1`'s driver: it must find no canary in plain and exit 0.
func TestQuickstart(t *testing.T) {
	dir := quickstartFolder(t)
	out, err := quickstartOnce(t, dir)
	require.NoError(t, err, out)
	for _, want := range []string{"tkt_email_", "reveal", "audit", "OTLP/gRPC 127.0.0.1:", "OTLP/HTTP 127.0.0.1:"} {
		require.Contains(t, out, want)
	}
}

// TestQuickstartNoticesALeak gives the quickstart a policy that keeps addresses: it must exit 1.
func TestQuickstartNoticesALeak(t *testing.T) {
	dir := quickstartFolder(t)
	path := filepath.Join(dir, "config", "quickstart.yaml")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	leaky := strings.Replace(string(content), "presets: [default]", "presets: [default]\n    rules: [{entities: [email], action: keep}]", 1)
	require.NotEqual(t, string(content), leaky)
	require.NoError(t, os.WriteFile(path, []byte(leaky), 0o600))
	out, err := quickstartOnce(t, dir)
	require.Error(t, err, out)
	require.Contains(t, err.Error(), "exit status 1", out)
}

// ownPorts are flags that keep the quickstart away from the standard ports, which may be in use on this machine.
func ownPorts(t *testing.T) []string {
	t.Helper()
	p := freePorts(t, 4)
	return []string{"-grpc", p[0], "-http", p[1], "-health", p[2], "-metrics", p[3]}
}
