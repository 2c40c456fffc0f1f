package sweep

import (
	"path/filepath"
	"time"

	"spikealign/experiment"
)

// Entry is a run or a sweep in a list: one of Run and Sweep is set.
type Entry struct {
	Run   *RunEntry
	Sweep *SweepEntry
}

// RunEntry is a run at a glance, as JSON shows it.
type RunEntry struct {
	Dir string `json:"dir"`
	experiment.Info
}

// SweepEntry is a sweep at a glance, as JSON shows it.
type SweepEntry struct {
	Dir      string            `json:"dir"`
	Kind     string            `json:"kind"` // sweep
	Name     string            `json:"name"`
	Status   experiment.Status `json:"status"`
	Members  int               `json:"members"`
	Finished int               `json:"finished"`
	Updated  time.Time         `json:"updated"` // of the last member
}

// List lists the runs and sweeps in and below dir, in lexical order; with members the runs of a
// sweep each by itself. What cannot be read is left out, and the reasons are returned as doubts.
// The error wraps experiment.ErrUsage if dir is not a folder.
func List(kinds experiment.Kinds, dir string, members bool) (entries []Entry, doubts []error, err error) {
	dirs, err := experiment.Find(dir)
	if err != nil {
		return nil, nil, err
	}
	whole := map[string]bool{} // sweeps, and whether they stand in the list as one entry
	for _, d := range dirs {
		if of := Of(d); of != "" && !members {
			listed, seen := whole[of]
			if !seen {
				e, err := look(kinds, of)
				if listed = err == nil; listed {
					entries = append(entries, Entry{Sweep: e})
				} else {
					doubts = append(doubts, err)
				}
				whole[of] = listed
			}
			if listed {
				continue
			}
		}
		f, err := experiment.Open(d)
		if err != nil {
			doubts = append(doubts, err)
			continue
		}
		entries = append(entries, Entry{Run: &RunEntry{d, f.Info}})
	}
	return entries, doubts, nil
}

// Of returns the folder of the sweep whose member lives in dir, or "".
func Of(dir string) string {
	members, of := filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))
	if filepath.Base(members) == MembersDir && IsSweep(of) {
		return of
	}
	return ""
}

// look reads what there is of a sweep.
func look(kinds experiment.Kinds, dir string) (*SweepEntry, error) {
	s, err := Outline(kinds, dir)
	if err != nil {
		return nil, err
	}
	r, err := s.Collect(dir)
	if err != nil {
		return nil, err
	}
	return r.Entry(), nil
}
