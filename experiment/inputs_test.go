package experiment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
)

// A run with numbers from a file is the run with these numbers; killed at any moment it leaves a
// folder that goes on, or that can be taken again, without the file.
func TestInputs(t *testing.T) {
	t.Parallel()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	source := t.TempDir()
	write(t, filepath.Join(source, "m.csv"), "1 2\n3 4\n")
	write(t, filepath.Join(source, "walk.yaml"), fakeFile+"matrix: {file: m.csv}\n")
	spec, err := kinds.Load(filepath.Join(source, "walk.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	var copies, points []string
	s := session()
	s.SetHook(func(point string) {
		points = append(points, point)
		copies = append(copies, copyRun(t, dir))
	})
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir, Session: s}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(source); err != nil {
		t.Fatal(err)
	}
	whole := read(t, dir, "inputs.npz")
	info, err := look(dir)
	if err != nil || len(info.Inputs) != 1 || info.Inputs[0].File != filepath.Join(source, "m.csv") || info.Inputs[0].Path != "matrix" {
		t.Errorf("run.json says %+v, %v", info.Inputs, err)
	}
	for k, c := range copies {
		if points[k] == "folder" || points[k] == "inputs" {
			if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: c, Session: calm()}); err != nil {
				t.Errorf("killed at %s: %v", points[k], err)
			}
		} else {
			resume(t, c)
		}
		sameResults(t, c, dir, "killed at "+points[k])
		if read(t, c, "inputs.npz") != whole {
			t.Errorf("killed at %s: inputs.npz differs", points[k])
		}
	}

	// A run that replaces it takes them away.
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: dir, Overwrite: true, Session: calm()}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "inputs.npz")); err == nil {
		t.Error("inputs.npz of the old run is left")
	}
	if strings.Contains(read(t, dir, "experiment.yaml"), "inputs.npz") {
		t.Error("the new run names inputs of the old one")
	}
}

// A run that names numbers outside of its folder, as no run of ours does, is not made to read them.
func TestRunStaysInside(t *testing.T) {
	t.Parallel()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	at := t.TempDir()
	dir := filepath.Join(at, "run")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: dir, Session: calm()}); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at, "m.csv"), "1 2\n3 4\n")
	write(t, filepath.Join(dir, "m.csv"), "1 2\n3 4\n")
	f, err := experiment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"m.csv", "../m.csv", filepath.Join(at, "m.csv"), "../run/m.csv"} {
		write(t, filepath.Join(dir, "experiment.yaml"), fakeFile+"matrix: {file: '"+file+"'}\n")
		if _, err := f.Spec(kinds); (file == "m.csv") != (err == nil) || err != nil && !strings.Contains(err.Error(), "outside of the folder") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Killed while it replaces a run whose numbers came from a file, a folder still holds them, or says
// how to go on.
func TestKillWhileReplacingInputs(t *testing.T) {
	t.Parallel()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	source := t.TempDir()
	write(t, filepath.Join(source, "a.csv"), "1 2\n3 4\n")
	write(t, filepath.Join(source, "b.csv"), "5 6\n7 8\n")
	spec := func(matrix string) *experiment.Spec {
		s, err := kinds.Parse(filepath.Join(source, "walk.yaml"), []byte(fakeFile+"matrix: "+matrix+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, matrix := range []string{"[]", "{file: a.csv}", "{file: b.csv}"} {
		dir := filepath.Join(t.TempDir(), "run")
		options := experiment.Options{Spec: spec("{file: a.csv}"), Dir: dir, Session: calm()}
		if _, err := experiment.Execute(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		old := read(t, dir, "experiment.yaml")
		var copies, points []string
		s := calm()
		s.SetHook(func(point string) {
			if point != "folder" {
				copies, points = append(copies, copyRun(t, dir)), append(points, point)
			}
		})
		options = experiment.Options{Spec: spec(matrix), Dir: dir, Overwrite: true, Session: s}
		if _, err := experiment.Execute(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "inputs.npz")); (err == nil) != (matrix != "[]") {
			t.Errorf("matrix %s: inputs.npz: %v", matrix, err)
		}
		for k, c := range copies {
			when := "matrix " + matrix + ", killed at " + points[k]
			isOld := read(t, c, "experiment.yaml") == old
			_, err := kinds.Resume(t.Context(), c, calm())
			if err != nil && matrix == "{file: b.csv}" && points[k] == "inputs" && strings.Contains(err.Error(), "give the command of that one again, with --force") {
				options.Dir, options.Session, isOld = c, calm(), false
				_, err = experiment.Execute(t.Context(), options)
			}
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			if text := read(t, c, "experiment.yaml"); (text == old) != isOld && matrix != "{file: a.csv}" {
				t.Errorf("%s: it is the wrong run", when)
			}
		}
	}
}
