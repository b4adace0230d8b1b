package detect

import "strings"

// The OpenTelemetry semantic conventions say what many attribute keys hold. Keys not listed here are judged by the
// names of the rules, and their values looked into.

// traceKeyNames carry a trace from service to service. Nothing under them is ever a finding.
var traceKeyNames = append(
	exactKeys("trace id", "traceid", "span id", "spanid", "parent span id", "parentspanid", "parent id", "trace flags", "b3", "uber trace id", "sentry trace", "dd trace id", "dd span id"),
	keys("traceparent", "tracestate", "x request id", "guid x request id", "x b3 traceid", "x b3 spanid", "x b3 parentspanid", "x b3 sampled", "x amzn trace id", "x cloud trace context",
		"x datadog trace id", "x ot span context", "otel trace id", "otel span id", "x envoy attempt count")...,
)

// cursorKeyNames end like the name of a secret, and name a place in a list, a text or a program.
var cursorKeyNames = keys("next token", "page token", "next page token", "continuation token", "continue token", "sync token", "cancellation token", "resume token", "unexpected token")

// isTraceKey reports whether an attribute key names such an id.
func isTraceKey(name string) bool { return lookupKey(name).entity == quiet }

// semconvPersonal are keys of the conventions that name a personal value, beside those whose last words say so.
var semconvPersonal = map[string]Entity{
	"client.address":              IPAddress,
	"client.socket.address":       IPAddress,
	"source.address":              IPAddress,
	"network.peer.address":        IPAddress,
	"net.peer.ip":                 IPAddress,
	"net.sock.peer.addr":          IPAddress,
	"http.client_ip":              IPAddress,
	"peer.address":                IPAddress,
	"enduser.id":                  UserID,
	"enduser.pseudo.id":           UserID,
	"enduser.name":                Username,
	"user.id":                     UserID,
	"user.hash":                   UserID,
	"user.name":                   Username,
	"user.full_name":              PersonName,
	"user.email":                  None, // found by its shape
	"db.user":                     Username,
	"process.owner":               Username,
	"process.user.name":           Username,
	"process.real_user.name":      Username,
	"geo.location.lat":            GeoCoordinates,
	"geo.location.lon":            GeoCoordinates,
	"http.request.header.cookie":  Cookie,
	"rpc.request.metadata.cookie": Cookie,
}

// semconvStructural are keys whose values are not meant to be personal; those that end in a dot stand for all keys below. A
// namespace in which the conventions allow free text or keys of the user's own (labels, annotations, message keys,
// status descriptions) is not listed whole.
var semconvStructural = []string{
	"android.api_level", "aws.ecs.", "aws.eks.", "aws.lambda.invoked_arn", "aws.request_id", "azure.service.request.id", "browser.platform", "cloud.", "code.column.number",
	"code.function.name", "code.line.number", "code.lineno", "code.namespace", "component", "container.id", "container.image.", "container.name", "container.runtime", "cpu.", "db.collection.name",
	"db.namespace", "db.operation.batch.size", "db.operation.name", "db.response.returned_rows", "db.response.status_code", "db.system", "db.system.name", "deployment.environment", "deployment.environment.name", "deployment.id", "deployment.name", "deployment.status", "disk.io.direction",
	"dns.question.type", "dotnet.", "downstream_cluster", "exception.escaped", "exception.type", "faas.coldstart", "faas.invocation_id", "faas.name", "faas.trigger", "faas.version",
	"gcp.gce.", "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.usage.", "go.", "heroku.release.", "host.arch", "host.cpu.", "host.id", "host.image.", "host.type",
	"http.flavor", "http.method", "http.request.body.size", "http.request.method", "http.request.resend_count", "http.request.size", "http.request_content_length", "http.response.body.size",
	"http.response.size", "http.response.status_code", "http.response_content_length", "http.route", "http.scheme", "http.status_code", "hw.", "istio.", "jvm.", "k8s.cluster.", "k8s.container.", "k8s.cronjob.name", "k8s.cronjob.uid", "k8s.daemonset.name", "k8s.daemonset.uid", "k8s.deployment.name", "k8s.deployment.uid", "k8s.hpa.name", "k8s.job.name", "k8s.job.uid", "k8s.namespace.name", "k8s.node.name", "k8s.node.uid", "k8s.pod.hostname", "k8s.pod.name", "k8s.pod.start_time", "k8s.pod.uid", "k8s.replicaset.name", "k8s.replicaset.uid", "k8s.replicationcontroller.name", "k8s.statefulset.name", "k8s.statefulset.uid", "linux.", "messaging.batch.",
	"messaging.consumer.group.name", "messaging.destination.partition.id", "messaging.kafka.consumer.group", "messaging.kafka.destination.partition", "messaging.kafka.message.offset", "messaging.kafka.message.tombstone", "messaging.kafka.offset", "messaging.message.body.size", "messaging.operation", "messaging.operation.name",
	"messaging.operation.type", "messaging.system", "net.transport", "net.protocol.name", "net.protocol.version", "network.connection.type", "network.io.direction", "network.protocol.name", "network.protocol.version",
	"network.transport", "network.type", "nodejs.", "oci.", "openshift.", "os.", "otel.component.", "otel.library.name", "otel.library.version", "otel.scope.name", "otel.scope.version", "otel.sdk.", "otel.status_code", "process.cpu.", "process.creation.time", "process.parent_pid", "process.pid", "process.runtime.", "response_flags", "rpc.grpc.status_code",
	"rpc.method", "rpc.response.status_code", "rpc.service", "rpc.system", "rpc.system.name", "sampler.", "server.port", "service.instance.id", "service.name", "service.namespace", "service.version", "span.kind", "status.code", "system.", "telemetry.", "thread.id", "tls.cipher", "tls.protocol.",
	"tls.resumed", "tls.established", "upstream_cluster", "url.port", "url.scheme", "v8js.", "webengine.",
}

var semconvTable = func() map[string]bool {
	m := make(map[string]bool, len(semconvStructural))
	for _, key := range semconvStructural {
		m[key] = true
	}
	return m
}()

// semconvKey looks a key up in the conventions; known is false when they do not settle it.
func semconvKey(name string) (k Key, known bool) {
	name = strings.ToLower(name)
	if e, ok := semconvPersonal[name]; ok {
		return Key{entity: e}, e != None
	}
	if semconvTable[name] {
		return Key{structural: resource}, true
	}
	for i := range len(name) {
		if name[i] == '.' && semconvTable[name[:i+1]] {
			return Key{structural: resource}, true
		}
	}
	return Key{}, false
}
