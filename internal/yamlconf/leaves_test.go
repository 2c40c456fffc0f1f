package yamlconf

import (
	"fmt"
	"testing"
)

// TestLeaves: values have their paths, texts and comments, lists are one value, and a document that
// cannot be parsed has none.
func TestLeaves(t *testing.T) {
	const text = `
kind: x  # of it
# how long
# it takes
a:
  b: null
  c: [[1, 2], [3]]
  # twice
  d: "1: <b>"
e: {}
`
	got := fmt.Sprint(Parse("", []byte(text)).Leaves())
	if want := "[{kind x of it} {a.b null } {a.c [[1, 2], [3]] } {a.d 1: <b> twice} {e {} }]"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if l := Parse("", []byte("a: [")).Leaves(); l != nil {
		t.Error(l)
	}
}
