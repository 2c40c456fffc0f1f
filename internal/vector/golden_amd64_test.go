package vector

import (
	"os"
	"strings"
	"testing"
)

// TestGoldenPortable: the pinned results come out without vector instructions, too.
func TestGoldenPortable(t *testing.T) {
	if off := strings.Contains(os.Getenv("GODEBUG"), "cpu.all=off"); off && vectors {
		t.Error("GODEBUG=cpu.all=off leaves the vector instructions on")
	}
	defer func(v bool) { vectors = v }(vectors)
	vectors = false
	TestGolden(t)
}
