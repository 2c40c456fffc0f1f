package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/internal/yamlconf"
)

// originsArray is the array that says, as JSON, where all others of a file are from. By it a file
// that this package wrote is told from one of the user's that has the same name.
const (
	originsArray = "origins"
	sourceArray  = "from" // in InitialFile
)

// writeArrays writes arrays with their origins, at the array of that name.
func writeArrays(path, at string, origins any, arrays []Array) error {
	text, err := json.Marshal(origins)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		z.Add(Array{Name: at, Data: string(text)})
		for _, a := range arrays {
			z.Add(a)
		}
		return z.Close()
	})
}

// inputInfo says from which files numbers of the configuration came. Of those that a run keeps in
// its folder dir, "" for a new one, the origins are known there.
func (s *Spec) inputInfo(dir string) []InputInfo {
	var infos []InputInfo
	kept, read := filepath.Join(dir, InputsFile), false
	var origins []InputInfo
	for _, i := range s.inputs.List {
		info := InputInfo{i.Path, i.File, i.Array, i.Shape, i.SHA256}
		if dir != "" && i.File == kept {
			if !read {
				origins, read = originsOf(kept), true
			}
			if k := slices.IndexFunc(origins, func(o InputInfo) bool { return o.Path == i.Array && o.SHA256 == i.SHA256 }); k >= 0 {
				info.File, info.Array = origins[k].File, origins[k].Array
			}
		} else if abs, err := filepath.Abs(i.File); err == nil && i.File != "" {
			info.File = abs
		}
		infos = append(infos, info)
	}
	return infos
}

// writeInputs writes the numbers of the configuration that came from files.
func (s *Spec) writeInputs(path string) error {
	var arrays []Array
	for _, i := range s.inputs.List {
		arrays = append(arrays, Array{Name: i.Path, Shape: i.Shape, Data: i.Data})
	}
	return writeArrays(path, originsArray, s.inputInfo(""), arrays)
}

// IsInputs reports whether a file, InputsFile by its name, was written by this package: by a run
// or by Place.Keep.
func IsInputs(path string) bool { return originsOf(path) != nil }

// originsOf returns the origins in a file that writeInputs wrote, nil in another one.
func originsOf(path string) []InputInfo {
	z, err := npz.Open(path)
	if err != nil {
		return nil
	}
	defer z.Close()
	var infos []InputInfo
	if text, err := z.String(originsArray); err != nil || json.Unmarshal([]byte(text), &infos) != nil {
		return nil
	}
	return infos
}

// Place is where files of numbers are found that experiments name. Experiments with a common place
// share what it reads.
type Place struct {
	Folder string
	// Closed makes documents refuse files that stand elsewhere: see yamlconf.Document.
	Closed bool
	files  yamlconf.Files
}

// Lend lets a document read files of numbers at this place. Its overrides name them relative to
// Folder, its text relative to the folder below, itself relative to Folder or absolute.
func (p *Place) Lend(doc *yamlconf.Document, below string) {
	doc.Folder, doc.SetFolder, doc.Below, doc.Files, doc.Closed = p.Folder, p.Folder, below, &p.files, p.Closed
}

// Keep writes what was read of files at this place to a file, for Restore, and reports whether it
// did: no file if that is nothing. A file of the user's of that name is refused: ErrUsage.
func (p *Place) Keep(path string) (bool, error) {
	copies := p.files.Copies()
	if len(copies) == 0 {
		return false, nil
	}
	return true, keep(path, copies)
}

// KeepBoth is Keep while one document, of the sum now, replaces another, of the sum before: what
// that one names stays beside. Restore tells the two apart by these sums.
func (p *Place) KeepBoth(path, before, now string) error {
	var earlier Place
	if err := earlier.Restore(path, before); err != nil {
		return err
	}
	copies := p.files.Copies()
	for k := range copies {
		copies[k].Of = now
	}
	for _, c := range earlier.files.Copies() {
		c.Of = before
		copies = append(copies, c)
	}
	if len(copies) == 0 {
		return nil
	}
	return keep(path, copies)
}

func keep(path string, copies []yamlconf.Copy) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) && !IsInputs(path) {
		return Usagef("%s is not of this program, which keeps numbers from files under this name; rename it, or choose another folder with -o", path)
	}
	var arrays []Array
	for k, c := range copies {
		arrays = append(arrays, Array{Name: copyName(k), Shape: c.Shape, Data: c.Data})
	}
	return writeArrays(path, originsArray, copies, arrays)
}

func copyName(k int) string { return fmt.Sprintf("array_%d", k) }

// Restore takes what Keep wrote for the files themselves, if there is such a file, and of what
// KeepBoth wrote the part of the document of this sum. Any other file of that name is left alone.
func (p *Place) Restore(path, sum string) error {
	z, err := npz.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer z.Close()
	if !z.Has(originsArray) || !z.Has(copyName(0)) {
		return nil
	}
	text, err := z.String(originsArray)
	if err != nil {
		return err
	}
	var copies []yamlconf.Copy
	if err := json.Unmarshal([]byte(text), &copies); err != nil {
		return fmt.Errorf("%s: %s: %w", path, originsArray, err)
	}
	for k, c := range copies {
		if c.Of != "" && c.Of != sum {
			continue
		}
		if c.Data, c.Shape, err = z.Float64s(copyName(k)); err != nil {
			return err
		}
		if c.IsText && len(c.Shape) != 2 {
			return fmt.Errorf("%s: %s is no matrix", path, copyName(k))
		}
		p.files.Put(p.Folder, c)
	}
	return nil
}
