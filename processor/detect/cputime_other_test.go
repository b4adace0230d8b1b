//go:build !unix

package detect

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
