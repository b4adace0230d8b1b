package wiring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	exporter "github.com/cloakroom/cloakroom/exporter/kafkastream"
	receiver "github.com/cloakroom/cloakroom/receiver/kafkastream"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return converter{} })
}

type converter struct{}

// Convert returns what is wrong, and leaves the configuration as it is.
func (converter) Convert(_ context.Context, conf *confmap.Conf) error {
	if err := Check(conf); err != nil {
		return fmt.Errorf("kafka_stream:\n%w", err) // a line for each fault, after what the Collector says before them
	}
	return nil
}

// kafkaStream is the type of the receiver and of the exporter.
const kafkaStream = "kafka_stream"

// pipe is a pipeline.
type pipe struct {
	Receivers  []string `mapstructure:"receivers"`
	Processors []string `mapstructure:"processors"`
	Exporters  []string `mapstructure:"exporters"`
}

// Check returns everything that is wrong with how kafka_stream receivers stand in the pipelines of a whole configuration.
func Check(conf *confmap.Conf) error {
	var whole struct {
		Service struct {
			Pipelines map[string]pipe `mapstructure:"pipelines"`
		} `mapstructure:"service"`
	}
	if err := conf.Unmarshal(&whole, confmap.WithIgnoreUnused()); err != nil {
		return nil //nolint:nilerror // the Collector says it in its own words
	}
	pipelines := whole.Service.Pipelines
	f := &faults{told: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		p := pipelines[name]
		if !slices.ContainsFunc(p.Receivers, isKafka) {
			continue
		}
		checkBatches(f, name, p)
		for _, id := range p.Exporters {
			checkQueue(f, conf, id)
		}
		for _, out := range kafkaExporters(conf, p) {
			for _, in := range kafkaReceivers(conf, p) {
				checkDeadLetters(f, in, out)
				checkLoop(f, in, out)
			}
		}
	}
	checkSignals(f, conf, pipelines)
	return errors.Join(f.errs...)
}

// faults collects what is wrong, each once, however many pipelines it shows in.
type faults struct {
	errs []error
	told map[string]bool
}

func (f *faults) add(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !f.told[err.Error()] {
		f.told[err.Error()] = true
		f.errs = append(f.errs, err)
	}
}

func typeOf(id string) string {
	t, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(t)
}

func isKafka(id string) bool { return typeOf(id) == kafkaStream }

// in and out are the two components with their paths in the YAML.
type (
	in struct {
		path string
		*receiver.Config
	}
	out struct {
		path string
		*exporter.Config
	}
)

// kafkaReceivers are those of a pipeline that can be read.
func kafkaReceivers(conf *confmap.Conf, p pipe) (all []in) {
	for _, id := range p.Receivers {
		cfg := receiver.NewFactory().CreateDefaultConfig().(*receiver.Config)
		if isKafka(id) && read(conf, "receivers", id, cfg) {
			all = append(all, in{"receivers::" + id, cfg})
		}
	}
	return all
}

// kafkaExporters are those of a pipeline that can be read.
func kafkaExporters(conf *confmap.Conf, p pipe) (all []out) {
	for _, id := range p.Exporters {
		cfg := exporter.NewFactory().CreateDefaultConfig().(*exporter.Config)
		if isKafka(id) && read(conf, "exporters", id, cfg) {
			all = append(all, out{"exporters::" + id, cfg})
		}
	}
	return all
}

func read(conf *confmap.Conf, kind, id string, into any) bool {
	components, err := conf.Sub(kind)
	if err != nil || !components.IsSet(id) {
		return false
	}
	own, err := components.Sub(id)
	return err == nil && own.Unmarshal(into, confmap.WithForceUnmarshaler()) == nil
}

// sameCluster tells whether both name a broker in the same words. Brokers of one cluster that are named differently are not
// told from those of two.
func sameCluster(in in, out out) bool {
	return slices.ContainsFunc(in.Brokers, func(b string) bool { return slices.Contains(out.Broker.Brokers, b) })
}
