package kafkastream

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
)

// told is a host that keeps what it was told.
type told struct{ statuses []componentstatus.Status }

func (*told) GetExtensions() map[component.ID]component.Component { return nil }
func (h *told) Report(e *componentstatus.Event)                   { h.statuses = append(h.statuses, e.Status()) }

// TestNobodyWrites: a partition that failed and that nobody tries any more does not fail for ever.
func TestNobodyWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := new(told)
		h := newHealth(host, notice.New(zap.NewNop()), defaultConfig().(*Config))
		h.fails(lane{"clean", 0}, errors.New("no replicas"))
		h.fails(lane{"clean", 1}, errors.New("no replicas"))
		time.Sleep(leastStale / 2)
		h.fails(lane{"clean", 1}, errors.New("no replicas"))
		for _, want := range []int32{2, 1, 0} {
			if got := h.number(); got != want {
				t.Errorf("%d fail, want %d", got, want)
			}
			time.Sleep(leastStale/2 + time.Second)
		}
		if n := len(host.statuses); n != 2 || host.statuses[0] != componentstatus.StatusRecoverableError || host.statuses[1] != componentstatus.StatusOK {
			t.Errorf("told %v", host.statuses)
		}
	})
}

// TestNobodyWritesAndNobodyLooks: nor where nobody reads the metrics. Topics that somebody makes up are not remembered for ever.
func TestNobodyWritesAndNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := new(told)
		h := newHealth(host, notice.New(zap.NewNop()), defaultConfig().(*Config))
		h.fails(lane{"made-up", -1}, errors.New("not there"))
		time.Sleep(leastStale + time.Second)
		h.reached(nil)
		if n := len(host.statuses); len(h.failing) > 0 || n != 2 || host.statuses[1] != componentstatus.StatusOK {
			t.Errorf("%d fail, and the host was told %v", len(h.failing), host.statuses)
		}
	})
}

// TestAway: the host knows of an outage as long as there is any.
func TestAway(t *testing.T) {
	host := new(told)
	h := newHealth(host, notice.New(zap.NewNop()), defaultConfig().(*Config))
	h.reached(nil)
	h.fails(lane{"clean", 0}, errors.New("no connection"))
	h.reached(errors.New("no connection"))
	h.works(lane{"clean", 0})
	if len(host.statuses) != 1 {
		t.Errorf("told %v", host.statuses)
	}
	h.reached(nil)
	if n := len(host.statuses); n != 2 || host.statuses[1] != componentstatus.StatusOK {
		t.Errorf("told %v", host.statuses)
	}
}
