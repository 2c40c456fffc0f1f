// Package page has the files of the pages that `spikealign serve` shows, as they are: modules that
// a browser reads, without anything that would have to be built before.
package page

import "embed"

// Files are the pages, scripts and styles, by the names of their addresses.
//
//go:embed *.css *.html *.js wasm/*
var Files embed.FS
