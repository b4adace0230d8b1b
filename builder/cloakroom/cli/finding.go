package cli

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
)

// finding is what a command finds with: the built-in entities alone, or what a policy says.
type finding struct {
	detector *detect.Detector
	// decide gives the action for a finding; a finding that is kept is not reported. Nil without a policy.
	decide func(f *detect.Finding, text string) (action string, report bool)
}

// newFinding takes the name of a preset or of a policy file; empty means no policy. Values are looked at as bodies of log
// records, or as values of the attribute key, of a resource without attributes.
func newFinding(policyFile, key string) (finding, error) {
	if policyFile == "" {
		d, err := detect.New(detect.Settings{})
		return finding{detector: d}, err
	}
	p, err := readPolicy(policyFile, "")
	if err != nil {
		return finding{}, err
	}
	view := p.View(context.Background(), pcommon.NewResource())
	return finding{
		detector: p.Detector(),
		decide: func(f *detect.Finding, text string) (string, bool) {
			d := view.Decide(policy.Logs, key, f, text)
			return d.Action.String(), d.Action != policy.Keep
		},
	}, nil
}
