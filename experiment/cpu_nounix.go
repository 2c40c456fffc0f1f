//go:build !unix

package experiment

import "time"

// processCPU is not known on this system.
func processCPU() time.Duration { return 0 }

// processExists cannot tell on this system.
func processExists(pid int) bool { return true }
