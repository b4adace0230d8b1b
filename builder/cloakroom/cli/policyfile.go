package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/config/policies"
	"github.com/cloakroom/cloakroom/processor/policy"
)

// readPolicy compiles a policy: a preset by its name, a policy file, or the configuration of a tokenization processor in a
// collector's configuration file. processor is the id of that processor; it may be empty when the file has only one.
func readPolicy(name, processor string) (*policy.Policy, error) {
	if processor == "" && slices.Contains(policies.Names(), name) {
		return policy.Config{Presets: []string{name}}.Compile(nil)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w (presets are %s)", err, strings.Join(policies.Names(), ", "))
	}
	config, ok, err := processorConfig(content, processor)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	prefix := ""
	if !ok {
		config = policy.Config{Presets: []string{asPath(name)}}
		prefix = fmt.Sprintf("presets[0] (%s): ", asPath(name))
	}
	p, err := config.Compile(nil)
	if err != nil {
		// Nobody wrote the preset by which a file is compiled here.
		return nil, fmt.Errorf("%s:\n%s", name, strings.ReplaceAll(err.Error(), prefix, ""))
	}
	return p, nil
}

// asPath spells the name of a file so that it cannot be taken for that of a preset.
func asPath(name string) string {
	if strings.ContainsAny(name, `/\`) {
		return name
	}
	return "./" + name
}

// tokenization is the configuration of the processor of that name, of which only the policy matters here.
type tokenization struct {
	policy.Config `yaml:",inline"`
	Vault         string `yaml:"vault"`
	OnUnavailable string `yaml:"on_unavailable"`
	DryRun        bool   `yaml:"dry_run"`
}

// processorConfig finds a tokenization processor in a collector's configuration; ok is false when content is none.
func processorConfig(content []byte, processor string) (config policy.Config, ok bool, err error) {
	var file struct {
		Processors map[string]yaml.Node `yaml:"processors"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil || file.Processors == nil {
		if err == nil && processor != "" {
			err = &exit{exitUsage, errors.New("has no processors: --processor is for the configuration of a collector")}
		}
		return config, false, err
	}
	var ids []string
	for id := range file.Processors {
		if id == "tokenization" || strings.HasPrefix(id, "tokenization/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	switch {
	case len(ids) == 0:
		return config, false, errors.New("has no tokenization processor")
	case processor == "" && len(ids) == 1:
		processor = ids[0]
	case !slices.Contains(ids, processor):
		return config, false, &exit{exitUsage, fmt.Errorf("has the processors %s: choose one with --processor", strings.Join(ids, ", "))}
	}
	node := file.Processors[processor]
	config, err = strictly(&node)
	if err != nil {
		err = fmt.Errorf("processors: %s: %w", processor, err)
	}
	return config, true, err
}

// strictly decodes the configuration of one processor and refuses fields it does not have.
func strictly(node *yaml.Node) (policy.Config, error) {
	content, err := yaml.Marshal(node)
	if err != nil {
		return policy.Config{}, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	var t tokenization
	err = dec.Decode(&t)
	var fields *yaml.TypeError
	if errors.As(err, &fields) {
		// Lines and types are those of the copy that was decoded here: they would mislead.
		for i, fault := range fields.Errors {
			fields.Errors[i] = besides.ReplaceAllString(fault, "")
		}
		err = errors.New(strings.Join(fields.Errors, ", "))
	}
	return t.Config, err
}

var besides = regexp.MustCompile(`^line \d+: | in type \S+$`)
