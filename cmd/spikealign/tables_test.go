package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTables verifies that the tables of the pages are whole: an empty line within one would make
// its rest plain text with bars.
func TestTables(t *testing.T) {
	pages := append(must(filepath.Glob("../../docs/*.md")), must(filepath.Glob("../../*.md"))...)
	for _, page := range pages {
		lines := strings.Split(string(must(os.ReadFile(page))), "\n")
		code := false
		for k, line := range lines {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			begins := !code && strings.HasPrefix(line, "|") && (k == 0 || !strings.HasPrefix(lines[k-1], "|"))
			if begins && !(k+1 < len(lines) && strings.HasPrefix(lines[k+1], "|--")) {
				t.Errorf("%s:%d: a row of a table without its head", page, k+1)
			}
		}
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
