package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// member is one member of the consumer group: the component, in all pipelines it stands in.
type member struct {
	cfg     *Config
	log     *zap.Logger
	mapping *record.Mapping
	sinks   sinks
	metrics *instruments
	obs     *receiverhelper.ObsReport
	health  health
	notices *notice.Log
	forget  func() // of the factory

	conn    *broker.Connection
	letters *deadletter.Writer

	mu       sync.Mutex
	started  bool
	startErr error
	life     context.Context // ends when Shutdown begins
	cancel   context.CancelFunc
	done     chan struct{} // closed when nothing runs any more
	hurry    chan struct{} // closed when there is no time left to finish anything

	// left are the calls to the pipeline that did not return in time. Their partitions wait for them.
	left map[place]<-chan struct{}
}

func newMember(set receiver.Settings, cfg *Config, forget func()) (*member, error) {
	m := &member{cfg: cfg, forget: forget, done: make(chan struct{}), hurry: make(chan struct{}), left: map[place]<-chan struct{}{}}
	m.log = set.Logger.WithOptions(zap.AddStacktrace(zap.PanicLevel)) // what fails is elsewhere: our stack says nothing about it
	m.notices = notice.New(m.log)
	var err error
	if m.mapping, err = record.New(*cfg.mapping()); err != nil {
		return nil, err
	}
	if m.obs, err = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: dataFormat, ReceiverCreateSettings: set}); err != nil {
		return nil, err
	}
	if m.metrics, err = newInstruments(set); err != nil {
		return nil, err
	}
	return m, nil
}

// Start begins to consume, once for all pipelines. It does not wait for the cluster.
func (m *member) Start(ctx context.Context, host component.Host) error {
	m.health.add(host)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.started {
		m.started = true
		m.startErr = m.start(ctx, host)
	}
	return m.startErr
}

func (m *member) start(ctx context.Context, host component.Host) (err error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m.life, m.cancel = life, cancel
	defer func() {
		if err != nil {
			cancel()
			close(m.done)
		}
	}()
	for _, topic := range m.cfg.Topics {
		if signal := m.mapping.Signal(topic); !m.sinks.take(signal) {
			return &noPipelineError{topic, signal}
		}
	}
	if m.conn, err = m.cfg.Open(ctx, m.log); err != nil {
		return err
	}
	if m.letters, err = deadletter.New(m.cfg.DeadLetter, m.producer(), host); err != nil {
		m.conn.Close()
		return err
	}
	if err = m.metrics.observe(); err != nil {
		m.conn.Close()
		return err
	}
	m.conn.Watch(broker.WatchEvery, m.reached)
	go func() {
		defer close(m.done)
		m.run(life)
	}()
	return nil
}

// reached is told every so often whether a broker answers.
func (m *member) reached(err error) {
	m.metrics.reached(err)
	m.tell("brokers", err, "Kafka cannot be reached", "Kafka is reached again")
}

// tell has the health and, once a minute, the log know of a problem of whom, or that there is none any more.
func (m *member) tell(whom string, problem error, fails, works string, fields ...zap.Field) {
	m.health.set(whom, problem)
	if problem == nil {
		m.notices.Works(whom, works, fields...)
		return
	}
	m.notices.Failing(whom, fails, problem, fields...)
}

// producer writes dead letters. It does not try again by itself: the partition does, which knows when it has to stop.
func (m *member) producer() *produce.Producer {
	cfg := produce.DefaultConfig()
	cfg.Retry.Enabled = false
	return produce.New(cfg, m.conn, produce.Hooks{})
}

// Shutdown stops consuming. A batch that is with the pipeline is finished and committed, unless ctx ends or the group would not
// wait for it.
func (m *member) Shutdown(ctx context.Context) error {
	m.mu.Lock()
	cancel := m.cancel
	m.cancel = nil
	m.mu.Unlock()
	m.forget()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-m.done:
	case <-ctx.Done():
		close(m.hurry)
	case <-time.After(stopping + aborting): // batches had their time: what it still waits for is a broker that does not answer
		close(m.hurry)
	}
	<-m.done
	if m.conn != nil {
		m.conn.Close()
	}
	m.metrics.shutdown()
	return nil
}

// run joins the group, and joins it again where the topics have changed, until ctx ends.
func (m *member) run(ctx context.Context) {
	wait := m.cfg.Retry.backoff()
	for ctx.Err() == nil {
		topics, err := m.topics(ctx)
		if ctx.Err() != nil {
			return
		}
		m.tellTopics(err)
		if len(topics) == 0 {
			pause(ctx, min(m.cfg.MetadataInterval, wait.next()))
			continue
		}
		wait.reset()
		m.join(ctx, topics)
	}
}

func (m *member) tellTopics(err error) {
	m.tell("topics", err, "not all topics can be consumed", "all topics can be consumed")
}

// join is a member of the group for these topics until ctx ends or others are to be consumed.
func (m *member) join(ctx context.Context, topics []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &balancer{list: func() (map[string]int, error) { return m.list(ctx) }}
	l := newLines(m.conn.Dialer)
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: m.cfg.Group, Brokers: m.cfg.Brokers, Dialer: l.dialer, Topics: topics,
		GroupBalancers:    []kafka.GroupBalancer{b},
		HeartbeatInterval: m.cfg.HeartbeatInterval,
		SessionTimeout:    m.cfg.SessionTimeout,
		RebalanceTimeout:  m.cfg.RebalanceTimeout,
		JoinGroupBackoff:  min(m.cfg.Retry.MaxInterval, maxJoinBackoff),
		StartOffset:       m.cfg.Start.offset(),
	})
	if err != nil {
		m.tellGroup(err)
		pause(ctx, m.cfg.Retry.MaxInterval)
		return
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		m.watchTopics(ctx, topics)
		cancel()
	}()
	m.generations(ctx, group, b)
	cancel()
	m.leave(group, l)
	<-watched
}

// maxJoinBackoff is how long to wait after an error of joining.
const maxJoinBackoff = time.Second

func (s Start) offset() int64 {
	if s == StartLatest {
		return kafka.LastOffset
	}
	return kafka.FirstOffset
}

// generations consumes what each generation assigns. Errors are those of joining one: the next attempt may succeed.
func (m *member) generations(ctx context.Context, group *kafka.ConsumerGroup, b *balancer) {
	for {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, kafka.ErrGroupClosed):
			return
		case errors.Is(err, kafka.RebalanceInProgress):
			m.log.Info("kafka_stream: the group is rebalancing, joining again")
		case err != nil:
			m.tellGroup(m.conn.Explain(err))
		default:
			m.tellGroup(nil)
			m.metrics.builder.ReceiverKafkaStreamRebalances.Add(ctx, 1, m.metrics.own)
			g := newGeneration(m, gen, b.led())
			gen.Start(g.run)
		}
	}
}

func (m *member) tellGroup(err error) {
	if errors.Is(err, kafka.InvalidSessionTimeout) {
		err = fmt.Errorf("session_timeout, %s, is not within what the brokers allow (group.min.session.timeout.ms and "+
			"group.max.session.timeout.ms, 6 s and 30 min unless set otherwise): %w", m.cfg.SessionTimeout, err)
	}
	if err != nil {
		err = fmt.Errorf("cannot join group %s: %w", m.cfg.Group, err)
	}
	m.tell("group", err, "the group is not joined, trying again", "the group is joined")
}

// leave ends the generation and leaves the group. kafka-go may be waiting for the group to settle, longer than a shutdown may
// take: then its connections are cut, and the group finds out when the session expires.
func (m *member) leave(group *kafka.ConsumerGroup, l *lines) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		group.Close()
	}()
	select {
	case <-closed:
		return
	case <-m.hurry:
	case <-time.After(m.cfg.drain() + leaving):
	}
	select {
	case <-closed:
	case <-time.After(2 * aborting):
		l.cut()
	}
	<-closed
}

// leaving is how long the end of a generation may take beyond the batches that are with the pipeline.
const leaving = 5 * time.Second

// list tells how many partitions each topic has.
func (m *member) list(ctx context.Context) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.DialTimeout)
	defer cancel()
	meta, err := m.conn.Client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("cannot list topics: %w", m.conn.Explain(err))
	}
	counts := map[string]int{}
	for _, t := range meta.Topics {
		if t.Error == nil {
			counts[t.Name] = len(t.Partitions)
		}
	}
	return counts, nil
}

// topics are those to consume that there are. An error tells why that are not all.
func (m *member) topics(ctx context.Context) ([]string, error) {
	counts, err := m.list(ctx)
	if err != nil {
		return nil, err
	}
	consumes, err := m.cfg.consumes()
	if err != nil {
		return nil, err
	}
	var topics []string
	for _, t := range slices.Sorted(maps.Keys(counts)) {
		if consumes(t) {
			topics = append(topics, t)
		}
	}
	for _, t := range m.cfg.Topics {
		if _, ok := counts[t]; !ok {
			err = errors.Join(err, fmt.Errorf("topic %s is not there, or may not be described", t))
		}
	}
	if len(topics) == 0 && err == nil {
		err = errors.New("no topic matches topics_regex")
	}
	return topics, err
}

// watchTopics returns when there are other topics to consume than these, or when ctx ends.
func (m *member) watchTopics(ctx context.Context, topics []string) {
	for pause(ctx, m.cfg.MetadataInterval) {
		now, err := m.topics(ctx)
		if len(now) > 0 && !slices.Equal(now, topics) {
			m.log.Info("kafka_stream: other topics are there now, joining again", zap.Strings("topics", now))
			return
		}
		if len(now) > 0 {
			m.tellTopics(err)
		}
	}
}

// leftover returns what ends when an earlier call to the pipeline about the partition returns, nil when there is none.
func (m *member) leftover(p place) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left[p]
}

func (m *member) leaveBehind(p place, returned <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left[p] = returned
}

// pause waits and tells whether ctx is still on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
