package cli

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

type auditVerifyFlags struct {
	vaultFlags
	since, publicKey string
}

func newAuditVerify() *cobra.Command {
	var f auditVerifyFlags
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check the audit log from its first entry to its end",
		Long: `Checks every entry's hash, the chain and the signatures of the audit log, and that it reaches as far as it did. Any cut,
edit, swap or addition is found. Exit code 1 when there is one.

Nothing is changed: a running vault checks its own log; of a stopped one, or of a copy of its directory, the log is only
read. The signatures are checked with the key that follows from the root key in the directory, or with --public-key,
which ` + "`cloakroom vault status`" + ` shows, so that a log can be checked where no key of the vault is.

Only a copy of the log's end that is kept elsewhere can show that the whole log was set back to an earlier state: keep
what is printed on standard output, and check it with --since.`,
		Example: `  cloakroom vault audit verify
  cloakroom vault audit verify > /mnt/elsewhere/audit-end
  cloakroom vault audit verify --since "$(cat /mnt/elsewhere/audit-end)"
  cloakroom vault audit verify --vault /mnt/backup/vault --public-key "$(cat audit-key)"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runAuditVerify(c, f) },
	}
	f.add(c)
	c.Flags().StringVar(&f.since, "since", "", "an end the log had before, `NUMBER:HASH`, which must still be in it")
	c.Flags().StringVar(&f.publicKey, "public-key", "", "check the files with this `KEY`, whether the vault runs or not")
	return c
}

func runAuditVerify(c *cobra.Command, f auditVerifyFlags) error {
	known, err := parseHead(f.since)
	if err != nil {
		return usage(c, "--since: %w", err)
	}
	key, err := parseKey(f.publicKey)
	if err != nil {
		return usage(c, "--public-key: %w", err)
	}
	v, err := f.verify(c.Context(), key)
	if err != nil {
		return err
	}
	if f.since != "" {
		missing, err := missingEntry(c.Context(), v.path, known)
		if err != nil {
			return err
		}
		if missing {
			v.faults = append(v.faults, fmt.Sprintf("entry %d is not the one of --since: the log was set back or replaced", known.Sequence))
		}
	}
	fmt.Printf("%d:%s\n", v.head.Sequence, v.head.Hash)
	say("%s: %s, %s", v.path, entries(v.entries), plural(int64(v.signatures), "signature"))
	for _, fault := range v.faults {
		say("fault: %s", fault)
	}
	if !v.intact() {
		return found("the audit log does not verify")
	}
	say("the audit log is whole")
	return nil
}

// verification is what was found in an audit log.
type verification struct {
	path                string
	head                audit.Head
	entries, signatures uint64
	faults              []string
}

func (v *verification) intact() bool { return len(v.faults) == 0 }

// verify checks the audit log on the path: the running vault does so itself, otherwise the files are read with the key, or
// if it is nil with the one that follows from the root key. With a key the files are read in any case.
func (f *vaultFlags) verify(ctx context.Context, key ed25519.PublicKey) (*verification, error) {
	path := f.path()
	dir := false
	if info, err := os.Stat(path); err == nil {
		dir = info.IsDir()
	}
	if key == nil {
		v, err := f.running(ctx)
		if err != nil {
			return nil, err
		}
		if v != nil {
			r, err := verifyRunning(ctx, v)
			// A copy of a vault's directory may say where the socket of that vault is.
			if err != nil || !dir || sameFile(r.path, server.AuditPath(path)) {
				return r, err
			}
		}
	}
	if _, err := os.Stat(server.AuditPath(path)); err != nil && !server.IsVault(path) {
		return nil, notAVault(path)
	}
	r, err := server.VerifyAudit(ctx, path, key)
	if key == nil && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no root key in %s (%w): give the vault's --public-key, which `cloakroom vault status` shows", path, err)
	}
	if err != nil {
		return nil, err
	}
	v := &verification{path: server.AuditPath(path), head: r.Head, entries: r.Entries, signatures: r.Signatures}
	for _, fault := range r.Faults {
		v.faults = append(v.faults, fault.String())
	}
	return v, nil
}

func verifyRunning(ctx context.Context, v *link) (*verification, error) {
	res, err := v.Admin().VerifyAudit(ctx, connect.NewRequest(&vaultpb.VerifyAuditRequest{}))
	if err != nil {
		err = vaultFault("verify the audit log", err)
	}
	if err := errors.Join(err, v.close()); err != nil {
		return nil, err
	}
	head := res.Msg.GetHead()
	r := &verification{
		path: head.GetPath(), head: audit.Head{Sequence: head.GetSequence(), Hash: head.GetHash()},
		entries: res.Msg.GetEntries(), signatures: res.Msg.GetSignatures(), faults: res.Msg.GetFaults(),
	}
	if !res.Msg.GetIntact() && r.intact() {
		r.faults = []string{"the vault does not say what"}
	}
	return r, nil
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return a == b
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}

// What the status says of the audit log.
const (
	checkWhole = "whole"
	checkFault = "fault"
	checkNone  = "not verified"
)

// maxPassing is the size in bytes up to which a log is verified in passing: in well under a second.
const maxPassing = 2 << 20

// check verifies the audit log on the path if that takes no time to speak of. length is in bytes.
func (f *vaultFlags) check(ctx context.Context) (state string, length int64) {
	path, err := f.auditPath(ctx)
	if err != nil {
		return checkNone, 0
	}
	if info, err := os.Stat(path); err == nil {
		length = info.Size()
	}
	if length > maxPassing {
		return checkNone, length
	}
	v, err := f.verify(ctx, nil)
	switch {
	case err != nil:
		return checkNone, length
	case v.intact():
		return checkWhole, length
	}
	return checkFault, length
}

func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func parseKey(s string) (ed25519.PublicKey, error) {
	if s == "" {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("must be the audit key as `cloakroom vault status` shows it")
	}
	return key, nil
}

func parseHead(s string) (audit.Head, error) {
	var h audit.Head
	if s == "" {
		return h, nil
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(s), "%d:%64s", &h.Sequence, &h.Hash); err != nil || len(h.Hash) != 64 {
		return h, errors.New("must be NUMBER:HASH as verify prints it")
	}
	return h, nil
}

var errStop = errors.New("stop")

// missingEntry says whether the log at path has no entry of the known number and hash.
func missingEntry(ctx context.Context, path string, known audit.Head) (bool, error) {
	missing := true
	_, err := audit.Read(ctx, path, func(e audit.Entry) error {
		if e.Sequence == known.Sequence {
			missing = e.Hash != known.Hash
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return missing, nil
}
