// Package experiments holds the experiment files of the paper's figures, so that the program can
// reproduce them without the files at hand.
package experiments

import "embed"

// Files are the experiment and sweep files of this folder.
//
//go:embed *.yaml
var Files embed.FS
