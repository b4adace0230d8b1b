package cli

import (
	"errors"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/identity"
)

// remoteFlags say how to reach a vault across the network, and as whom.
type remoteFlags struct{ endpoint, cert, key, ca, name string }

func (f *remoteFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.endpoint, "endpoint", "", "`HOST:PORT` of the reveal listener of a vault elsewhere, in place of --vault")
	c.Flags().StringVar(&f.cert, "cert", "", "your certificate for --endpoint, PEM")
	c.Flags().StringVar(&f.key, "key", "", "its private key, PEM")
	c.Flags().StringVar(&f.ca, "ca", "", "certificates of those who sign the vault's, PEM")
	c.Flags().StringVar(&f.name, "server-name", "", "name in the vault's certificate (default: the host of --endpoint)")
	c.MarkFlagsMutuallyExclusive("endpoint", "vault")
	c.PreRunE = func(c *cobra.Command, _ []string) error { return f.check(c) }
}

// check says which flags lack each other.
func (f *remoteFlags) check(c *cobra.Command) error {
	var given, missing []string
	for _, flag := range []struct{ name, value string }{{"--ca", f.ca}, {"--cert", f.cert}, {"--key", f.key}} {
		if flag.value == "" {
			missing = append(missing, flag.name)
		} else {
			given = append(given, flag.name)
		}
	}
	switch {
	case f.endpoint == "" && len(given) > 0:
		return usage(c, "%s: needs --endpoint, the vault's reveal listener", and(given))
	case f.endpoint != "" && len(missing) > 0:
		return usage(c, "--endpoint also needs %s", and(missing))
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
		return nil, errors.New("--endpoint: want HOST:PORT of the vault's reveal listener")
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
