package sal_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: the program in the README is this package's example, and so is what it prints.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	body, output, _ := strings.Cut(string(example), "\t// Output:\n")
	program := strings.NewReplacer("package sal_test", "package main", "func Example()", "func main()").Replace(body) + "}\n"
	if want := "```go\n" + program + "```\n"; !strings.Contains(string(readme), want) {
		t.Errorf("README.md does not hold the program\n%s", want)
	}
	printed := strings.ReplaceAll(strings.TrimSuffix(output, "}\n"), "\t// ", "    ")
	if !strings.Contains(string(readme), printed) {
		t.Errorf("README.md does not hold what it prints\n%s", printed)
	}
}
