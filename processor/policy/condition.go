package policy

import (
	"context"
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
)

// maxConditions bounds the different when-conditions of one policy: the outcome of each is a bit of a [truth].
const maxConditions = 64

// condition is one OTTL condition on the resource. Rules with the same text share one.
type condition struct {
	text string
	ottl *ottl.Condition[*ottlresource.TransformContext]
}

// truth is the outcome of every condition for one resource.
type truth struct {
	met    uint64
	failed uint64 // could not be evaluated
}

// active reports whether a rule with this condition applies. A condition that failed applies to rules that hide
// values and does not apply to rules that keep them.
func (t truth) active(r *rule) bool {
	if r.condition < 0 {
		return true
	}
	bit := uint64(1) << r.condition
	if t.failed&bit != 0 {
		return r.action != Keep
	}
	return t.met&bit != 0
}

// conditionParser parses conditions whose paths are spelled in full: resource.attributes["service.name"]. Of OTTL's
// functions only converters are known: a condition cannot change the telemetry.
func conditionParser() (*ottl.Parser[*ottlresource.TransformContext], error) {
	p, err := ottlresource.NewParser(
		ottlfuncs.StandardConverters[*ottlresource.TransformContext](),
		component.TelemetrySettings{Logger: zap.NewNop()},
		ottlresource.EnablePathContextNames(),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare OTTL: %w", err)
	}
	return &p, nil
}

var (
	quotedText    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	unquotedIndex = regexp.MustCompile(`([A-Za-z_][\w.]*)\[\s*'?([A-Za-z_][^\[\]"']*?)'?\s*\]`)
)

// quoteHint says how to spell an attribute key that stands without double quotes in a condition OTTL could not read.
// OTTL takes the key for a path of its own, and what it says about that path leads astray.
func quoteHint(when string) string {
	m := unquotedIndex.FindStringSubmatch(quotedText.ReplaceAllString(when, `""`))
	if m == nil {
		return ""
	}
	return fmt.Sprintf(` (put keys in double quotes: %s["%s"])`, m[1], m[2])
}

// evaluate evaluates every condition once.
func evaluate(ctx context.Context, conditions []condition, res pcommon.Resource) truth {
	var t truth
	tc := ottlresource.NewTransformContextPtr(res, noSchema{})
	defer tc.Close()
	for i := range conditions {
		met, err := conditions[i].ottl.Eval(ctx, tc)
		switch {
		case err != nil:
			t.failed |= 1 << i
		case met:
			t.met |= 1 << i
		}
	}
	return t
}

// noSchema stands for the schema URL beside the resource, which conditions do not see.
type noSchema struct{}

func (noSchema) SchemaUrl() string   { return "" } //nolint:revive // the name is pdata's
func (noSchema) SetSchemaUrl(string) {}            //nolint:revive // the name is pdata's
