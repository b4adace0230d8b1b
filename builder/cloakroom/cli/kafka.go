package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/builder/cloakroom/kafka"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func newKafka() *cobra.Command {
	return group("kafka", "Replay dead letters of the Kafka mode", "Replays dead letters of the Kafka mode.", newKafkaReplay())
}

// clusterFlags say which Kafka cluster to speak to, and as whom.
type clusterFlags struct {
	brokers                                  []string
	tls                                      bool
	ca, cert, key, server                    string
	mechanism, username, password, tokenFile string
	plaintext                                bool
}

func (f *clusterFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.brokers, "brokers", nil, "`HOST:PORT` of brokers to ask first; comma-separated or repeated")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS; --ca, --cert and --key imply it")
	flags.StringVar(&f.ca, "ca", "", "`FILE` with the certificates of those who sign the brokers', PEM (default: the system's)")
	flags.StringVar(&f.cert, "cert", "", "`FILE` with your certificate, PEM")
	flags.StringVar(&f.key, "key", "", "`FILE` with its private key, PEM")
	flags.StringVar(&f.server, "server-name", "", "name in the brokers' certificates (default: the host of each)")
	flags.StringVar(&f.mechanism, "sasl-mechanism", "", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	flags.StringVar(&f.username, "username", "", "for PLAIN and SCRAM")
	flags.StringVar(&f.password, "password-file", "", "`FILE` with the password, for PLAIN and SCRAM")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the token, for OAUTHBEARER")
	flags.BoolVar(&f.plaintext, "sasl-allow-plaintext", false, "show the secret of PLAIN and OAUTHBEARER to brokers without TLS")
	c.MarkFlagsRequiredTogether("cert", "key")
	completeFlag(c, "sasl-mechanism", string(broker.Plain), string(broker.ScramSHA256), string(broker.ScramSHA512), string(broker.OAuthBearer))
	if err := errors.Join(c.MarkFlagRequired("brokers"), c.MarkFlagFilename("ca"), c.MarkFlagFilename("cert"), c.MarkFlagFilename("key")); err != nil {
		panic(err) // the flag does not exist: a mistake of this package
	}
}

// flagNames are the flags for what the configuration of the collector calls otherwise.
var flagNames = strings.NewReplacer(
	"sasl.allow_plaintext: true", "--sasl-allow-plaintext", "tls.cert_file", "--cert", "sasl.mechanism", "--sasl-mechanism", "sasl.username", "--username",
	"sasl.password, sasl.password_file: set one of both", "--password-file: must be set", "sasl.password_file", "--password-file",
	"sasl.token_file, sasl.token_url: set one of both", "--token-file: must be set", "sasl.token_file", "--token-file", "set tls,", "set --tls,", "brokers[", "--brokers[",
)

// open makes ready to speak to the cluster.
func (f *clusterFlags) open(c *cobra.Command) (*broker.Connection, error) {
	cfg := broker.DefaultConfig()
	cfg.Brokers = f.brokers
	if f.tls || f.ca != "" || f.cert != "" || f.server != "" {
		t := configtls.NewDefaultClientConfig()
		t.CAFile, t.CertFile, t.KeyFile, t.ServerName = f.ca, f.cert, f.key, f.server
		cfg.TLS = configoptional.Some(t)
	}
	switch {
	case f.mechanism != "":
		cfg.SASL = configoptional.Some(broker.SASL{
			Mechanism: broker.Mechanism(strings.ToUpper(f.mechanism)), Username: f.username, PasswordFile: f.password, TokenFile: f.tokenFile, AllowPlaintext: f.plaintext,
		})
	case f.username != "" || f.password != "" || f.tokenFile != "":
		return nil, usage(c, "--username, --password-file, --token-file: go with --sasl-mechanism")
	}
	if err := cfg.Check(); err != nil {
		return nil, usage(c, "%s", flagNames.Replace(err.Error()))
	}
	return cfg.Open(c.Context(), zap.NewNop())
}

type replayFlags struct {
	clusterFlags
	letterVault
	topic, to, group string
	identities       []string
	reasons          []string
	partition        int32
	from, until      int64
	dryRun           bool
}

func newKafkaReplay() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay --brokers HOST:PORT [--identity FILE|--vault PATH]",
		Short: "Write the records in dead letters to where they came from, once what was wrong is put right",
		Long: `Opens dead letters that were sealed (dead_letter: seal_to, or vault) and writes their records to the topics they came
from, to the same partitions, as they were: key, value, headers and timestamp. Letters stay where they are. A record
that cannot be read once more becomes a new letter, which this run does not read: it ends where the topic ended when it
began. Ctrl-C ends it after the batch under way.

Standard output gets one line for each letter that cannot be replayed: where its record stood, why it is a dead letter,
and where the letter stands; with --dry-run for every letter. Nothing of a record is printed.
  no_record        it was not sealed, or too large to be: read the source topic again, at the offset it names
  other_recipient  none of the identities opens it, nor does the vault: it is sealed to somebody else
  denied           the vault says that you may not open letters of this topic and scope
  expired          the vault's retention of it is over: nobody can open it any more
  sealed           not opened: a dry run without an identity and without a vault
  damaged          cut off, changed, or no letter of cloakroom
  unreadable       the broker's own copy of it is corrupt
  no_topic         its topic is not there, or it names none: see --to
  too_large        the topic takes no record of its size: see the topic's max.message.bytes
  refused          the broker finds the record invalid: no key for a compacted topic, a timestamp out of range
The first five are skipped and make the exit code 3, the others fail and make it 4.

Of letters that are sealed to a vault, it is asked for the key of each, and records who asked and why (--purpose), in a
dry run as well. It never sees the record. Who owns the vault may open all letters, others those that a rule under
replayers in its vault.yaml allows. A vault that does not answer ends the run.

Without --group every run reads all letters again, and replays them again. With it, a letter that was read is not read
again by the same group, be it replayed, skipped, failed or of another reason than --reason: use one group for each
selection. After an error, or when letters are read again, records may be in a topic twice.

A letter does not prove who wrote it. Who may write to the topic of the letters may have records written to any topic
that you may write to: let nobody but the collectors write there, or name the topic with --to.`,
		Example: `  cloakroom kafka replay --brokers kafka:9092 --dry-run
  cloakroom kafka replay --brokers kafka:9092 --identity key.txt --reason invalid_json --group replay-json
  cloakroom kafka replay --brokers kafka:9093 --ca ca.crt --sasl-mechanism SCRAM-SHA-512 --username replay \
    --password-file secret --identity key.txt --to orders.quarantine
  cloakroom kafka replay --brokers kafka:9092 --vault /var/lib/cloakroom/vault --purpose INC-42
  cloakroom kafka replay --brokers kafka:9092 --identity key.txt --partition 3 --from-offset 17 --until-offset 18`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runKafkaReplay(c, f) },
	}
	f.clusterFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.topic, "topic", deadletter.DefaultConfig().Topic, "of the dead letters")
	flags.StringArrayVar(&f.identities, "identity", nil, "`FILE` with age identities that open letters, as age-keygen writes it; repeat for several")
	flags.StringVar(&f.to, "to", "", "`TOPIC` to write all records to (default: the topic each came from)")
	flags.StringSliceVar(&f.reasons, "reason", nil, "only letters of this `REASON`; comma-separated or repeated")
	flags.StringVar(&f.group, "group", "", "consumer group that remembers how far it came (default: nothing is remembered)")
	flags.Int32Var(&f.partition, "partition", -1, "read this partition only (default: all)")
	flags.Int64Var(&f.from, "from-offset", 0, "of --partition: the first `OFFSET` to read, wherever the group stands")
	flags.Int64Var(&f.until, "until-offset", 0, "of --partition: the first `OFFSET` not to read any more")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be done; nothing is written or remembered")
	f.letterVault.add(c)
	c.MarkFlagsOneRequired("identity", "vault", "vault-endpoint", "dry-run")
	completeFlag(c, "reason", deadletter.Reasons()...)
	return c
}

func (f *replayFlags) check(c *cobra.Command) error {
	for _, topic := range []struct{ flag, name string }{{"topic", f.topic}, {"to", cmp.Or(f.to, "x")}} {
		if !produce.TopicName(topic.name) {
			return usage(c, "--%s %q: want 1 to 249 letters, digits, dots, underscores and hyphens", topic.flag, topic.name)
		}
	}
	for _, r := range f.reasons {
		if !slices.Contains(deadletter.Reasons(), r) {
			return usage(c, "--reason %q: no such reason: want one of %s", r, strings.Join(deadletter.Reasons(), ", "))
		}
	}
	flags := c.Flags()
	switch {
	case f.to == f.topic:
		return usage(c, "--to %s: this is where the dead letters are", f.to)
	case flags.Changed("partition") && f.partition < 0:
		return usage(c, "--partition %d: must be 0 or more", f.partition)
	case (flags.Changed("from-offset") || flags.Changed("until-offset")) && f.partition < 0:
		return usage(c, "--from-offset and --until-offset go with --partition")
	case f.from < 0 || f.until < 0:
		return usage(c, "--from-offset and --until-offset must be 0 or more")
	}
	return f.letterVault.check(c)
}

func runKafkaReplay(c *cobra.Command, f replayFlags) error {
	if err := f.check(c); err != nil {
		return err
	}
	s := kafka.Settings{
		Topic: f.topic, To: f.to, Reasons: f.reasons, Group: f.group, Partition: f.partition, From: f.from, Until: f.until, DryRun: f.dryRun,
	}
	var err error
	if s.Identities, err = identities(f.identities); err != nil {
		return err
	}
	if s.Connection, err = f.clusterFlags.open(c); err != nil {
		return err
	}
	defer s.Connection.Close()
	ask, closeVault, err := f.letterVault.open(c.Context())
	if err != nil {
		return err
	}
	s.Vault = ask
	p := &reportPrinter{dryRun: f.dryRun}
	s.Tell = p.print
	var done, total atomic.Int64
	s.Progress = func(d, t int64) { total.Store(t); done.Store(d) }
	stop := showLine(func(since time.Duration) string {
		n, of := done.Load(), total.Load()
		return fmt.Sprintf("%3d%%  %d of %d letters, %d/s", 100*n/max(of, 1), n, of, int64(float64(n)/since.Seconds()))
	})
	totals, err := kafka.Replay(c.Context(), s)
	stop()
	err = errors.Join(err, closeVault())
	if err == nil || totals.Replayed > 0 || errors.Is(err, context.Canceled) {
		say("%s", summary(&totals, f.dryRun))
	}
	if err := cmp.Or(err, p.fault); err != nil {
		return err
	}
	return replayOutcome(&totals)
}

func identities(files []string) (out []age.Identity, err error) {
	for _, name := range files {
		ids, err := readIdentities(name)
		if err != nil {
			return nil, err
		}
		out = append(out, ids...)
	}
	return out, nil
}

// reportPrinter prints a line for each letter. The first error of writing stays.
type reportPrinter struct {
	dryRun bool
	fault  error
}

func (p *reportPrinter) print(r kafka.Report) {
	b := []byte(r.Outcome)
	if p.dryRun && r.Outcome == kafka.Replayed {
		b = []byte("would_replay")
	}
	if r.Source.Topic != "" {
		b = append(b, "  source="+place(r.Source)...)
		if r.Next > r.Source.Offset+1 {
			b = fmt.Appendf(b, "-%d", r.Next-1)
		}
	}
	if r.Reason != "" {
		b = append(b, "  reason="+r.Reason...)
	}
	if r.To != "" {
		b = fmt.Appendf(b, "  to=%s/%d", r.To, r.ToPartition)
	}
	b = append(b, "  letter="+place(r.Letter)+"\n"...)
	if _, err := os.Stdout.Write(b); err != nil && p.fault == nil {
		p.fault = err
	}
}

func place(s record.Source) string {
	return fmt.Sprintf("%s/%d/%d", s.Topic, s.Partition, s.Offset)
}

func summary(t *kafka.Totals, dryRun bool) string {
	verb := "replayed "
	if dryRun {
		verb = "would replay "
	}
	out := verb + plural(t.Replayed, "record") + ", skipped " + byOutcome(t.Skipped) + ", failed " + byOutcome(t.Failed)
	if t.Filtered > 0 {
		out += ", left out " + plural(t.Filtered, "letter") + " of other reasons"
	}
	return out
}

func byOutcome(m map[kafka.Outcome]int64) string {
	var all int64
	var parts []string
	for o, n := range m {
		all += n
		parts = append(parts, fmt.Sprintf("%s %d", o, n))
	}
	if all == 0 {
		return "0"
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d (%s)", all, strings.Join(parts, ", "))
}

func replayOutcome(t *kafka.Totals) error {
	switch {
	case len(t.Failed) > 0:
		return fmt.Errorf("letters could not be replayed: %s", byOutcome(t.Failed))
	case len(t.Skipped) > 0:
		return unmet("letters were skipped: %s", byOutcome(t.Skipped))
	}
	return nil
}
