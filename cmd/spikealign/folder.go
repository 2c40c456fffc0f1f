package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// checkOutput refuses, before anything is computed, a folder for results that holds anything else
// than results of the same command, and also those unless they may be replaced. what is what the
// command calls its results, "a sample"; mark is a file that they always have.
func checkOutput(dir, what, mark string, force bool) error {
	if dir == "" {
		return nil
	}
	if holds := holder(dir); holds != "" {
		return usagef("%s is the folder of a %s; choose another folder with -o", dir, holds)
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return usagef("%s is a file; choose another folder with -o", dir)
	}
	entries, _ := os.ReadDir(dir) // none if it is not there; what cannot be read cannot be written
	k := slices.IndexFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") })
	if k < 0 {
		return nil
	}
	_, err := os.Stat(filepath.Join(dir, mark))
	switch {
	case err != nil:
		return usagef("%s is not empty and not the folder of %s (it holds %s); choose another folder with -o", dir, what, entries[k].Name())
	case !force:
		return usagef("%s holds %s already; choose another folder with -o, or replace it with --force", dir, what)
	}
	return nil
}

// holder tells whether a folder is that of a run or a sweep, in which nothing else is written; ""
// if not.
func holder(dir string) string {
	switch {
	case sweep.IsSweep(dir):
		return "sweep"
	case experiment.IsRun(dir):
		return "run"
	}
	return ""
}
