//go:build !unix

package serve

import "os/exec"

func apart(*exec.Cmd) {}

// interrupt ends a process: this system has no signals. Its run goes on from the last checkpoint.
func interrupt(c *exec.Cmd) error { return c.Process.Kill() }
