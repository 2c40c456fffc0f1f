package browser

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Policy is the content security policy of all pages.
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	figuresPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Figures</title><link rel="stylesheet" href="style.css"><script src="theme.js"></script><script type="module" src="figures.js"></script></head>
<body><header class="bar"><a class="home" href="/">figures</a></header><main class="page"></main></body></html>`
	figuresScript = `import * as figure from "./figure.js";
window.figure = figure;
window.figures = await (await fetch("figures.json")).json();
window.shown = figures.map((f, k) => {
	const card = document.createElement("section"), heading = document.createElement("h2"), root = document.createElement("div");
	card.className = "card";
	heading.textContent = f.name;
	root.id = "f" + k;
	card.append(heading, root);
	document.querySelector("main").append(card);
	return figure.show(root, f.figure);
});
window.ready = true;`
)

// NamedFigure is a figure, or what else encodes to the JSON of one, with a heading.
type NamedFigure struct {
	Name   string `json:"name"`
	Figure any    `json:"figure"`
}

// Figures opens a page that shows figures, the k-th in the element #fk, by the figure.js of files.
// Its variables are figure (the module), figures (what is shown) and shown (what show returned).
func (b *Browser) Figures(t testing.TB, files fs.FS, figures ...NamedFigure) *Page {
	t.Helper()
	data, err := json.Marshal(append([]NamedFigure{}, figures...))
	if err != nil {
		t.Fatal(err)
	}
	static := http.FileServerFS(files)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", Policy)
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, figuresPage)
		case "/figures.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, figuresScript)
		case "/figures.json":
			w.Header().Set("Content-Type", "application/json")
			w.Write(data)
		default:
			static.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p := b.Open(t, server.URL+"/")
	p.Wait("window.ready", patience)
	return p
}
