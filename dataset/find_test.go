package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNotFound: who has no set is told what to type.
func TestNotFound(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ set, dir, want string }{
		{"mnist", "", "the data set mnist is not here (looked in data/mnist, data/MNIST/raw and data); type: spikealign dataset fetch mnist (12 MB); if you have its files, name their folder with --data DIR"},
		{"mnist", "data/", "type: spikealign dataset fetch mnist (12 MB);"},
		{"svhn", "/scratch/x", "(looked in /scratch/x/svhn, /scratch/x/SVHN and /scratch/x); type: spikealign dataset fetch svhn --data /scratch/x (247 MB);"},
		{"cifar-10", "my data", "type: spikealign dataset fetch cifar-10 --data 'my data' (171 MB);"},
		{"cifar-10", "it's", `--data 'it'\''s' (171 MB);`},
	} {
		_, err := Open(c.dir, c.set)
		var missing *NotFoundError
		if !errors.As(err, &missing) || missing.Name != c.set || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %q: %v", c.set, c.dir, err)
		}
	}
	s := small(t, "fashion-mnist")
	s.system = []string{"/nowhere/fashion-mnist"}
	if _, err := s.open(""); err == nil || !strings.Contains(err.Error(), "data and /nowhere/fashion-mnist); type: spikealign dataset fetch fashion-mnist (31 MB), or on Debian and Ubuntu: apt-get install dataset-fashion-mnist; if") {
		t.Error(err)
	}
	files := idxFiles()
	delete(files, "train-labels-idx1-ubyte.gz")
	lay(t, "data", "fashion-mnist", files)
	if _, err := s.open(""); err == nil || !strings.Contains(err.Error(), "; data/fashion-mnist lacks train-labels-idx1-ubyte.gz; type: ") {
		t.Error(err)
	}
	var name *NameError
	if _, err := Open("", "imagenet"); !errors.As(err, &name) || err.Error() != `there is no data set "imagenet"; known are mnist, fashion-mnist, cifar-10, svhn` {
		t.Error(err)
	}
}

// TestSystem: the folder of the package serves where the user has no other, also where the user's
// does not exist; the user's own goes before.
func TestSystem(t *testing.T) {
	s, system, mine := small(t, "fashion-mnist"), t.TempDir(), filepath.Join(t.TempDir(), "mine")
	s.system = []string{system}
	lay(t, system, "", idxFiles())
	set, err := s.open(mine)
	if err != nil || set.Dir != system {
		t.Fatal(err)
	}
	lay(t, mine, "fashion-mnist", idxFiles())
	if set, err := s.open(mine); err != nil || set.Dir != filepath.Join(mine, "fashion-mnist") {
		t.Error(err)
	}
	path := filepath.Join(system, "t10k-labels-idx1-ubyte.gz")
	if err := os.Truncate(path, 12); err != nil {
		t.Fatal(err)
	}
	_, err = s.open("")
	if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.HasSuffix(err.Error(), "; install it anew: apt-get install --reinstall dataset-fashion-mnist") {
		t.Error(err)
	}
}

// TestMixedUp: MNIST and Fashion-MNIST have the same names of files. In a folder that does not say
// which it holds, the files tell; in one that says it, the wrong ones are an error. The real
// Fashion-MNIST is taken for both.
func TestMixedUp(t *testing.T) {
	from := fashion(t).Dir
	if where := known[0].find(from); where.missing == nil {
		t.Errorf("MNIST is in %s", where.dir)
	}
	if where := known[1].find(from); where.dir != from || where.missing != nil {
		t.Errorf("Fashion-MNIST is not in %s", from)
	}
	dir := t.TempDir()
	files := map[string][]byte{}
	for _, p := range known[1].forms[0] {
		b, err := os.ReadFile(p.in(from))
		if err != nil {
			t.Fatal(err)
		}
		files[p.names[0]] = b
	}
	lay(t, dir, "mnist", files)
	if _, err := Open(dir, "mnist"); err == nil || !strings.Contains(err.Error(), "train-images-idx3-ubyte.gz is damaged (byte 47040016): it belongs to fashion-mnist, not to mnist; get it anew: spikealign dataset fetch mnist --data ") {
		t.Error(err)
	}
}

// TestFind: all sets, with where they are.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, "svhn", matFiles())
	all := Find(dir)
	if len(all) != len(Names()) {
		t.Fatal(all)
	}
	for _, s := range all {
		if (s.Name == "svhn") != (s.Dir == filepath.Join(dir, "svhn")) || (s.Dir == "") != (s.Missing != "") {
			t.Errorf("%+v", s)
		}
		if s.Name == "svhn" && !slices.Equal(s.Files, []string{"train_32x32.mat", "test_32x32.mat"}) {
			t.Errorf("%+v", s)
		}
	}
}

// TestTable: the table of known sets is complete, and docs/datasets.md has it.
func TestTable(t *testing.T) {
	page, err := os.ReadFile("../docs/datasets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range known {
		for _, word := range append([]string{fmt.Sprintf("| `%s` | %s | %d, %d | %d x %d x %d |", s.name, s.title, s.train, s.test, s.channels, s.height, s.width), "| " + megabytes(s.bytes()) + " |"}, append(s.homes, s.layouts...)...) {
			if !strings.Contains(string(page), word) {
				t.Errorf("docs/datasets.md does not have %q", word)
			}
		}
		if len(s.classes) != 10 || len(s.homes) == 0 || s.title == "" || s.train%5 != 0 && s.name == "cifar-10" {
			t.Errorf("%s: %+v", s.name, s)
		}
		for _, h := range s.homes {
			if !strings.HasPrefix(h, "http") || !strings.HasSuffix(h, "/") {
				t.Errorf("%s: %s", s.name, h)
			}
		}
		for k, form := range s.forms {
			for _, p := range form {
				if len(p.sum) != 64 && !(len(p.sum) == 32 && k > 0) || p.size == 0 && k == 0 || p.read == nil {
					t.Errorf("%s: %+v", s.name, p.names)
				}
			}
		}
	}
}
