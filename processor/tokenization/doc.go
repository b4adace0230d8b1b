// Package tokenization is the Collector processor `tokenization`. It walks traces, logs, metrics and profiles, finds
// personal data and secrets in every place where text can stand, and swaps each for a token of the vault, or does
// what else the policy says, before the telemetry goes on.
//
// # What it looks at
//
// Attributes of resources, scopes, spans, events, links, log records, data points, exemplars and metric metadata, in
// any depth of maps and slices, keys as well as values; span and event names, status messages, scope names and
// versions, schema URLs, entity references, metric names, units and descriptions; log bodies of every kind, severity
// texts and event names; bytes, read as text; whole numbers long enough to be a card or a phone number, and numbers of
// any length under a key that names them; in profiles the string table and the attribute table.
//
// # What it never alters
//
// Ids of traces, spans, links, exemplars and profiles, flags, timestamps, counts, the order of things, trace_state and
// x-request-id attributes. A value the policy would hide that stands in one of the latter two is counted in
// otelcol_processor_tokenization_untouchable_values and passes.
//
// # What becomes of a value
//
// A text keeps all but the values found in it. A number or bytes that hold a value become a string or other bytes. A
// key that holds a value is renamed in its place; when the new name is taken already it gets the suffix .2, .3 and so
// on, and nothing is lost. Dropping removes the attribute, the element of a slice, the log record whose body it is or
// the metric whose name it is; where nothing can be removed, as in the name of a span, the value is redacted. An entry of a profile's attribute table keeps its place,
// because samples refer to it by index, and loses its value. The original payload of a profile is removed unless it is
// text, because it holds the profile once more in a form that cannot be examined.
//
// # What is promised
//
// A batch is handled in two steps. The first finds and mints and writes down what would change, and changes nothing.
// Then the vault makes the tokens durable, and only then are the changes made. When the vault cannot, the batch is
// refused with a retryable error and is exactly what it was, so that a retry of the same data starts afresh. Nothing
// of a refused batch goes on. Running the output through the processor again changes nothing.
//
// One instance serves any number of goroutines; they share nothing that is locked on the way of a batch.
package tokenization

//go:generate mdatagen metadata.yaml
