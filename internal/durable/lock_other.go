//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package durable

import "os"

// This system has no lock that ends with its process.

func openLock(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666) }

func flock(*os.File) error { return nil }

func isHeld(error) bool { return false }

func release(f *os.File, path string) error {
	err := f.Close()
	_ = os.Remove(path)
	return err
}
