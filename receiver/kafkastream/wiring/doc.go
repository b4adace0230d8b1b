// Package wiring refuses configurations in which a kafka_stream receiver stands where its promises do not hold. No component
// sees the pipelines it is in, so this is a converter of the whole configuration, which the distribution has by its manifest:
//
//	converters:
//	  - gomod: github.com/cloakroom/cloakroom v0.0.0
//	    import: github.com/cloakroom/cloakroom/receiver/kafkastream/wiring
//
// It changes nothing. `validate` and the start report all it finds at once, each fault by its path in the YAML. What a single
// component can see of itself is that component's Validate to find; it is told here as well where the Collector does not get to ask.
package wiring
