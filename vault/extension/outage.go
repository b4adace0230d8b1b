package extension

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/token"
)

// outage is when a vault elsewhere cannot be reached, or refuses. It says so in the log and to the host, once when it begins
// and once when it ends. Two notice: the issuer, which asks for grants and tokens, and the spool, which ships. Either may
// for hours be the only one that has something to ask.
type outage struct {
	log     *zap.Logger
	host    component.Host
	meant   string      // what becomes of telemetry meanwhile
	waiting func() bool // whether records lie in the spool; nil: there is none

	mu       sync.Mutex
	issuer   error // why it cannot go on; nil: it can
	spool    error
	retry    error     // of the spool's latest call that failed
	began    time.Time // zero: there is none
	answered time.Time // when the vault did again; zero: it does not
	records  int       // shipped since it began
}

func (v *Vault) newOutage(host component.Host) *outage {
	meant := "telemetry that needs tokens this Collector does not know yet is handled as on_unavailable says"
	if v.cfg.Spool.HasValue() {
		meant = "telemetry goes on under the grants this Collector has, records wait in the spool; what there is no grant for is handled as on_unavailable says"
	}
	return &outage{log: v.log.With(zap.String("endpoint", v.cfg.Endpoint)), host: host, meant: meant}
}

// issuerSays is told when the issuer's calls fail, and nil when they succeed again.
func (o *outage) issuerSays(err error) {
	waits := o.waiting != nil && o.waiting() // before the lock: the spool holds its own when it calls
	o.mu.Lock()
	defer o.mu.Unlock()
	o.set(&o.issuer, err)
	if !waits {
		o.end()
	}
}

// retried is told why a call of the spool failed.
func (o *outage) retried(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retry = err
}

// breaker is told of the spool's circuit breaker: one call that fails is not an outage, several are.
func (o *outage) breaker(state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch state {
	case "open":
		o.set(&o.spool, cmp.Or(o.retry, errNotTaken))
	case "closed":
		// It takes records again, so it is there: the issuer may not ask for anything for an hour, and say so then only.
		o.issuer = cmp.Or(o.issuer, o.spool)
		o.spool = nil
		o.set(&o.issuer, nil)
	}
}

// shipped is told of records that the vault took from the spool.
func (o *outage) shipped(records int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.records += records
}

// drained is told when nothing waits in the spool.
func (o *outage) drained() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end()
}

// errNotTaken stands in for a reason that was not told.
var errNotTaken = fmt.Errorf("%w: it takes no records", token.ErrUnavailable)

func (o *outage) set(side *error, err error) {
	was := cmp.Or(o.issuer, o.spool)
	*side = err
	is := cmp.Or(o.issuer, o.spool)
	switch {
	case was == nil && is != nil:
		if o.began.IsZero() {
			o.began, o.records = time.Now(), 0
			o.log.Warn("token_vault: the vault cannot be reached, or refuses", zap.Error(is), zap.String("meanwhile", o.meant))
		}
		o.answered = time.Time{}
		componentstatus.ReportStatus(o.host, componentstatus.NewRecoverableErrorEvent(is))
	case was != nil && is == nil:
		o.answered = time.Now()
		componentstatus.ReportStatus(o.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// end says that the outage is over, when it is: the vault answers and has what waited for it.
func (o *outage) end() {
	if o.answered.IsZero() {
		return
	}
	o.log.Info("token_vault: the vault answers again", zap.Duration("after", o.answered.Sub(o.began)), zap.Int("records_shipped", o.records))
	o.began, o.answered = time.Time{}, time.Time{}
}
