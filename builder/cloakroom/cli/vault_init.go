package cli

import (
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

func newVaultInit() *cobra.Command {
	var devCA bool
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Create keys and a configuration for the vault of a fleet",
		Long: `Creates a directory, mode 0700, with the keys of a new vault and vault.yaml, which explains every setting. What is
there already is never overwritten. Keep a copy of keys/root.key elsewhere: without it no token can be revealed.

With --dev-ca it also creates tls/: an authority, and certificates of the vault, of an agent and of a revealer. They are
for trying out: the authority's key is thrown away, so they can be neither renewed nor revoked.`,
		Example: `  cloakroom vault init --dev-ca ./vault && cd vault && cloakroom vault serve --config vault.yaml`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := standalone.Init(args[0], devCA); err != nil {
				return err
			}
			say("created %s: read %s, then: cloakroom vault serve --config %s", args[0], standalone.ConfigName, standalone.ConfigName)
			if devCA {
				say("the certificates in tls are for trying out, not for production")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&devCA, "dev-ca", false, "also create certificates for trying out")
	return c
}
