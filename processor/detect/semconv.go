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
	"db.user":                     Username,
	"enduser.id":                  UserID,
	"enduser.name":                Username,
	"enduser.pseudo.id":           UserID,
	"file.owner.name":             Username,
	"geo.location.lat":            GeoCoordinates,
	"geo.location.lon":            GeoCoordinates,
	"http.client_ip":              IPAddress,
	"http.request.header.cookie":  Cookie,
	"net.peer.ip":                 IPAddress,
	"net.sock.peer.addr":          IPAddress,
	"network.peer.address":        IPAddress,
	"peer.address":                IPAddress,
	"process.owner":               Username,
	"process.real_user.name":      Username,
	"process.saved_user.name":     Username,
	"process.user.name":           Username,
	"rpc.request.metadata.cookie": Cookie,
	"source.address":              IPAddress,
	"user.email":                  None, // found by its shape
	"user.full_name":              PersonName,
	"user.hash":                   UserID,
	"user.id":                     UserID,
	"user.name":                   Username,
}

// semconvStructural are keys whose values are not meant to be personal; those that end in a dot stand for all keys
// below that no longer one of any table stands for.
var semconvStructural = []string{
	"android.",
	"app.build_id", "app.jank.", "app.screen.coordinate.",
	"artifact.",
	"aws.bedrock.", "aws.dynamodb.consistent_read", "aws.dynamodb.count", "aws.dynamodb.index_name", "aws.dynamodb.limit",
	"aws.dynamodb.provisioned_read_capacity", "aws.dynamodb.provisioned_write_capacity", "aws.dynamodb.scan_forward", "aws.dynamodb.scanned_count",
	"aws.dynamodb.segment", "aws.dynamodb.select", "aws.dynamodb.table_count", "aws.dynamodb.table_names", "aws.dynamodb.total_segments", "aws.ecs.",
	"aws.eks.", "aws.extended_request_id", "aws.kinesis.", "aws.lambda.", "aws.log.", "aws.request_id", "aws.s3.bucket", "aws.s3.part_number",
	"aws.s3.upload_id", "aws.secretsmanager.", "aws.sns.", "aws.step_functions.",
	"azure.",
	"browser.brands", "browser.language", "browser.mobile", "browser.platform",
	"cassandra.",
	"cicd.",
	"client.port",
	"cloud.",
	"cloudevents.event_spec_version", "cloudevents.event_type",
	"cloudfoundry.",
	"code.column.number", "code.function.name", "code.line.number", "code.lineno", "code.namespace",
	"component",
	"container.",
	"cpu.",
	"db.client.connection.pool.name", "db.client.connection.state", "db.collection.name", "db.namespace", "db.operation.batch.size", "db.operation.name",
	"db.response.returned_rows", "db.response.status_code", "db.stored_procedure.name", "db.system", "db.system.name",
	"deployment.",
	"destination.port",
	"device.manufacturer", "device.model.identifier", "device.model.name",
	"disk.",
	"dns.question.type",
	"dotnet.",
	"downstream_cluster",
	"elasticsearch.",
	"exception.escaped", "exception.type",
	"faas.coldstart", "faas.cron", "faas.document.operation", "faas.document.time", "faas.invocation_id", "faas.invoked_name", "faas.invoked_provider",
	"faas.invoked_region", "faas.max_memory", "faas.name", "faas.time", "faas.trigger", "faas.version",
	"feature_flag.key", "feature_flag.provider.name", "feature_flag.result.reason", "feature_flag.set.id", "feature_flag.version",
	"file.accessed", "file.changed", "file.created", "file.extension", "file.inode", "file.lock.mechanism", "file.lock.mode", "file.lock.type",
	"file.mode", "file.modified", "file.size",
	"gcp.",
	"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.usage.",
	"geo.continent.code", "geo.country.iso_code",
	"go.",
	"graphql.operation.name", "graphql.operation.type",
	"heroku.",
	"host.arch", "host.cpu.", "host.id", "host.image.", "host.type",
	"http.connection.state", "http.flavor", "http.method", "http.request.body.size", "http.request.method", "http.request.method_original",
	"http.request.resend_count", "http.request.size", "http.request_content_length", "http.response.body.size", "http.response.size",
	"http.response.status_code", "http.response_content_length", "http.route", "http.scheme", "http.status_code",
	"hw.",
	"ios.",
	"istio.",
	"jsonrpc.protocol.version",
	"jvm.",
	"k8s.",
	"linux.",
	"log.iostream", "log.record.uid",
	"mainframe.",
	"messaging.batch.", "messaging.consumer.group.name", "messaging.destination.anonymous", "messaging.destination.partition.id",
	"messaging.destination.temporary", "messaging.eventhubs.", "messaging.gcp_pubsub.message.ack_deadline",
	"messaging.gcp_pubsub.message.delivery_attempt", "messaging.kafka.consumer.group", "messaging.kafka.destination.partition",
	"messaging.kafka.message.offset", "messaging.kafka.message.tombstone", "messaging.kafka.offset", "messaging.message.body.size",
	"messaging.message.envelope.size", "messaging.operation", "messaging.operation.name", "messaging.operation.type",
	"messaging.rabbitmq.message.delivery_tag", "messaging.rocketmq.consumption_model", "messaging.rocketmq.message.delay_time_level",
	"messaging.rocketmq.message.delivery_timestamp", "messaging.rocketmq.message.type", "messaging.rocketmq.namespace", "messaging.servicebus.",
	"messaging.system",
	"net.protocol.name", "net.protocol.version", "net.transport",
	"network.carrier.icc", "network.carrier.mcc", "network.carrier.mnc", "network.carrier.name", "network.connection.state",
	"network.connection.subtype", "network.connection.type", "network.interface.name", "network.io.direction", "network.local.port", "network.peer.port",
	"network.protocol.name", "network.protocol.version", "network.transport", "network.type",
	"nfs.",
	"nodejs.",
	"oci.",
	"onc_rpc.",
	"openshift.",
	"opentracing.",
	"oracle_cloud.",
	"os.",
	"otel.component.", "otel.event.name", "otel.library.name", "otel.library.version", "otel.scope.", "otel.sdk.", "otel.span.", "otel.status_code",
	"pprof.",
	"process.args_count", "process.context_switch.", "process.cpu.", "process.creation.time", "process.executable.build_id.", "process.exit.code",
	"process.exit.time", "process.group_leader.pid", "process.interactive", "process.linux.cgroup", "process.parent_pid", "process.pid",
	"process.runtime.", "process.session_leader.pid", "process.state", "process.vpid",
	"profile.",
	"response_flags",
	"rpc.grpc.status_code", "rpc.method", "rpc.method_original", "rpc.response.status_code", "rpc.service", "rpc.system", "rpc.system.name",
	"sampler.",
	"security_rule.",
	"server.port",
	"service.",
	"signalr.",
	"source.port",
	"span.kind",
	"status.code",
	"system.",
	"telemetry.",
	"test.",
	"thread.id",
	"tls.cipher", "tls.client.hash.", "tls.client.ja3", "tls.client.not_after", "tls.client.not_before", "tls.client.supported_ciphers", "tls.curve",
	"tls.established", "tls.next_protocol", "tls.protocol.", "tls.resumed", "tls.server.hash.", "tls.server.ja3s", "tls.server.not_after",
	"tls.server.not_before",
	"upstream_cluster",
	"url.extension", "url.port", "url.scheme", "url.template", "url.top_level_domain",
	"user_agent.name", "user_agent.os.name", "user_agent.os.version", "user_agent.synthetic.type", "user_agent.version",
	"v8js.",
	"vcs.change.state", "vcs.line_change.", "vcs.provider.name", "vcs.ref.base.revision", "vcs.ref.base.type", "vcs.ref.head.revision",
	"vcs.ref.head.type", "vcs.ref.type", "vcs.revision_delta.",
	"webengine.",
	"zos.",
}

// semconvOpen are keys that hold free text, addresses, paths, or names that somebody chose: judged by the names of the
// rules, and looked into. They are listed so that every key of the conventions has been thought of.
var semconvOpen = []string{
	"app.crash.id", "app.installation.id", "app.screen.id", "app.screen.name", "app.widget.id", "app.widget.name",
	"aws.dynamodb.attribute_definitions", "aws.dynamodb.attributes_to_get", "aws.dynamodb.consumed_capacity", "aws.dynamodb.exclusive_start_table",
	"aws.dynamodb.global_secondary_index_updates", "aws.dynamodb.global_secondary_indexes", "aws.dynamodb.item_collection_metrics",
	"aws.dynamodb.local_secondary_indexes", "aws.dynamodb.projection", "aws.s3.copy_source", "aws.s3.delete", "aws.s3.key", "aws.sqs.queue.url",
	"browser.document.url.full",
	"cicd.pipeline.run.url.full", "cicd.pipeline.task.run.url.full", "cicd.worker.url.full",
	"cloudevents.event_id", "cloudevents.event_source", "cloudevents.event_subject",
	"code.file.path", "code.stacktrace",
	"container.command", "container.command_args", "container.command_line", "container.label.",
	"db.query.parameter.", "db.query.summary", "db.query.text",
	"destination.address",
	"device.id",
	"dns.answers", "dns.question.name",
	"error.type",
	"exception.message", "exception.stacktrace",
	"faas.document.collection", "faas.document.name", "faas.instance",
	"feature_flag.context.id", "feature_flag.error.message", "feature_flag.result.value", "feature_flag.result.variant",
	"file.attributes", "file.directory", "file.fork_name", "file.group.id", "file.group.name", "file.name", "file.owner.id", "file.path",
	"file.symbolic_link.target_path",
	"geo.locality.name", "geo.postal_code", "geo.region.iso_code",
	"graphql.document",
	"host.ip", "host.mac", "host.name",
	"http.request.header.", "http.response.header.",
	"jsonrpc.request.id",
	"k8s.cronjob.annotation.", "k8s.cronjob.label.", "k8s.daemonset.annotation.", "k8s.daemonset.label.", "k8s.deployment.annotation.",
	"k8s.deployment.label.", "k8s.job.annotation.", "k8s.job.label.", "k8s.namespace.annotation.", "k8s.namespace.label.", "k8s.node.annotation.",
	"k8s.node.label.", "k8s.pod.annotation.", "k8s.pod.label.", "k8s.replicaset.annotation.", "k8s.replicaset.label.", "k8s.service.annotation.",
	"k8s.service.label.", "k8s.service.selector.", "k8s.statefulset.annotation.", "k8s.statefulset.label.",
	"log.file.name", "log.file.name_resolved", "log.file.path", "log.file.path_resolved", "log.record.original",
	"messaging.client.id", "messaging.destination.name", "messaging.destination.subscription.name", "messaging.destination.template",
	"messaging.gcp_pubsub.message.ack_id", "messaging.gcp_pubsub.message.ordering_key", "messaging.kafka.message.key",
	"messaging.message.conversation_id", "messaging.message.id", "messaging.rabbitmq.destination.routing_key", "messaging.rocketmq.message.group",
	"messaging.rocketmq.message.keys", "messaging.rocketmq.message.tag",
	"network.local.address",
	"oracle.db.domain", "oracle.db.instance.name", "oracle.db.name", "oracle.db.pdb", "oracle.db.service",
	"otel.status_description",
	"pprof.profile.comment",
	"process.command", "process.command_args", "process.command_line", "process.environment_variable.", "process.executable.name",
	"process.executable.path", "process.real_user.id", "process.saved_user.id", "process.title", "process.user.id", "process.working_directory",
	"rpc.request.metadata.", "rpc.response.metadata.",
	"security_rule.description",
	"server.address",
	"session.id", "session.previous_id",
	"thread.name",
	"tls.client.certificate", "tls.client.certificate_chain", "tls.client.issuer", "tls.client.subject", "tls.server.certificate",
	"tls.server.certificate_chain", "tls.server.issuer", "tls.server.subject",
	"url.domain", "url.fragment", "url.full", "url.original", "url.path", "url.query", "url.registered_domain", "url.subdomain",
	"user.roles",
	"user_agent.original",
	"vcs.change.id", "vcs.change.title", "vcs.owner.name", "vcs.ref.base.name", "vcs.ref.head.name", "vcs.repository.name", "vcs.repository.url.full",
}

// semconvKinds holds all of them.
var semconvKinds = func() map[string]Key {
	m := make(map[string]Key, len(semconvOpen)+len(semconvStructural)+len(semconvPersonal))
	for _, key := range semconvOpen {
		m[key] = Key{}
	}
	for _, key := range semconvStructural {
		m[key] = Key{structural: resource}
	}
	for key, e := range semconvPersonal {
		m[key] = Key{entity: e}
	}
	return m
}()

// semconvKey looks a key up in the conventions; known is false when they do not settle it.
func semconvKey(name string) (k Key, known bool) {
	name = strings.ToLower(name)
	k, listed := semconvKinds[name]
	for i := len(name) - 1; i > 0 && !listed; i-- {
		if name[i] == '.' {
			k, listed = semconvKinds[name[:i+1]]
		}
	}
	return k, k != Key{}
}
