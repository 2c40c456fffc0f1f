// Package testenv tells tests what they may do. Its functions are for use within tests: Go sees
// which variables a test reads while it runs, and would otherwise repeat the results of short tests
// for long ones.
package testenv

import (
	"os"
	"testing"
)

// Long reports whether tests may take their time: SPIKEALIGN_LONG=1.
func Long() bool { return os.Getenv("SPIKEALIGN_LONG") == "1" }

// NeedsLong skips a test that takes more than some seconds, unless tests may take their time.
func NeedsLong(t testing.TB) {
	t.Helper()
	if !Long() {
		t.Skip("long validation: set SPIKEALIGN_LONG=1")
	}
}

// Complete reports whether everything is promised to be here that tests need, such as images, as
// .ci/run does: SPIKEALIGN_CI=1. Then what is missing is a failure.
func Complete() bool { return os.Getenv("SPIKEALIGN_CI") == "1" }
