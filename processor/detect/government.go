package detect

// The ids of authorities are in one file per region: government_us.go and its kind.

// versionNouns stand before versions.
var versionNouns = []string{"build", "version", "ver", "release", "rev", "revision", "tag", "firmware", "patch"}
