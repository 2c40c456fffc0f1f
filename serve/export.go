package serve

import (
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"spikealign/internal/durable"
	"spikealign/serve/page"
)

// exported are the files of the laboratory, all that it needs.
var exported = []string{"laboratory.html", "laboratory.js", "laboratory-worker.js", "laboratory.css", "style.css", "theme.js", "figure.js", "axes.js", "series.js",
	"wasm/laboratory.wasm.gz", "wasm/wasm_exec.js", "wasm/LICENSE"}

// Export writes the laboratory into a folder, which is created where missing, as a page that works
// from any web server: index.html and what it needs, by relative addresses. Files of the same names
// are replaced, each as a whole.
func Export(dir string) error {
	for _, name := range exported {
		data, err := fs.ReadFile(page.Files, name)
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		if name == "laboratory.html" {
			name, data = "index.html", []byte(alone(string(data)))
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := durable.MakeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		err = durable.WriteFile(path, 0o644, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// alone returns a page without the links to others.
func alone(html string) string {
	before, rest, _ := strings.Cut(html, "<nav ")
	_, after, _ := strings.Cut(rest, "</nav>\n")
	return strings.Replace(before+after, `<a class="home" href="/">`, `<a class="home" href="./">`, 1)
}
