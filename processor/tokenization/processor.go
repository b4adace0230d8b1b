package tokenization

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/rewrite"
)

// tokenizer is the processor of one signal in one pipeline. After start it is safe for concurrent use.
type tokenizer struct {
	cfg       *Config
	logger    *zap.Logger
	signal    policy.Signal
	policy    *policy.Policy
	issuer    rewrite.Issuer // nil in a dry run without a vault; set by start, before there is a batch
	rewriter  *rewrite.Rewriter
	host      component.Host
	telemetry *telemetry
	walks     sync.Pool   // of *walk
	away      atomic.Bool // tokens could not be issued for the last batch
}

func newTokenizer(set processor.Settings, cfg *Config, signal policy.Signal) (*tokenizer, error) {
	t := &tokenizer{cfg: cfg, signal: signal, logger: set.Logger}
	var err error
	if t.policy, err = cfg.Policy.Compile(t.recognize); err != nil {
		return nil, err
	}
	if t.telemetry, err = newTelemetry(set.TelemetrySettings, signal, t.policy.Detector().Entities()); err != nil {
		return nil, fmt.Errorf("create the processor's own metrics: %w", err)
	}
	return t, nil
}

// recognize lets the detector ask the vault, which is known only after start.
func (t *tokenizer) recognize(s string) int {
	if t.issuer == nil {
		return 0
	}
	return t.issuer.Recognize(s)
}

func (t *tokenizer) start(_ context.Context, host component.Host) error {
	t.host = host
	if t.cfg.Vault != (component.ID{}) {
		issuer, err := findIssuer(host, t.cfg.Vault)
		if err != nil {
			return err
		}
		t.issuer = issuer
	}
	rung, err := rewrite.ParseOnUnavailable(t.cfg.OnUnavailable)
	if err != nil {
		return fmt.Errorf("on_unavailable: %w", err)
	}
	t.rewriter = rewrite.New(t.policy, t.issuer, rewrite.Settings{OnUnavailable: rung, DryRun: t.cfg.DryRun})
	t.walks.New = func() any { return t.newWalk() }
	if t.cfg.DryRun {
		t.logger.Warn("dry run: telemetry passes unchanged, personal data included")
	}
	return nil
}

func (t *tokenizer) shutdown(context.Context) error {
	t.telemetry.shutdown()
	return nil
}

// findIssuer returns the extension that the configuration names under vault.
func findIssuer(host component.Host, id component.ID) (rewrite.Issuer, error) {
	ext, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("vault: the collector has no extension %q: define it under \"extensions:\" and list it under \"service: extensions:\"", id)
	}
	issuer, ok := ext.(rewrite.Issuer)
	if !ok {
		return nil, fmt.Errorf("vault: the extension %q does not issue tokens: name a token_vault extension", id)
	}
	return issuer, nil
}

func (t *tokenizer) newWalk() *walk {
	w := &walk{
		rewriter: t.rewriter,
		detector: t.policy.Detector(),
		policy:   t.policy,
		signal:   t.signal,
		scratch:  t.rewriter.NewScratch(),
		dry:      t.cfg.DryRun,
		keys:     newKeyCache(t.policy.Detector()),
	}
	w.keyless.clean, w.body.clean = true, true
	w.traceState.exempt = traceState
	return w
}

// process takes one batch through both steps. On an error the batch is what it was.
func (t *tokenizer) process(ctx context.Context, find func(*walk)) error {
	w := t.walks.Get().(*walk)
	// A walk that panicked is not put back: it may be half-way through anything.
	ctx, span := t.telemetry.startSpan(ctx)
	err := t.run(ctx, w, find)
	t.telemetry.endSpan(span, w, err)
	w.reset()
	t.walks.Put(w)
	return err
}

func (t *tokenizer) run(ctx context.Context, w *walk, find func(*walk)) error {
	w.search(find)
	again, err := false, w.err
	if err == nil {
		again, err = t.commit(ctx, w)
	}
	if again { // the vault is away and the configuration says to do without
		w.degrade()
		w.search(find)
		if err = w.err; err == nil {
			_, err = t.commit(ctx, w)
		}
	}
	t.telemetry.found(ctx, w)
	if err != nil {
		return t.refuse(ctx, err)
	}
	switch {
	case again, w.scratch.Counts.Degraded > 0:
		t.report(rewrite.ErrUnavailable)
	case !w.scratch.Batch.Empty():
		t.report(nil) // a batch that needed no token says nothing about the vault
	}
	if !t.cfg.DryRun {
		w.edits.apply()
	}
	return nil
}

// commit makes the tokens durable.
func (t *tokenizer) commit(ctx context.Context, w *walk) (again bool, err error) {
	if w.scratch.Batch.Empty() {
		return false, nil
	}
	start := time.Now()
	again, err = t.rewriter.Commit(ctx, w.scratch)
	t.telemetry.committed(ctx, time.Since(start))
	return again, err
}

// refuse turns the reason why a batch cannot be tokenized into the error its sender gets.
func (t *tokenizer) refuse(ctx context.Context, err error) error {
	t.telemetry.refused(ctx)
	t.report(err)
	return consumererror.NewRetryableError(fmt.Errorf("tokenize a batch of %s: %w", t.signal, err))
}

// report tells the log and the component's status when tokens can be issued no more, and when they can again. Errors
// of an Issuer carry no value.
func (t *tokenizer) report(err error) {
	away := err != nil
	if t.away.Load() == away || t.away.Swap(away) == away {
		return
	}
	if !away {
		t.logger.Info("tokens can be issued again")
		componentstatus.ReportStatus(t.host, componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	// A vault that is away is to be expected: no trace of the stack, which loggers add to errors, says anything about it.
	t.logger.Warn("tokens cannot be issued; telemetry is handled as on_unavailable says until they can",
		zap.String("on_unavailable", t.cfg.OnUnavailable), zap.Error(err))
	componentstatus.ReportStatus(t.host, componentstatus.NewRecoverableErrorEvent(err))
}
