package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"spikealign/experiment"
	"spikealign/sweep"
)

// maxNamed is how many runs a message names.
const maxNamed = 5

// checkFolder returns nil if dir is the folder of a run or of a sweep, and otherwise a usage error
// that names the folders that may be meant, those first whose status comes first.
func checkFolder(a *app, dir string, first ...experiment.Status) error {
	if experiment.IsRun(dir) || sweep.IsSweep(dir) {
		return nil
	}
	st, err := os.Stat(dir)
	if err != nil || !st.IsDir() {
		what := "there is no folder " + dir
		if err == nil {
			what = dir + " is a file, not the folder of a run or a sweep"
		}
		for _, near := range []string{filepath.Dir(dir), filepath.Join(defaultRuns, dir)} {
			if near != "." && (experiment.IsRun(near) || sweep.IsSweep(near)) {
				return usagef("%s; did you mean %s?", what, near)
			}
		}
		return usagef("%s; see the runs with: spikealign list", what)
	}
	entries, _, err := sweep.List(a.kinds, dir, false)
	if err != nil {
		return err
	}
	var named, others []string
	for _, e := range entries {
		name, status := "", experiment.Status("")
		if e.Run != nil {
			name, status = e.Run.Dir, e.Run.Status
		} else {
			name, status = e.Sweep.Dir, e.Sweep.Status
		}
		text := fmt.Sprintf("%s (%s)", name, status)
		wanted := len(first) == 0
		for _, s := range first {
			wanted = wanted || s == status
		}
		if wanted {
			named = append(named, text)
		} else {
			others = append(others, text)
		}
	}
	named = append(named, others...)
	if len(named) == 0 {
		return usagef("%s is not the folder of a run or a sweep, and there is none in it", dir)
	}
	more := ""
	if n := len(named) - maxNamed; n > 0 {
		named, more = named[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return usagef("%s is not the folder of a run or a sweep; in it are %s%s", dir, strings.Join(named, ", "), more)
}
