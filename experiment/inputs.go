package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/internal/yamlconf"
)

// originsArray is the array of InputsFile that holds the InputInfo of all others, as JSON. By it a
// file of a run's is told from one of the user's that has this name.
const originsArray = "origins"

// inputInfo says from which files numbers of the configuration came.
func (s *Spec) inputInfo() []InputInfo {
	var infos []InputInfo
	for _, i := range s.inputs.List {
		info := InputInfo{i.Path, i.File, i.Array, i.Shape, i.SHA256}
		if abs, err := filepath.Abs(i.File); err == nil && i.File != "" {
			info.File = abs
		}
		infos = append(infos, info)
	}
	return infos
}

// writeInputs writes the numbers of the configuration that came from files.
func (s *Spec) writeInputs(path string) error {
	text, err := json.Marshal(s.inputInfo())
	if err != nil {
		return err
	}
	return durable.WriteFile(path, 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		z.Add(Array{Name: originsArray, Data: string(text)})
		for _, i := range s.inputs.List {
			z.Add(Array{Name: i.Path, Shape: i.Shape, Data: i.Data})
		}
		return z.Close()
	})
}

// isInputs reports whether a file was written by writeInputs.
func isInputs(path string) bool {
	z, err := npz.Open(path)
	if err != nil {
		return false
	}
	defer z.Close()
	text, err := z.String(originsArray)
	var infos []InputInfo
	return err == nil && json.Unmarshal([]byte(text), &infos) == nil
}

// Place is where files of numbers are found that experiments name. Experiments with a common place
// share what it reads.
type Place struct {
	Folder string
	files  yamlconf.Files
}

// Lend lets a document read files of numbers at this place: those that it names relative to a
// folder, those of its overrides relative to Folder.
func (p *Place) Lend(doc *yamlconf.Document, folder string) {
	doc.Folder, doc.SetFolder, doc.Files = folder, p.Folder, &p.files
}

// Keep writes what was read of files at this place to a file, for Restore; no file if that is
// nothing.
func (p *Place) Keep(path string) error {
	copies := p.files.Copies()
	if len(copies) == 0 {
		return nil
	}
	text, err := json.Marshal(copies)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		z.Add(Array{Name: originsArray, Data: string(text)})
		for k, c := range copies {
			z.Add(Array{Name: fmt.Sprintf("array_%d", k), Shape: c.Shape, Data: c.Data})
		}
		return z.Close()
	})
}

// Restore takes what Keep wrote for the files themselves, if there is such a file.
func (p *Place) Restore(path string) error {
	z, err := npz.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer z.Close()
	text, err := z.String(originsArray)
	if err != nil {
		return err
	}
	var copies []yamlconf.Copy
	if err := json.Unmarshal([]byte(text), &copies); err != nil {
		return fmt.Errorf("%s: %s: %w", path, originsArray, err)
	}
	for k, c := range copies {
		if c.Data, c.Shape, err = z.Float64s(fmt.Sprintf("array_%d", k)); err != nil {
			return err
		}
		if c.IsText && len(c.Shape) != 2 {
			return fmt.Errorf("%s: array_%d is no matrix", path, k)
		}
		p.files.Put(p.Folder, c)
	}
	return nil
}
