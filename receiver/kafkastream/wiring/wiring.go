package wiring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	exporter "github.com/cloakroom/cloakroom/exporter/kafkastream"
	receiver "github.com/cloakroom/cloakroom/receiver/kafkastream"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter { return converter{set.Logger} })
}

type converter struct{ log *zap.Logger }

// Convert returns what is wrong, and leaves the configuration as it is. What may be wrong is logged.
func (c converter) Convert(_ context.Context, conf *confmap.Conf) error {
	if err := Check(conf); err != nil {
		return fmt.Errorf("kafka_stream:\n%w", err) // a line for each fault, after what the Collector says before them
	}
	for _, name := range untokenized(conf) {
		c.log.Warn("kafka_stream: records go from Kafka to Kafka as they are: the pipeline has no tokenization processor",
			zap.String("key", "service::pipelines::"+name+"::processors"))
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

// pipes returns the pipelines by their names: none where the Collector cannot read them and says so in its own words.
func pipes(conf *confmap.Conf) map[string]pipe {
	var whole struct {
		Service struct {
			Pipelines map[string]pipe `mapstructure:"pipelines"`
		} `mapstructure:"service"`
	}
	if err := conf.Unmarshal(&whole, confmap.WithIgnoreUnused()); err != nil {
		return nil
	}
	return whole.Service.Pipelines
}

// untokenized returns the pipelines from Kafka to Kafka in which nothing is tokenized. That may be meant, where the topics are clean.
func untokenized(conf *confmap.Conf) (names []string) {
	tokenizes := func(id string) bool { return typeOf(id) == "tokenization" }
	for name, p := range pipes(conf) {
		if slices.ContainsFunc(p.Receivers, isKafka) && slices.ContainsFunc(p.Exporters, isKafka) && !slices.ContainsFunc(p.Processors, tokenizes) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Check returns everything that is wrong with how kafka_stream receivers stand in the pipelines of a whole configuration. Where that
// is anything, it also returns what is wrong with kafka_stream components by themselves: the Collector does not get to ask them.
func Check(conf *confmap.Conf) error {
	all := pipes(conf)
	f := &faults{told: map[string]bool{}}
	c := components{receivers: map[string]source{}, exporters: map[string]target{}}
	pipelines := map[string]pipe{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.ContainsFunc(all[name].Receivers, isKafka) {
			continue
		}
		pipelines[name] = all[name]
		for _, next := range behind(conf, all, name) {
			c.read(conf, all[next])
			checkBatches(f, next, all[next])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		for _, next := range behind(conf, all, name) {
			for _, id := range all[next].Exporters {
				checkQueue(f, conf, id)
				c.checkPairs(f, pipelines[name].Receivers, id)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.receivers)) {
		c.receivers[id].checkSignals(f, signals(pipelines, id))
	}
	if len(f.errs) == 0 {
		return nil
	}
	return errors.Join(append(f.errs, c.faults...)...)
}

// behind returns a pipeline and those its records go on to by connectors. What a connector makes of them for a pipeline of another
// signal, such as counts, is not the records.
func behind(conf *confmap.Conf, all map[string]pipe, name string) []string {
	names := []string{name}
	for i := 0; i < len(names); i++ {
		for _, id := range all[names[i]].Exporters {
			if !conf.IsSet("connectors::" + id) {
				continue
			}
			for _, next := range slices.Sorted(maps.Keys(all)) {
				if typeOf(next) == typeOf(name) && slices.Contains(all[next].Receivers, id) && !slices.Contains(names, next) {
					names = append(names, next)
				}
			}
		}
	}
	return names
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

// source and target are the receiver and the exporter of records with their paths in the YAML.
type (
	source struct {
		path string
		*receiver.Config
	}
	target struct {
		path string
		*exporter.Config
	}
)

// components are the kafka_stream components of some pipelines, by their ids: without a configuration where that is not valid.
type components struct {
	receivers map[string]source
	exporters map[string]target
	faults    []error // of those that are not valid
}

// checkPairs looks at an exporter and the receivers of what it gets.
func (c *components) checkPairs(f *faults, receivers []string, to string) {
	for _, id := range receivers {
		in, out := c.receivers[id], c.exporters[to]
		if in.Config != nil && out.Config != nil {
			checkDeadLetters(f, in, out)
			checkLoop(f, in, out)
		}
	}
}

// read adds those of a pipeline.
func (c *components) read(conf *confmap.Conf, p pipe) {
	for _, id := range p.Receivers {
		if _, known := c.receivers[id]; known || !isKafka(id) {
			continue
		}
		path, cfg := "receivers::"+id, receiver.NewFactory().CreateDefaultConfig().(*receiver.Config)
		c.receivers[id] = source{path, nil}
		if c.valid(conf, path, cfg) {
			c.receivers[id] = source{path, cfg}
		}
	}
	for _, id := range p.Exporters {
		if _, known := c.exporters[id]; known || !isKafka(id) {
			continue
		}
		path, cfg := "exporters::"+id, exporter.NewFactory().CreateDefaultConfig().(*exporter.Config)
		c.exporters[id] = target{path, nil}
		if c.valid(conf, path, cfg) {
			c.exporters[id] = target{path, cfg}
		}
	}
}

// valid reads one component.
func (c *components) valid(conf *confmap.Conf, path string, into any) bool {
	if !conf.IsSet(path) {
		return false
	}
	own, err := conf.Sub(path)
	if err == nil {
		err = own.Unmarshal(into, confmap.WithForceUnmarshaler())
	}
	if err != nil {
		c.faults = append(c.faults, fmt.Errorf("%s: %w", path, err))
		return false
	}
	if err = confmap.Validate(into); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.faults = append(c.faults, fmt.Errorf("%s: %s", path, line))
		}
	}
	return err == nil
}

// sameCluster tells whether both name a broker in the same words. Brokers of one cluster that are named differently are not
// told from those of two.
func sameCluster(in source, out target) bool {
	return slices.ContainsFunc(in.Brokers, func(b string) bool { return slices.Contains(out.Broker.Brokers, b) })
}
