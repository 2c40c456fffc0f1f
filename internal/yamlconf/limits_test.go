package yamlconf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ReadFile reads a file as it is, and of one without end no more than tells that it is too large.
func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(path, []byte("epochs: 3\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(path); err != nil || string(b) != "epochs: 3\n" {
		t.Errorf("%q, %v", b, err)
	}
	for _, bad := range []string{filepath.Dir(path), path + "x"} {
		if _, err := ReadFile(bad); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	// A file of zeros without end, or nearly: only as much as is allowed is read.
	if err := os.Truncate(path, 1<<32); err != nil {
		t.Fatal(err)
	}
	b, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, body := defaults()
	if err := Parse(path, b).Decode(h, body); err == nil || err.Error() != path+": is larger than 64 MB" {
		t.Errorf("%d bytes: %v", len(b), err)
	}
}

// Of very many problems the first hundred are told, and how many there are.
func TestManyProblems(t *testing.T) {
	row := "[" + strings.TrimSuffix(strings.Repeat("x, ", 500), ", ") + "]"
	_, _, err := decode("weights:\n"+strings.Repeat("  - "+row+"\n", 40), "epochs=0")
	var problems Errors
	if !errors.As(err, &problems) || len(problems) != maxIssues+1 {
		t.Fatalf("%d problems", len(problems))
	}
	for k, p := range problems[:maxIssues] {
		if want := fmt.Sprintf("f.yaml:2: weights.0.%d = x: is not a number", k); p.Error() != want {
			t.Errorf("got %s, want %s", p, want)
		}
	}
	// 20000 entries, the lengths of 39 rows (of the first, something is said already) and the
	// override.
	if got, want := problems[maxIssues].Error(), "f.yaml: ... and 19940 more problems"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
