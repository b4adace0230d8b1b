package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

const (
	// heartbeat is how often a stream shows that it lives.
	heartbeat = 30 * time.Second
	// sendWithin is how long a reader may take for one message before its stream is cut.
	sendWithin = 30 * time.Second
	// backlog is how many messages may wait for a slow reader.
	backlog = 64

	maxStreams         = 10_000
	maxStreamsOfCaller = 16
	maxWatchedScopes   = 1024
)

// hub tells the streams of revocations what happens. Safe for concurrent use.
type hub struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	callers  map[string]int // streams by caller
	closed   bool
}

type watcher struct {
	caller string
	scopes map[string]bool
	told   chan *vaultpb.RevocationsResponse // closed when the watcher is let go
}

func newHub() *hub { return &hub{watchers: map[*watcher]struct{}{}, callers: map[string]int{}} }

var (
	errStopping = connect.NewError(connect.CodeUnavailable, errors.New("the vault is stopping"))
	errSlow     = connect.NewError(connect.CodeAborted, errors.New("the stream is read too slowly: begin another"))
	errStreams  = connect.NewError(connect.CodeResourceExhausted, errors.New("too many streams of revocations"))
)

func (h *hub) join(w *watcher) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return errStopping
	case len(h.watchers) >= maxStreams || h.callers[w.caller] >= maxStreamsOfCaller:
		return errStreams
	}
	h.watchers[w] = struct{}{}
	h.callers[w.caller]++
	return nil
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(w)
}

// drop lets a watcher go, once. h.mu is held.
func (h *hub) drop(w *watcher) {
	if _, there := h.watchers[w]; !there {
		return
	}
	delete(h.watchers, w)
	if h.callers[w.caller]--; h.callers[w.caller] == 0 {
		delete(h.callers, w.caller)
	}
	close(w.told)
}

// tell gives a message to the watchers of a kind. One whose backlog is full is let go: it will begin again, and the
// first message of a stream tells everything.
func (h *hub) tell(m *vaultpb.RevocationsResponse, to func(*watcher) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if !to(w) {
			continue
		}
		select {
		case w.told <- m:
		default:
			h.drop(w)
		}
	}
}

func (h *hub) ended(scope string, kids ...token.Kid) {
	m := &vaultpb.RevocationsResponse{}
	for _, k := range kids {
		m.EndedKids = append(m.EndedKids, uint32(k))
	}
	h.tell(m, func(w *watcher) bool { return w.scopes[scope] })
}

func (h *hub) escrowAgain(scope string, kid token.Kid) {
	m := &vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{uint32(kid)}}
	h.tell(m, func(w *watcher) bool { return w.scopes[scope] })
}

func (h *hub) revoked(caller string) {
	h.tell(&vaultpb.RevocationsResponse{CallerRevoked: true}, func(w *watcher) bool { return w.caller == caller })
}

func (h *hub) streams() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers)
}

// close ends all streams, and those that begin later.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for w := range h.watchers {
		h.drop(w)
	}
}

type controllerKey struct{}

// withController lets a stream bound how long its reader may take. A reader that holds still would otherwise keep the
// handler, whatever the listener's time-outs: HTTP/2's flow control is the reader's.
func withController(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), controllerKey{}, http.NewResponseController(w))))
	})
}

// Revocations implements the service.
func (i *Issuer) Revocations(ctx context.Context, r *connect.Request[vaultpb.RevocationsRequest], out *connect.ServerStream[vaultpb.RevocationsResponse]) error {
	controller, _ := ctx.Value(controllerKey{}).(*http.ResponseController)
	return i.Watch(ctx, r.Msg, func(m *vaultpb.RevocationsResponse) error {
		if controller != nil {
			// A connection that knows no deadlines is HTTP/1 over something else: it has none then.
			_ = controller.SetWriteDeadline(time.Now().Add(sendWithin))
		}
		return out.Send(m)
	})
}

// Watch calls told with every message of the stream until ctx ends, told returns an error, the caller is revoked, or the
// vault stops. A caller hears of scopes it may use only.
func (i *Issuer) Watch(ctx context.Context, r *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	if len(r.Scopes) > maxWatchedScopes {
		return invalid("%d scopes, at most %d", len(r.Scopes), maxWatchedScopes)
	}
	caller := callerOf(ctx)
	if !caller.Local && i.core.Keys.AgentRevoked(caller.ID) {
		if err := told(&vaultpb.RevocationsResponse{CallerRevoked: true}); err != nil {
			return err
		}
	}
	may, err := i.core.agent(ctx)
	if err != nil {
		i.refuse(ctx, "revocations", refusedAs(err), 1)
		return err
	}
	w := &watcher{caller: caller.ID, scopes: map[string]bool{}, told: make(chan *vaultpb.RevocationsResponse, backlog)}
	for _, scope := range r.Scopes {
		if keyring.ValidScope(scope) && may.scope(scope) {
			w.scopes[scope] = true
		}
	}
	// First: what ends between the first message and this would be told to nobody.
	if err := i.core.hub.join(w); err != nil {
		return err
	}
	defer i.core.hub.leave(w)
	first := &vaultpb.RevocationsResponse{}
	for scope := range w.scopes {
		for _, kid := range i.core.Keys.RevokedKids(scope) {
			first.EndedKids = append(first.EndedKids, uint32(kid))
		}
	}
	if err := told(first); err != nil {
		return err
	}
	return i.follow(ctx, w, told)
}

func (i *Issuer) follow(ctx context.Context, w *watcher, told func(*vaultpb.RevocationsResponse) error) error {
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for {
		m := &vaultpb.RevocationsResponse{}
		select {
		case <-ctx.Done():
			return fault(ctx.Err())
		case <-alive.C:
		case next, ok := <-w.told:
			if !ok {
				return i.core.hub.why()
			}
			m = next
		}
		if err := told(m); err != nil {
			return err
		}
		if m.CallerRevoked {
			return denied(callerOf(ctx), whyRevoked)
		}
	}
}

// why a watcher was let go.
func (h *hub) why() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errStopping
	}
	return errSlow
}
