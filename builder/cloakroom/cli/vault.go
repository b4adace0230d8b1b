package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func newVault() *cobra.Command {
	return group("vault", "Make, run and look after a vault: its state, its audit log, erasure",
		`Makes and runs a vault that serves many collectors (init, serve), and looks after one on this machine: that, or the
embedded vault of a collector, beside the running process or while it is down. Nothing here reveals values.

`+whileDown, newVaultInit(), newVaultServe(), newVaultStatus(), newVaultAudit(), newVaultForget(), newVaultRevoke(), newVaultRestore(), newVaultExport(), newVaultImport())
}

// whileDown is for the help of commands that use a vault.
const whileDown = `While no collector runs on the vault's directory, a command opens it itself, and a collector that starts
meanwhile has to wait until the command has ended.`

func newVaultStatus() *cobra.Command {
	var f vaultFlags
	var format string
	c := &cobra.Command{
		Use:   "status",
		Short: "Show epochs, number of records, keyholders and the end of the audit log",
		Example: `  cloakroom vault status
  cloakroom vault status --vault /var/lib/cloakroom/vault --format json | jq .audit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(c, "--format %q: must be text or json", format)
			}
			// First: a stopped vault that is opened repairs what a crash left.
			check, length := f.check(c.Context())
			v, err := f.open(c.Context())
			if err != nil {
				return err
			}
			res, err := v.Admin().Status(c.Context(), connect.NewRequest(&vaultpb.StatusRequest{}))
			if err != nil {
				err = vaultFault("ask for the status", err)
			}
			if err := errors.Join(err, v.close()); err != nil {
				return err
			}
			s := toStatus(res.Msg, v.local)
			s.Audit.Check, s.Audit.length = check, length
			return printStatus(os.Stdout, format, s)
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "text", "text or json")
	completeFlag(c, "format", "text", "json")
	return c
}

// status is the state of a vault, as JSON shows it.
type status struct {
	Directory  string        `json:"directory"`
	Running    bool          `json:"running"`
	Started    *time.Time    `json:"started,omitempty"`
	Keyholders string        `json:"keyholders"`
	Records    uint64        `json:"records"`
	Tombstones uint64        `json:"tombstones"`
	StoreBytes uint64        `json:"store_bytes"`
	Epochs     []epochStatus `json:"epochs"`
	Revoked    []string      `json:"revoked_agents,omitempty"`
	Audit      auditHead     `json:"audit"`
}

type epochStatus struct {
	Scope   string    `json:"scope"`
	Kid     string    `json:"kid"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Expires time.Time `json:"expires"`
	Revoked bool      `json:"revoked,omitempty"`
}

type auditHead struct {
	Path      string `json:"path"`
	Sequence  uint64 `json:"sequence"`
	Hash      string `json:"hash"`
	PublicKey []byte `json:"public_key"`
	Check     string `json:"check"` // whole, fault or not verified
	length    int64  // in bytes, when it was checked
}

func toStatus(r *vaultpb.StatusResponse, local bool) status {
	s := status{
		Directory: r.GetDirectory(), Running: !local, Keyholders: r.GetKeyholders(), Records: r.GetRecords(),
		Tombstones: r.GetTombstones(), StoreBytes: r.GetStoreBytes(), Epochs: []epochStatus{}, Revoked: r.GetRevokedAgents(), Audit: toHead(r.GetAudit()),
	}
	if started := r.GetStarted(); started != nil && !local {
		at := started.AsTime()
		s.Started = &at
	}
	for _, e := range r.GetEpochs() {
		s.Epochs = append(s.Epochs, epochStatus{
			Scope: e.GetScope(), Kid: e.GetKid(),
			Start: e.GetStart().AsTime(), End: e.GetEnd().AsTime(), Expires: e.GetExpires().AsTime(), Revoked: e.GetRevoked(),
		})
	}
	return s
}

func toHead(h *vaultpb.AuditHead) auditHead {
	return auditHead{Path: h.GetPath(), Sequence: h.GetSequence(), Hash: h.GetHash(), PublicKey: h.GetPublicKey()}
}

// check is Check for people, with what to do.
func (h *auditHead) check() string {
	const how = ", see `cloakroom vault audit verify`"
	switch h.Check {
	case checkWhole:
		return h.Check
	case checkFault:
		return "FAULT" + how
	}
	return fmt.Sprintf("%s (%s)%s", h.Check, size(h.length), how)
}

func printStatus(w io.Writer, format string, s status) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	state := "not running (opened for this answer)"
	if s.Running {
		state = "running"
	}
	if s.Started != nil {
		state += " since " + s.Started.Local().Format(time.DateTime)
	}
	fmt.Fprintf(table, "vault\t%s\n", s.Directory)
	fmt.Fprintf(table, "state\t%s\n", state)
	fmt.Fprintf(table, "keyholders\t%s\n", s.Keyholders)
	fmt.Fprintf(table, "records\t%d (%s on disk)\n", s.Records, size(int64(s.StoreBytes)))
	fmt.Fprintf(table, "erased\t%d\n", s.Tombstones)
	for _, agent := range s.Revoked {
		fmt.Fprintf(table, "revoked\t%s\n", agent)
	}
	fmt.Fprintf(table, "audit log\t%s\n", s.Audit.Path)
	fmt.Fprintf(table, "audit end\t%d:%s\n", s.Audit.Sequence, s.Audit.Hash)
	fmt.Fprintf(table, "audit key\t%s\n", base64.StdEncoding.EncodeToString(s.Audit.PublicKey))
	fmt.Fprintf(table, "audit check\t%s\n\n", s.Audit.check())
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(table, "SCOPE\tKID\tSINCE\tMINTS UNTIL\tREVEALS UNTIL")
	for _, e := range s.Epochs {
		until := e.End.Local().Format(time.DateTime)
		if e.Revoked {
			until = "revoked"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", e.Scope, e.Kid, e.Start.Local().Format(time.DateTime), until, e.Expires.Local().Format(time.DateTime))
	}
	return table.Flush()
}

type forgetFlags struct {
	vaultFlags
	purposeFlag
	valueFlags
	yes bool
}

func newVaultForget() *cobra.Command {
	var f forgetFlags
	c := &cobra.Command{
		Use:   "forget [TOKENS...|-] | --entity ENTITY [VALUES...|-]",
		Short: "Erase values for good: their tokens can never be revealed again",
		Long: `Erases what tokens stand for, given the tokens, or with --entity the values themselves: then what their tokens stand
for in the live epochs of every scope. A tombstone stays, so that no late writer brings them back. Telemetry is not
touched: the tokens in it stand for nothing from then on. This cannot be undone.

A value is erased in the live epochs only: the vault keeps nothing by which to know it again. When telemetry brings it
in a later epoch, it gets a new token and is escrowed again, and has to be erased again. Nor does it find the unlinked
tokens that agents of a fleet give while the vault is away, to values of classes that only it mints: erase these by the
token itself, as telemetry has it.

With - tokens or values are read from standard input, one a line, and do not land in the shell's history. Exit code 3
when nothing was there to erase.`,
		Example: `  cloakroom vault forget --purpose 'erasure request 7' --yes --entity email - < address
  cloakroom vault forget --purpose 'erasure request 7' tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds`,
		RunE: func(c *cobra.Command, args []string) error { return runForget(c, f, args) },
	}
	f.vaultFlags.add(c)
	f.purposeFlag.add(c)
	f.valueFlags.add(c)
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask; needed when there is no terminal to ask on")
	return c
}

func runForget(c *cobra.Command, f forgetFlags, args []string) error {
	if err := f.checkPurpose(c); err != nil {
		return err
	}
	given, err := valueArgs(c, args)
	if err != nil {
		return err
	}
	req := &vaultpb.ForgetRequest{Purpose: f.purpose}
	unlinks := false
	if f.given() {
		class, canonical, err := f.canonical(c)
		if err != nil {
			return err
		}
		for _, v := range given {
			unlinks = unlinks || f.unlinks(class)
			req.Values = append(req.Values, &vaultpb.ForgetValue{TokenClass: class, Scope: f.scope, Value: canonical(v)})
		}
	} else if req.Tokens, err = wholeTokens(c, given); err != nil {
		return err
	}
	if err := confirm(c, f.yes, len(given)); err != nil {
		return err
	}
	v, err := f.open(c.Context())
	if err != nil {
		return err
	}
	res, err := v.Admin().Forget(c.Context(), connect.NewRequest(req))
	if err != nil {
		err = vaultFault("forget", err)
	}
	if err := errors.Join(err, v.close()); err != nil {
		return err
	}
	fmt.Printf("erased %d\ntombstones %d\n", res.Msg.GetErased(), res.Msg.GetTombstones())
	if unlinks {
		say("values met only while the vault was away have unlinked tokens, which are not found by value: erase those by the token itself")
	}
	return forgotten(res.Msg, f.given())
}

// forgotten says what the numbers mean, and for how long.
func forgotten(res *vaultpb.ForgetResponse, byValue bool) error {
	where := ""
	if byValue {
		where = " in the live epochs"
		say("in the live epochs only: when a later epoch sees the value again, erase it again")
	}
	switch {
	case res.GetErased() > 0:
		return nil
	case res.GetTombstones() == 0:
		return unmet("nothing was there to erase: the scope has no live epoch")
	}
	return unmet("nothing was there to erase%s; %s can never be escrowed from now on", where, plural(int64(res.GetTombstones()), "token"))
}

// confirm asks on the terminal whether n values are to be erased.
func confirm(c *cobra.Command, yes bool, n int) error {
	if yes {
		return nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return usage(c, "erasing cannot be undone: confirm with --yes")
	}
	defer tty.Close()
	fmt.Fprintf(tty, "Erase %s for good? This cannot be undone. Type yes: ", plural(int64(n), "value"))
	answer := make([]byte, 16)
	k, err := interruptible(c.Context(), tty).Read(answer)
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(string(answer[:k])), "yes") {
		return usage(c, "not confirmed: nothing was erased")
	}
	return nil
}
