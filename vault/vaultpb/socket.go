package vaultpb

// Where an embedded vault serves Reveal and Admin, over HTTP on a unix socket.
const (
	// SocketName is the socket's name in the vault's directory.
	SocketName = "reveal.sock"
	// SocketPointer is a file in the vault's directory that holds the socket's path when that of the directory is too
	// long for a socket address.
	SocketPointer = "reveal.sock.path"
	// MaxSocketPath is the length in bytes of the longest socket address that every Unix takes.
	MaxSocketPath = 103
)
