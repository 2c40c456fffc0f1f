package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"spikealign/internal/gemm"
)

// release is set by the linker: -ldflags "-X main.release=v1.2.3".
var release string

// version returns the release, else what the build knows of module and revision; and the library of
// the build tag blas, with which experiments compute other numbers.
func version() string {
	if gemm.StateOffset != 0 {
		return revision() + "+openblas"
	}
	return revision()
}

func revision() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	v, revision, dirty := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if v == "" || v == "(devel)" {
		v = "devel"
		if len(revision) >= 12 {
			v += "-" + revision[:12] + dirty
		}
	}
	return v
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

// Help shows the examples.
func (versionCommand) Help() string { return "Example:\n\n  spikealign version" }

// Run prints the version, which also stands in every run.json.
func (c *versionCommand) Run(a *app) error {
	if c.JSON {
		return printJSON(a.stdout, map[string]string{"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "products": gemm.Name})
	}
	_, err := fmt.Fprintln(a.stdout, versionLine())
	return err
}

// versionLine is what version and --version print.
func versionLine() string {
	return fmt.Sprintf("spikealign %s (%s, %s/%s, products of matrices: %s)", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, gemm.Name)
}
