package durable

import (
	"os"
	"path/filepath"
	"testing"
)

// TestVerify: Verify finds what ResumeAppend would find, in the same words, and leaves every file
// as it is, what follows the mark included.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		there string // "-": no file
		at    Mark
	}{
		"whole":           {"epoch\n1\n", mark("epoch\n1\n")},
		"with a torn row": {"epoch\n1\n2,", mark("epoch\n1\n")},
		"shorter":         {"epoch\n1", mark("epoch\n1\n")},
		"changed":         {"epoch\n7\n2\n", mark("epoch\n1\n")},
		"empty":           {"", mark("epoch\n")},
		"gone":            {"-", mark("epoch\n")},
		"nothing yet":     {"epoch\n", Mark{}},
		"nothing at all":  {"-", Mark{}},
	} {
		path := filepath.Join(dir, name)
		if c.there != "-" {
			if err := os.WriteFile(path, []byte(c.there), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		got := Verify(path, c.at)
		if _, err := os.Stat(path); (err == nil) != (c.there != "-") {
			t.Errorf("%s: a file came or went", name)
		} else if err == nil && contents(t, path) != c.there {
			t.Errorf("%s: changed to %q", name, contents(t, path))
		}
		a, want := ResumeAppend(path, c.at)
		if want == nil {
			closed(t, a)
		}
		if (got == nil) != (want == nil) || (got != nil && got.Error() != want.Error()) {
			t.Errorf("%s: %v, ResumeAppend says %v", name, got, want)
		}
	}
}
