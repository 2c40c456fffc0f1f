//go:build js && wasm

// Program wasm is the laboratory of two neurons for browsers: it gives a page the function
// spikealign(request), from text to text, which is lab.Desk.Answer. serve/page has it compiled;
// after a change of any package that it takes part of, `go test ./lab/wasm -update` compiles it
// again.
package main

import (
	"syscall/js"

	"spikealign/lab"
)

func main() {
	var desk lab.Desk
	js.Global().Set("spikealign", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return string(desk.Answer([]byte(args[0].String())))
	}))
	select {} // as long as the page
}
