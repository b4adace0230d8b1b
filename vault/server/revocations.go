package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// heartbeat is how often a stream says that it lives.
const heartbeat = 30 * time.Second

const (
	maxWatchers    = 65_536
	maxWatchScopes = 1024
	// maxQueued is how many messages may wait for a slow reader before it is cut: it learns the rest when it comes back.
	maxQueued = 64
	// sendWithin is how long a reader may take for one message before its stream is cut.
	sendWithin = 30 * time.Second
)

type controllerKey struct{}

// WithController lets a stream bound how long its reader may take for a message. A reader that holds still would
// otherwise keep the handler for ever, whatever the listener's limits: the flow control of HTTP/2 is the reader's.
func WithController(ctx context.Context, c *http.ResponseController) context.Context {
	return context.WithValue(ctx, controllerKey{}, c)
}

// watchers are the live streams of revocations.
type watchers struct {
	mu    sync.Mutex
	all   map[*watcher]struct{}
	ended bool
}

type watcher struct {
	caller Caller
	scopes []string
	queue  chan *vaultpb.RevocationsResponse // closed when the stream is to end
}

var errEnding = connect.NewError(connect.CodeUnavailable, errors.New("the vault ends this stream: come back"))

// join adds a stream. The caller reads its queue until it is closed, and leaves.
func (w *watchers) join(caller Caller, scopes []string) (*watcher, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || len(w.all) >= maxWatchers {
		return nil, errEnding
	}
	if w.all == nil {
		w.all = map[*watcher]struct{}{}
	}
	one := &watcher{caller, scopes, make(chan *vaultpb.RevocationsResponse, maxQueued)}
	w.all[one] = struct{}{}
	return one, nil
}

func (w *watchers) leave(one *watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(one)
}

// drop ends a stream. w.mu is held.
func (w *watchers) drop(one *watcher) {
	if _, there := w.all[one]; there {
		delete(w.all, one)
		close(one.queue)
	}
}

// tell sends a message to every stream that is of interest; a reader that does not keep up is cut.
func (w *watchers) tell(m *vaultpb.RevocationsResponse, interested func(*watcher) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		if !interested(one) {
			continue
		}
		select {
		case one.queue <- m:
		default:
			w.drop(one)
		}
	}
}

// end ends the streams of those meant, after what they were told.
func (w *watchers) end(meant func(*watcher) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		if meant(one) {
			w.drop(one)
		}
	}
}

// count is the number of live streams.
func (w *watchers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all)
}

// EndStreams ends all streams of revocations and takes no more: the vault is about to stop.
func (c *Core) EndStreams() {
	c.watchers.mu.Lock()
	defer c.watchers.mu.Unlock()
	c.watchers.ended = true
	for one := range c.watchers.all {
		c.watchers.drop(one)
	}
}

// Streams is the number of agents that listen for revocations now.
func (c *Core) Streams() int { return c.watchers.count() }

// tellEnded says that nothing is minted any more of a scope's kids.
func (c *Core) tellEnded(scope string, kids []token.Kid) {
	c.watchers.tell(&vaultpb.RevocationsResponse{EndedKids: numbers(kids)}, func(w *watcher) bool { return slices.Contains(w.scopes, scope) })
}

// tellRevoked says to an agent that it may do nothing any more, and ends its streams.
func (c *Core) tellRevoked(agent string) {
	its := func(w *watcher) bool { return !w.caller.Local && w.caller.ID == agent }
	c.watchers.tell(&vaultpb.RevocationsResponse{CallerRevoked: true}, its)
	c.watchers.end(its)
}

// tellAgain says that records of a kid were thrown away.
func (c *Core) tellAgain(e *keyring.Epoch) {
	c.watchers.tell(&vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{uint32(e.Kid)}}, func(w *watcher) bool { return slices.Contains(w.scopes, e.Scope) })
}

func numbers(kids []token.Kid) []uint32 {
	out := make([]uint32, len(kids))
	for n, k := range kids {
		out[n] = uint32(k)
	}
	return out
}

// Revocations implements the service.
func (i *Issuer) Revocations(ctx context.Context, r *connect.Request[vaultpb.RevocationsRequest], out *connect.ServerStream[vaultpb.RevocationsResponse]) error {
	c, _ := ctx.Value(controllerKey{}).(*http.ResponseController)
	if c == nil {
		return i.Watch(ctx, r.Msg, out.Send)
	}
	return i.Watch(ctx, r.Msg, func(m *vaultpb.RevocationsResponse) error {
		if err := c.SetWriteDeadline(time.Now().Add(i.sendWithin)); err != nil {
			return fault(fmt.Errorf("this connection knows no deadlines: %w", err))
		}
		if err := out.Send(m); err != nil {
			return err
		}
		return c.SetWriteDeadline(time.Time{}) // a deadline ends a stream that is idle, too
	})
}

// Watch calls told with every message of the stream until ctx ends, told returns an error, or the vault stops. A caller
// learns of the scopes that it may mint in, and of no others.
func (i *Issuer) Watch(ctx context.Context, r *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	if len(r.Scopes) > maxWatchScopes {
		return invalid("%d scopes, at most %d", len(r.Scopes), maxWatchScopes)
	}
	caller := callerOf(ctx)
	if i.core.revoked(caller) {
		return tellAndDeny(caller, told)
	}
	may, err := i.core.agent(ctx)
	if err != nil {
		i.core.refuse(ctx, "watch", "", refusedAs(err), 1)
		return err
	}
	var scopes []string
	for _, s := range r.Scopes {
		if keyring.ValidScope(s) && may.scope(s) {
			scopes = append(scopes, s)
		}
	}
	// Joined before looking: what ends in between is told twice rather than not at all.
	w, err := i.core.watchers.join(caller, scopes)
	if err != nil {
		return err
	}
	defer i.core.watchers.leave(w)
	if i.core.revoked(caller) { // since it was asked, and before anybody could tell this stream
		return tellAndDeny(caller, told)
	}
	first := &vaultpb.RevocationsResponse{}
	for _, s := range scopes {
		first.EndedKids = append(first.EndedKids, numbers(i.core.Keys.RevokedKids(s))...)
	}
	if err := told(first); err != nil {
		return err
	}
	return w.read(ctx, told)
}

func (c *Core) revoked(caller Caller) bool { return !caller.Local && c.Keys.AgentRevoked(caller.ID) }

func tellAndDeny(caller Caller, told func(*vaultpb.RevocationsResponse) error) error {
	if err := told(&vaultpb.RevocationsResponse{CallerRevoked: true}); err != nil {
		return err
	}
	return denied(caller, whyRevoked)
}

func (w *watcher) read(ctx context.Context, told func(*vaultpb.RevocationsResponse) error) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		m := &vaultpb.RevocationsResponse{}
		select {
		case <-ctx.Done():
			return fault(ctx.Err())
		case next, open := <-w.queue:
			if !open {
				return errEnding
			}
			m = next
		case <-beat.C:
		}
		if err := told(m); err != nil {
			return err
		}
		if m.CallerRevoked {
			return denied(w.caller, whyRevoked) // what ends later is no longer its business
		}
	}
}
