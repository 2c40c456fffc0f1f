//go:build !linux

package experiment

import "time"

// threadCPU is not known on this system, and Session.PerThread has no effect.
func threadCPU() time.Duration { return 0 }
