package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

func newVaultInit() *cobra.Command {
	var o standalone.InitOptions
	c := &cobra.Command{
		Use:   "init DIRECTORY",
		Short: "Make a vault that serves many collectors: its keys, and a configuration with comments",
		Long: `Makes a directory with the keys of a new vault and vault.yaml, in which every setting is explained. Nothing that is
there is overwritten, and a vault.yaml that is there is kept. Then set the certificates and who may do what in
vault.yaml, and run cloakroom vault serve.

With --dev-ca it also makes certificates: an authority, and one each for the vault, an agent, a gateway and a revealer.
They are for trying out: all keys lie in one folder. A fleet has SPIRE, cert-manager or a PKI of its own.`,
		Example: `  cloakroom vault init /var/lib/cloakroom
  cloakroom vault init --dev-ca ./data/fleet-vault && cloakroom vault serve --config ./data/fleet-vault/vault.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Directory = args[0]
			made, err := standalone.Init(o)
			for _, path := range made {
				fmt.Fprintln(c.OutOrStdout(), "made", path)
			}
			if err != nil {
				return err
			}
			say("the keys open every token of this vault: back them up, apart from the store, and let nobody else read them")
			sayNext(o)
			return nil
		},
	}
	c.Flags().StringVar(&o.Issuer, "issuer", "0.0.0.0:7443", "address agents will speak to")
	c.Flags().StringVar(&o.Reveal, "reveal", "127.0.0.1:7444", "address of those who reveal")
	c.Flags().StringVar(&o.Telemetry, "telemetry", "127.0.0.1:7445", "address of health and metrics")
	c.Flags().BoolVar(&o.DevCA, "dev-ca", false, "also make certificates, for trying out")
	c.Flags().StringSliceVar(&o.Hosts, "host", nil, "further name or address of the vault in its --dev-ca certificate")
	return c
}

// sayNext says what is left to be done until the vault serves.
func sayNext(o standalone.InitOptions) {
	config := filepath.Join(o.Directory, standalone.ConfigFile)
	var steps []string
	if !o.DevCA {
		steps = append(steps,
			"in "+config+", say under tls or spiffe who the vault is, and under agents and revealers who may do what")
	}
	steps = append(steps, "cloakroom vault serve --check --config "+config, "cloakroom vault serve --config "+config)
	say("next:")
	for n, s := range steps {
		say("  %d. %s", n+1, s)
	}
}
