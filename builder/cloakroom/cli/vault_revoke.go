package cli

import (
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func newVaultRevoke() *cobra.Command {
	var f struct {
		vaultFlags
		purposeFlag
		kid, scope, agent string
	}
	c := &cobra.Command{
		Use:   "revoke --kid KID | --scope SCOPE | --agent ID",
		Short: "End grants at once: of a key id, of a scope, or of an agent",
		Long: `Ends what agents may mint. Of a key id or a scope, agents get a new grant under a new key id at once; what was minted
before stays revealable. An agent is refused everything until it is restored. Key ids that ended go to standard output.

An agent is revoked whether the vault knows it or not. Exit code 1 for a scope that has no key ids.`,
		Example: `  cloakroom vault revoke --agent spiffe://example.org/agent/web-7 --purpose INC-42
  cloakroom vault revoke --scope payments --purpose INC-42`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.checkPurpose(c); err != nil {
				return err
			}
			if f.kid+f.scope+f.agent == "" {
				return usage(c, "nothing to revoke: name one of --kid, --scope and --agent")
			}
			r := &vaultpb.RevokeRequest{Purpose: f.purpose}
			switch {
			case f.kid != "":
				r.What = &vaultpb.RevokeRequest_Kid{Kid: f.kid}
			case f.scope != "":
				r.What = &vaultpb.RevokeRequest_Scope{Scope: f.scope}
			default:
				r.What = &vaultpb.RevokeRequest_Agent{Agent: f.agent}
			}
			v, err := f.open(c.Context())
			if err != nil {
				return err
			}
			res, err := v.Admin().Revoke(c.Context(), connect.NewRequest(r))
			if err != nil {
				err = noSuch("revoke", err)
			}
			if err := errors.Join(err, v.close()); err != nil {
				return err
			}
			for _, kid := range res.Msg.GetKids() {
				fmt.Println(kid)
			}
			sayRevoked(r, res.Msg)
			return nil
		},
	}
	f.vaultFlags.add(c)
	f.purposeFlag.add(c)
	c.Flags().StringVar(&f.kid, "kid", "", "`KID`, the five letters behind the class in tokens")
	c.Flags().StringVar(&f.scope, "scope", "", "name of a `SCOPE`")
	c.Flags().StringVar(&f.agent, "agent", "", "`ID` of an agent, as the audit log shows it")
	c.MarkFlagsMutuallyExclusive("kid", "scope", "agent")
	return c
}

// sayRevoked says what it came to.
func sayRevoked(r *vaultpb.RevokeRequest, res *vaultpb.RevokeResponse) {
	ended := len(res.GetKids()) > 0
	switch what := r.What.(type) {
	case *vaultpb.RevokeRequest_Agent:
		say("agent %q is revoked", what.Agent)
		if res.GetUnknownAgent() {
			say("warning: no rule names it, and it has not called since the vault started: is it spelled as the audit log shows it?")
		}
	case *vaultpb.RevokeRequest_Scope:
		if !ended {
			say("scope %q: nothing is minted in it now, so nothing ended", what.Scope)
			return
		}
		say("scope %q: its key id ended; agents get a new one at once, and tokens minted before stay revealable", what.Scope)
	case *vaultpb.RevokeRequest_Kid:
		if !ended {
			say("key id %s: nothing is minted under it any more, so nothing ended", what.Kid)
			return
		}
		say("key id %s ended; agents get a new one at once, and tokens minted before stay revealable", what.Kid)
	}
}

// noSuch is vaultFault, and exit code 1 where what was named is not there.
func noSuch(doing string, err error) error {
	if said := new(connect.Error); errors.As(err, &said) && said.Code() == connect.CodeNotFound {
		return found("%s", said.Message())
	}
	return vaultFault(doing, err)
}

func newVaultRestore() *cobra.Command {
	var f struct {
		vaultFlags
		purposeFlag
	}
	c := &cobra.Command{
		Use:     "restore ID",
		Short:   "Let a revoked agent in again",
		Long:    "Lets in an agent again that was revoked. Exit code 1 when it is not.",
		Example: `  cloakroom vault restore spiffe://example.org/agent/web-7 --purpose INC-42`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.checkPurpose(c); err != nil {
				return err
			}
			v, err := f.open(c.Context())
			if err != nil {
				return err
			}
			_, err = v.Admin().Restore(c.Context(), connect.NewRequest(&vaultpb.RestoreRequest{Purpose: f.purpose, Agent: args[0]}))
			if err != nil {
				err = noSuch("restore", err)
			}
			if err := errors.Join(err, v.close()); err != nil {
				return err
			}
			say("agent %q is let in again: it asks again within two minutes", args[0])
			return nil
		},
	}
	f.vaultFlags.add(c)
	f.purposeFlag.add(c)
	return c
}
