// Package extension is the Collector extension `token_vault`: it hands tokens to the tokenization processor and keeps
// what they stand for.
//
//	extensions:
//	  token_vault:
//	    embedded: {path: ./data/vault, epoch: 720h, retention: 2160h}
//
// The embedded vault lives in a directory: keys, sealed records, audit log. On a unix socket there it answers
// `cloakroom reveal`, to its owner and root only. The extension is an issuer: it mints and commits, and offers no way
// to reveal to the Collector's components.
package extension

//go:generate mdatagen metadata.yaml
