//go:build unix

package experiment

import (
	"errors"
	"syscall"
	"time"
)

// ProcessCPU is the user and system time of this process so far; 0 where the system does not tell.
func ProcessCPU() time.Duration { return usedCPU(syscall.RUSAGE_SELF) }

func usedCPU(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processExists reports whether there is a process of this number on this machine.
func processExists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
