package demo

import "net"

// FreeAddresses finds n addresses of 127.0.0.1, host:port, that nobody listens on.
func FreeAddresses(n int) (out []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}
