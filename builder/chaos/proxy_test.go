//go:build services

package chaos

import (
	"net"
	"sync"
	"time"
)

// How a proxy treats connections.
type weather int

const (
	fair   weather = iota // passes everything on
	cut                   // resets connections and refuses new ones
	silent                // takes connections and passes nothing on: packets are lost
	slow                  // passes on with a delay
)

// delay of slow weather, for every chunk and direction.
const delay = 150 * time.Millisecond

// proxy stands between agents and vault and can be told to fail as networks do.
type proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	now     weather
	changed chan struct{} // closed when now changes
	conns   map[net.Conn]struct{}
}

func newProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target, changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	go p.serve()
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = w
	close(p.changed)
	p.changed = make(chan struct{})
	if w == cut {
		for c := range p.conns {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0) // a reset, as from a router
			}
			_ = c.Close()
		}
	}
}

func (p *proxy) weather() (weather, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.changed
}

func (p *proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if w, _ := p.weather(); w == cut {
			_ = c.Close()
			continue
		}
		go p.carry(c)
	}
}

func (p *proxy) carry(from net.Conn) {
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	p.conns[from], p.conns[to] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.copy(to, from) })
	both.Go(func() { p.copy(from, to) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, from)
	delete(p.conns, to)
	p.mu.Unlock()
}

// copy passes on chunks as the weather allows, and closes both ends when one ends.
func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			for w, changed := p.weather(); w == silent; w, changed = p.weather() {
				<-changed
			}
			if w, _ := p.weather(); w == slow {
				time.Sleep(delay)
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.set(cut)
}
