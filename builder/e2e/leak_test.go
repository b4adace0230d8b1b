package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// canaries hands out values that occur nowhere else, one set for each place they are planted in.
type canaries struct {
	places []string            // in the order planted
	values map[string][]string // place -> values planted there
}

// text returns a log-like sentence with a canary of five entities, and notes them under place.
func (c *canaries) text(place string) string {
	n := c.plant(place)
	email, card := fmt.Sprintf("canary%d@leak-matrix.example", n), cardNumber(n)
	ssn, phone := fmt.Sprintf("536-22-%04d", 1000+n), fmt.Sprintf("+44207946%04d", n)
	const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	key := "AKIAQ3EGRCT7YWNPL" + string(base32[n/32]) + string(base32[n%32]) + "K"
	c.values[place] = append(c.values[place], email, card, strings.ReplaceAll(card, " ", ""), ssn, phone, key)
	return fmt.Sprintf("user %s paid with card %s, ssn %s, call %s, key %s", email, card, ssn, phone, key)
}

// email returns a bare address, for places that hold one word.
func (c *canaries) email(place string) string {
	v := fmt.Sprintf("canary%d@leak-matrix.example", c.plant(place))
	c.values[place] = append(c.values[place], v)
	return v
}

// integer returns a card number as an int attribute would carry it.
func (c *canaries) integer(place string) int64 {
	v := strings.ReplaceAll(cardNumber(c.plant(place)), " ", "")
	c.values[place] = append(c.values[place], v)
	var n int64
	_, _ = fmt.Sscan(v, &n)
	return n
}

func (c *canaries) plant(place string) int {
	if slices.Contains(c.places, place) {
		panic("place planted twice: " + place)
	}
	c.places = append(c.places, place)
	return len(c.places)
}

// cardNumber returns a Visa number in its usual layout, made valid by its Luhn digit.
func cardNumber(n int) string {
	digits := fmt.Sprintf("4532%011d", 10_007*n)
	sum := 0
	for i, d := range digits {
		v := int(d - '0')
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	digits += fmt.Sprint((10 - sum%10) % 10)
	return digits[:4] + " " + digits[4:8] + " " + digits[8:12] + " " + digits[12:]
}

// spellings lists how a value could stand in the output: as it is, or inside base64 at any alignment.
func spellings(value string) []string {
	out := []string{value}
	for shift := range 3 {
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + value))
		enc = strings.TrimRight(enc, "=")
		out = append(out, enc[shift*2:len(enc)-2])
	}
	return out
}

// places is what the test plants; a place missing from here is a place not tested.
var wantPlaces = []string{
	"resource attribute", "scope name", "scope version", "scope attribute",
	"span name", "span attribute", "span string slice attribute", "span int attribute", "span attribute key",
	"span event name", "span event attribute", "span link attribute", "span status message",
	"log body string", "log body map value", "log body map key", "log body slice", "log body bytes", "log body int",
	"log attribute", "log nested attribute", "log attribute key", "log severity text", "log event name",
	"metric description", "metric resource attribute", "metric scope name", "sum data point attribute", "gauge data point attribute",
	"histogram data point attribute", "exponential histogram data point attribute", "summary data point attribute",
	"exemplar filtered attribute", "histogram exemplar filtered attribute", "metric attribute key",
}

var (
	traceID = trace.TraceID{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}
	spanID  = trace.SpanID{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}
)

func spanContext(state string) trace.SpanContext {
	ts, err := trace.ParseTraceState(state)
	if err != nil {
		panic(err)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, TraceState: ts})
}

func spans(c *canaries) []sdktrace.ReadOnlySpan {
	now := time.Now()
	return tracetest.SpanStubs{{
		Name:        "GET /users/" + c.email("span name"),
		SpanContext: spanContext("vendor=keep-me"),
		SpanKind:    trace.SpanKindServer,
		StartTime:   now, EndTime: now.Add(time.Millisecond),
		Attributes: []attribute.KeyValue{
			attribute.String("note", c.text("span attribute")),
			attribute.StringSlice("recipients", []string{"nobody", c.email("span string slice attribute")}),
			attribute.Int64("payment.card_number", c.integer("span int attribute")),
			attribute.String(c.email("span attribute key"), "seen"),
			attribute.String("http.route", "/users/{id}"),
		},
		Events: []sdktrace.Event{{
			Name: "mail to " + c.email("span event name"), Time: now,
			Attributes: []attribute.KeyValue{attribute.String("exception.message", c.text("span event attribute"))},
		}},
		Links: []sdktrace.Link{{
			SpanContext: spanContext(""),
			Attributes:  []attribute.KeyValue{attribute.String("messaging.message.body", c.text("span link attribute"))},
		}},
		Status:               sdktrace.Status{Code: codes.Error, Description: c.text("span status message")},
		Resource:             resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("owner", c.text("resource attribute"))),
		InstrumentationScope: instrumentation.Scope{Name: "scope of " + c.email("scope name"), Version: "1.0-" + c.email("scope version"), Attributes: attribute.NewSet(attribute.String("contact", c.text("scope attribute")))},
	}}.Snapshots()
}

func logs(c *canaries) []sdklog.Record {
	record := func(body attribute.Value, change func(*logtest.RecordFactory)) sdklog.Record {
		f := logtest.RecordFactory{
			Timestamp: time.Now(), ObservedTimestamp: time.Now(), SeverityText: "INFO", Body: body,
			TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled,
			Resource: resource.NewSchemaless(attribute.String("service.name", "shop")), InstrumentationScope: &instrumentation.Scope{Name: "shop/log"},
		}
		if change != nil {
			change(&f)
		}
		return f.NewRecord()
	}
	return []sdklog.Record{
		record(attribute.StringValue(c.text("log body string")), func(f *logtest.RecordFactory) {
			f.Attributes = []attribute.KeyValue{
				attribute.String("comment", c.text("log attribute")),
				attribute.Map("order", attribute.Map("buyer", attribute.String("hint", c.text("log nested attribute")))),
				attribute.String(c.email("log attribute key"), "seen"),
			}
			f.SeverityText = "WARN " + c.email("log severity text")
			f.EventName = "signup " + c.email("log event name")
		}),
		record(attribute.MapValue(attribute.String("message", c.text("log body map value")), attribute.String(c.email("log body map key"), "x")), nil),
		record(attribute.SliceValue(attribute.StringValue("first"), attribute.StringValue(c.text("log body slice"))), nil),
		record(attribute.ByteSliceValue([]byte(c.text("log body bytes"))), nil),
		record(attribute.MapValue(attribute.Int64("card_number", c.integer("log body int"))), nil),
	}
}

func metrics(c *canaries) *metricdata.ResourceMetrics {
	now := time.Now()
	set := func(place string) attribute.Set { return attribute.NewSet(attribute.String("peer", c.text(place))) }
	exemplar := func(place string) []metricdata.Exemplar[float64] {
		return []metricdata.Exemplar[float64]{{
			FilteredAttributes: []attribute.KeyValue{attribute.String("who", c.text(place))},
			Time:               now, Value: 1, TraceID: traceID[:], SpanID: spanID[:],
		}}
	}
	keyed := attribute.NewSet(attribute.String(c.email("metric attribute key"), "x"))
	zero := metricdata.ExponentialBucket{Offset: 0, Counts: []uint64{1}}
	value := 1.0
	return &metricdata.ResourceMetrics{
		Resource: resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("owner", c.text("metric resource attribute"))),
		ScopeMetrics: []metricdata.ScopeMetrics{{
			Scope: instrumentation.Scope{Name: "meter of " + c.email("metric scope name")},
			Metrics: []metricdata.Metrics{
				{Name: "a.sum", Description: "asked for by " + c.email("metric description"), Data: metricdata.Sum[float64]{
					Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
					DataPoints: []metricdata.DataPoint[float64]{
						{Attributes: set("sum data point attribute"), StartTime: now, Time: now, Value: 1, Exemplars: exemplar("exemplar filtered attribute")},
						{Attributes: keyed, StartTime: now, Time: now, Value: 2},
					},
				}},
				{Name: "a.gauge", Data: metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{{Attributes: set("gauge data point attribute"), Time: now, Value: 1}}}},
				{Name: "a.histogram", Data: metricdata.Histogram[float64]{
					Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.HistogramDataPoint[float64]{{
						Attributes: set("histogram data point attribute"), StartTime: now, Time: now, Count: 1, Sum: 1,
						Bounds: []float64{1}, BucketCounts: []uint64{1, 0}, Exemplars: exemplar("histogram exemplar filtered attribute"),
					}},
				}},
				{Name: "an.exponential", Data: metricdata.ExponentialHistogram[float64]{
					Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.ExponentialHistogramDataPoint[float64]{{
						Attributes: set("exponential histogram data point attribute"), StartTime: now, Time: now, Count: 1, Sum: 1, PositiveBucket: zero, NegativeBucket: zero,
					}},
				}},
				{Name: "a.summary", Data: metricdata.Summary{DataPoints: []metricdata.SummaryDataPoint{{
					Attributes: set("summary data point attribute"), StartTime: now, Time: now, Count: 1, Sum: value,
					QuantileValues: []metricdata.QuantileValue{{Quantile: 0.5, Value: value}},
				}}}},
			},
		}},
	}
}

// sender is one way of sending all three signals with the official exporters.
type sender struct {
	traces  sdktrace.SpanExporter
	logs    sdklog.Exporter
	metrics sdkmetric.Exporter
}

func grpcSender(ctx context.Context, t *testing.T, r *running) sender {
	traces, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(r.grpc), otlptracegrpc.WithInsecure())
	require.NoError(t, err)
	logs, err := otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(r.grpc), otlploggrpc.WithInsecure())
	require.NoError(t, err)
	metrics, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(r.grpc), otlpmetricgrpc.WithInsecure())
	require.NoError(t, err)
	return sender{traces, logs, metrics}
}

func httpSender(ctx context.Context, t *testing.T, r *running) sender {
	traces, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(r.http), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	logs, err := otlploghttp.New(ctx, otlploghttp.WithEndpoint(r.http), otlploghttp.WithInsecure())
	require.NoError(t, err)
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(r.http), otlpmetrichttp.WithInsecure())
	require.NoError(t, err)
	return sender{traces, logs, metrics}
}

func (s sender) send(ctx context.Context, t *testing.T, c *canaries) {
	t.Helper()
	require.NoError(t, s.traces.ExportSpans(ctx, spans(c)))
	require.NoError(t, s.logs.Export(ctx, logs(c)))
	require.NoError(t, s.metrics.Export(ctx, metrics(c)))
	require.NoError(t, s.traces.Shutdown(ctx))
	require.NoError(t, s.logs.Shutdown(ctx))
	require.NoError(t, s.metrics.Shutdown(ctx))
}

// TestLeakMatrix sends a canary of several entities in every place an SDK can fill, over both OTLP transports, and
// looks for them in the output, the collector's log at debug level, its metrics page, the vault's files and the audit log.
func TestLeakMatrix(t *testing.T) {
	transports := map[string]func(context.Context, *testing.T, *running) sender{"OTLP over gRPC": grpcSender, "OTLP over HTTP": httpSender}
	for name, dial := range transports {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r := prepare(t, "")
			r.start()
			planted := &canaries{values: map[string][]string{}}
			dial(ctx, t, r).send(ctx, t, planted)
			require.ElementsMatch(t, wantPlaces, planted.places, "the table of places and what is planted differ")

			traces := r.waitOutput("traces", 1)
			r.waitOutput("logs", 1)
			r.waitOutput("metrics", 1)

			// One token is revealed, so that the audit log has a record to look into.
			token := firstToken(t, traces)
			stdout, stderr, code := r.run("", "reveal", "--purpose", "leak test", token)
			require.Zero(t, code, stderr)
			require.Contains(t, stdout, "canary")

			all := r.everything()
			r.stop()
			for _, where := range []string{"out/traces.jsonl", "out/logs.jsonl", "out/metrics.jsonl", "log", "metrics page"} {
				require.NotEmpty(t, all[where], where)
			}
			require.Greater(t, len(all), 6, "the vault's files are not among what was read")
			for _, place := range planted.places {
				for _, value := range planted.values[place] {
					for _, spelling := range spellings(value) {
						for where, content := range all {
							if strings.Contains(content, spelling) {
								t.Errorf("%s: a canary planted in this place stands in %s", place, where)
							}
						}
					}
				}
			}

			for _, keep := range []string{traceID.String(), spanID.String(), "vendor=keep-me", "/users/{id}", "service.name"} {
				require.Contains(t, all["out/traces.jsonl"], keep, "what correlates must survive")
			}
		})
	}
}

// TestLeakMatrixSeesALeak proves the matrix can fail: a policy that keeps e-mail addresses must be noticed.
func TestLeakMatrixSeesALeak(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := prepare(t, "    rules: [{entities: [email], action: keep}]")
	r.start()
	planted := &canaries{values: map[string][]string{}}
	grpcSender(ctx, t, r).send(ctx, t, planted)
	require.Contains(t, r.waitOutput("traces", 1), "@leak-matrix.example")
}

// firstToken returns some revealable token of the output.
func firstToken(t *testing.T, output string) string {
	t.Helper()
	var doc any
	require.NoError(t, json.Unmarshal([]byte(strings.SplitN(output, "\n", 2)[0]), &doc), "the output is not JSON")
	i := strings.Index(output, "tkt_email_")
	require.GreaterOrEqual(t, i, 0, "no e-mail token in the output")
	return output[i : i+len("tkt_email_")+5+1+33]
}
