package experiment

import "time"

// threadCPU is the user and system time of this thread so far, by RUSAGE_THREAD of getrusage(2).
func threadCPU() time.Duration { return usedCPU(1) }
