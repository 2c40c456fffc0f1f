//go:build unix

package serve

import (
	"os"
	"os/exec"
	"syscall"
)

// apart keeps a process from the signals of the terminal: Ctrl-C reaches the server, which stops
// what it started once. A second signal would end that without a checkpoint.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt lets a process stop with a checkpoint.
func interrupt(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }
