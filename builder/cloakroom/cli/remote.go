package cli

import (
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/identity"
)

// remoteFlags say how to reach a vault across the network, and as whom. All begin with a prefix, where other flags have their names.
type remoteFlags struct{ prefix, endpoint, cert, key, ca, name string }

func (f *remoteFlags) add(c *cobra.Command) {
	p, flags := f.prefix, c.Flags()
	flags.StringVar(&f.endpoint, p+"endpoint", "", "`HOST:PORT` of the reveal listener of a vault elsewhere, in place of --vault")
	flags.StringVar(&f.cert, p+"cert", "", "your certificate for --"+p+"endpoint, PEM")
	flags.StringVar(&f.key, p+"key", "", "its private key, PEM")
	flags.StringVar(&f.ca, p+"ca", "", "certificates of those who sign the vault's, PEM")
	flags.StringVar(&f.name, p+"server-name", "", "name in the vault's certificate (default: the host of --"+p+"endpoint)")
	c.MarkFlagsMutuallyExclusive(p+"endpoint", "vault")
	c.PreRunE = func(c *cobra.Command, _ []string) error { return f.check(c) }
}

// check says which flags lack each other.
func (f *remoteFlags) check(c *cobra.Command) error {
	var given, missing []string
	for _, flag := range []struct{ name, value string }{{"ca", f.ca}, {"cert", f.cert}, {"key", f.key}} {
		if name := "--" + f.prefix + flag.name; flag.value == "" {
			missing = append(missing, name)
		} else {
			given = append(given, name)
		}
	}
	switch {
	case f.endpoint == "" && len(given) > 0:
		return usage(c, "%s: needs --%sendpoint, the vault's reveal listener", and(given), f.prefix)
	case f.endpoint != "" && len(missing) > 0:
		return usage(c, "--%sendpoint also needs %s", f.prefix, and(missing))
	}
	return nil
}

// and joins words as a sentence does.
func and(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// open makes ready to speak to the vault; the first call connects.
func (f *remoteFlags) open() (*link, error) {
	host, _, err := net.SplitHostPort(f.endpoint)
	if err != nil {
		return nil, fmt.Errorf("--%sendpoint: want HOST:PORT of the vault's reveal listener", f.prefix)
	}
	source, err := identity.Files(identity.FilesConfig{CertFile: f.cert, KeyFile: f.key, CAFile: f.ca})
	if err != nil {
		return nil, err
	}
	if f.name != "" {
		host = f.name
	}
	http, err := source.HTTP(identity.ServerID{Name: host})
	if err != nil {
		return nil, err
	}
	client := reveal.Over(http, "https://"+f.endpoint)
	return &link{Client: client, close: func() error { client.Close(); return source.Close() }}, nil
}
