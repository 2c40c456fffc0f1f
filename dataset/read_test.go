package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spikealign/internal/durable"
	"spikealign/internal/testenv"
)

// TestForms reads every set in every form in which it may lie in a folder.
func TestForms(t *testing.T) {
	plain := map[string][]byte{}
	dotted := map[string][]byte{}
	for name, b := range idxFiles() {
		name = strings.TrimSuffix(name, ".gz")
		plain[name] = unpacked(b)
		dotted[strings.Replace(name, "-idx", ".idx", 1)] = unpacked(b)
	}
	tarball := map[string][]byte{"cifar-10-binary.tar.gz": archive(batches(), published...)}
	double := func(b []byte) (w []byte) {
		for _, l := range b {
			w = binary.LittleEndian.AppendUint64(w, math.Float64bits(float64(l)))
		}
		return w
	}
	loose := map[string][]byte{ // not compressed, y first, as doubles, other arrays between
		"train_32x32.mat": matFile().add(false, matrix(mxDouble, []int32{1, smallTrain}, "y", miDouble, double(matLabels(0, smallTrain)))).
			add(true, matrix(mxDouble, []int32{1, 1, 1, 1, 1, 1}, "remark", miDouble, make([]byte, 8))).add(false, matX(0, smallTrain)).Bytes(),
		"test_32x32.mat": matFiles()["test_32x32.mat"],
	}
	for _, c := range []struct {
		set, sub string
		files    map[string][]byte
	}{
		{"mnist", "mnist", idxFiles()},
		{"mnist", "MNIST/raw", plain},
		{"mnist", "", dotted},
		{"fashion-mnist", "FashionMNIST/raw", idxFiles()},
		{"cifar-10", "cifar-10", tarball},
		{"cifar-10", "cifar-10-batches-bin", batches()},
		{"cifar-10", "", batches()},
		{"svhn", "svhn", matFiles()},
		{"svhn", "", loose},
	} {
		dir := t.TempDir()
		lay(t, dir, c.sub, c.files)
		set, err := small(t, c.set).open(dir)
		if err != nil {
			t.Errorf("%s in %q: %v", c.set, c.sub, err)
			continue
		}
		if want := filepath.Join(dir, c.sub); set.Dir != want || len(set.Classes) != 10 {
			t.Errorf("%s: read from %s, want %s; classes %q", c.set, set.Dir, want, set.Classes)
		}
		right(t, set)
	}
}

// TestSciPy reads a file that scipy.io.savemat(do_compression=True) of SciPy 1.10 wrote: X[y, x, c,
// k] = 31 k + 100 c + 10 y + x modulo 256, y[k] = 7 k modulo 10, with 10 for 0.
func TestSciPy(t *testing.T) {
	s := small(t, "svhn")
	set := s.empty()
	for k, name := range []string{"train.mat", "test.mat"} {
		if err := s.read(s.forms[0][k], filepath.Join("testdata", name), set); err != nil {
			t.Fatal(err)
		}
	}
	right(t, set)
}

// flip is b with one byte replaced.
func flip(b []byte, at int, to byte) []byte {
	b = bytes.Clone(b)
	b[at] = to
	return b
}

// TestDamaged: files that are torn, damaged or of something else. The message names the file, the
// place, what is wrong and what to type.
func TestDamaged(t *testing.T) {
	const trainImages, trainLabels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
	images, labels := idxImages(0, smallTrain), idxLabels(0, smallTrain)
	one := batches()
	x, y := matX(0, smallTrain), matY(0, smallTrain)
	nine := matFile().add(false, x).add(false, matrix(mxDouble, []int32{smallTrain, 1}, "y", miUint8, append(matLabels(0, smallTrain-1), 11)))
	large := make([]byte, small(t, "cifar-10").maxArchive()+1)
	for _, c := range []struct {
		set, file string
		content   []byte
		at        int64 // byte, -1 for any
		reason    string
	}{
		{"mnist", trainImages, nil, 0, "it ends here, where at least 4 bytes more should follow"},
		{"mnist", trainImages, flip(images, 2, 9), 0, "it begins with 00 00 09 03, where an IDX file of images begins with 00 00 08 03"},
		{"mnist", trainImages, labels, 0, "it begins with 00 00 08 01"},
		{"mnist", trainImages, flip(images, 4, 255), 4, "it says that it has 4278190090 images or labels, where the published file has 10"},
		{"mnist", trainImages, flip(images, 11, 28), 8, "28 rows, where the published file has 2"},
		{"mnist", trainImages, flip(images, 15, 28), 12, "28 columns, where the published file has 3"},
		{"mnist", trainImages, images[:len(images)-1], int64(len(images)) - 1, "it ends here, where at least 1 bytes more should follow"},
		{"mnist", trainImages, append(bytes.Clone(images), 0), -1, "it goes on where it should end"},
		{"mnist", trainLabels, flip(labels, 8+3, 10), 8 + 3, "label 10 of image 3, where labels are 0 to 9"},
		{"mnist", trainImages + ".gz", packed(images)[:40], -1, "it ends here"},
		{"mnist", trainImages + ".gz", images, -1, "gzip: invalid header"},
		{"mnist", trainImages + ".gz", flip(packed(images), len(packed(images))-6, 0), -1, "gzip: invalid checksum"},
		{"mnist", trainImages + ".gz", nil, 0, "it ends here"},
		{"cifar-10", "data_batch_1.bin", flip(one["data_batch_1.bin"], 19, 10), 19, "label 10 of image 1"},
		{"cifar-10", "data_batch_1.bin", one["data_batch_1.bin"][:30], 30, "it ends here"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(one, published[:4]...), -1, "data_batch_2.bin is in it 0 times"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(one, append(published, "test_batch.bin")...), -1, "test_batch.bin is in it 2 times"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(map[string][]byte{"data_batch_1.bin": make([]byte, 5)}, "data_batch_1.bin"), -1, "data_batch_1.bin in it has 5 bytes, where it should have 38"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(map[string][]byte{"data_batch_1.bin": bytes.Repeat([]byte{200}, 38)}, "data_batch_1.bin"), 0, "label 200 of image 0"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(one, published...)[:200], -1, "it ends here"},
		{"cifar-10", "cifar-10-binary.tar.gz", packed(nil), -1, "data_batch_1.bin is in it 0 times"},
		{"cifar-10", "cifar-10-binary.tar.gz", archive(map[string][]byte{"big": large}, "big", "data_batch_1.bin"), -1, "it unpacks to more than 16777463 bytes"},
		{"cifar-10", "cifar-10-binary.tar.gz", append(archive(one, published...), packed(large)...), -1, "it unpacks to more than 16777463 bytes"},
		{"svhn", "train_32x32.mat", []byte("\x89HDF\r\n\x1a\n" + strings.Repeat(" ", 200)), 124, "this is not the head of a MATLAB file of version 5"},
		{"svhn", "train_32x32.mat", matFile().add(true, x).Bytes(), -1, "it has no array y"},
		{"svhn", "train_32x32.mat", matFile().add(true, x).add(false, x).Bytes(), -1, "a second array X"},
		{"svhn", "train_32x32.mat", matFile().add(true, matX(0, 4)).Bytes(), -1, "in the compressed array that ends about here: array X has the dimensions [2 3 3 4], where the published file has [2 3 3 10]"},
		{"svhn", "train_32x32.mat", matFile().add(false, matrix(mxDouble, []int32{2, 3, 3, 10}, "X", miDouble, make([]byte, 8*180))).Bytes(), -1, "array X is not one byte for each pixel"},
		{"svhn", "train_32x32.mat", matFile().add(false, matrix(mxDouble, []int32{10, 2}, "y", miUint8, make([]byte, 20))).Bytes(), -1, "array y has the dimensions [10 2], where the published file has [10 1]"},
		{"svhn", "train_32x32.mat", matFile().add(false, matrix(1, []int32{10, 1}, "y", miUint8, make([]byte, 10))).Bytes(), -1, "array y is not one of plain numbers"},
		{"svhn", "train_32x32.mat", nine.Bytes(), -1, "label 11 of image 9, where labels are 1 to 10"},
		{"svhn", "train_32x32.mat", matFile().add(true, x).add(true, y).Bytes()[:150], -1, "it ends here"},
		{"svhn", "train_32x32.mat", append(matFile().Bytes(), field(miDouble, nil)...), -1, "an element of type 9, where an array (14)"},
		{"svhn", "train_32x32.mat", append(matFile().add(false, y).Bytes(), 1, 2, 3), -1, "it ends here, where at least 5 bytes more"},
	} {
		dir := t.TempDir()
		files := maps.Clone(map[string]map[string][]byte{"mnist": idxFiles(), "cifar-10": one, "svhn": matFiles()}[c.set])
		delete(files, c.file+".gz")
		files[c.file] = c.content
		lay(t, dir, c.set, files)
		path := filepath.Join(dir, c.set, c.file)
		_, err := small(t, c.set).open(dir)
		var damaged *DamagedError
		var corrupt *durable.CorruptError
		if !errors.As(err, &damaged) || !errors.As(err, &corrupt) || damaged.Path != path || !strings.HasPrefix(corrupt.Path, path) ||
			!strings.Contains(corrupt.Reason, c.reason) || c.at >= 0 && corrupt.Offset != c.at {
			t.Errorf("%s: %q: %v", c.file, c.reason, err)
			continue
		}
		if want := "; get it anew: spikealign dataset fetch " + c.set + " --data " + dir; !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v: does not end in %q", err, want)
		}
	}
}

// TestSums: files whose form is right are refused where their content is not the published one; it
// does not matter how well gzip packed it.
func TestSums(t *testing.T) {
	s := small(t, "mnist")
	s.publish(0, idxFiles())
	dir := t.TempDir()
	files := idxFiles()
	b := files["t10k-images-idx3-ubyte.gz"]
	if again := packed(unpacked(b)); !bytes.Equal(b, again) {
		t.Fatal("packed anew it is different")
	}
	files["t10k-images-idx3-ubyte"] = unpacked(b)
	delete(files, "t10k-images-idx3-ubyte.gz")
	lay(t, dir, "mnist", files)
	set, err := s.open(dir)
	if err != nil {
		t.Fatal(err)
	}
	right(t, set)
	path := filepath.Join(dir, "mnist", "t10k-images-idx3-ubyte")
	if err := os.WriteFile(path, flip(unpacked(b), 20, 99), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(dir); err == nil || !strings.HasPrefix(err.Error(), path+" is damaged (byte 34): its form is right but its SHA-256 is ") {
		t.Error(err)
	}
	md5 := small(t, "cifar-10")
	dir = t.TempDir()
	lay(t, dir, "", batches())
	md5.forms[1][0].sum = strings.Repeat("0", 32)
	if _, err := md5.open(dir); err == nil || !strings.Contains(err.Error(), "its MD5 is ") {
		t.Error(err)
	}
}

// TestMoments: of two images with two channels, by hand.
func TestMoments(t *testing.T) {
	s := &Set{Channels: 2, Height: 1, Width: 2, Train: Images{Pixels: []uint8{0, 255, 51, 51, 255, 0, 51, 51}, Labels: make([]uint8, 2)}}
	mean, std := s.Moments()
	if mean[0] != 0.5 || std[0] != 0.5 || mean[1] != 0.2 || std[1] != 0 {
		t.Error(mean, std)
	}
	if mean, std := (&Set{Channels: 1, Height: 1, Width: 1}).Moments(); mean[0] != 0 || std[0] != 0 {
		t.Error(mean, std)
	}
}

// fashion is the real set, as Debian's package installs it.
func fashion(t testing.TB) *Set {
	t.Helper()
	set, err := Open(t.TempDir(), "fashion-mnist")
	var missing *NotFoundError
	if errors.As(err, &missing) && !testenv.Complete() { // .ci/run installs it
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestFashion reads the real Fashion-MNIST. The moments are those that everybody uses (0.2860 and
// 0.3530); every class has 6000 training and 1000 test images; the first training image is an ankle
// boot, which stands on the lower edge.
func TestFashion(t *testing.T) {
	s := fashion(t)
	if s.Channels != 1 || s.Height != 28 || s.Width != 28 || s.Train.Len() != 60000 || s.Test.Len() != 10000 {
		t.Fatalf("%d x %d x %d, %d and %d images", s.Channels, s.Height, s.Width, s.Train.Len(), s.Test.Len())
	}
	mean, std := s.Moments()
	if math.Abs(mean[0]-0.2860) > 5e-5 || math.Abs(std[0]-0.3530) > 5e-5 {
		t.Error(mean, std)
	}
	for _, part := range []Images{s.Train, s.Test} {
		var count [10]int
		for _, l := range part.Labels {
			count[l]++
		}
		for l, n := range count {
			if n != part.Len()/10 {
				t.Errorf("%d of %d images are %s", n, part.Len(), s.Classes[l])
			}
		}
	}
	if s.Classes[s.Train.Labels[0]] != "ankle boot" {
		t.Error(s.Train.Labels[0])
	}
	upper, lower := 0, 0
	for i, p := range s.Train.Pixels[:28*28] {
		if i < 28*14 {
			upper += int(p)
		} else {
			lower += int(p)
		}
	}
	if lower < 2*upper {
		t.Errorf("the upper half sums to %d, the lower one to %d", upper, lower)
	}
}

func BenchmarkOpenFashion(b *testing.B) {
	fashion(b)
	for b.Loop() {
		if _, err := Open("", "fashion-mnist"); err != nil {
			b.Fatal(err)
		}
	}
}

// fuzz reads whatever bytes as one file of a set: an error or right labels, the same twice, and no
// more memory than the set has.
func fuzz(f *testing.F, name, file string, form, k int, seeds ...[]byte) {
	s := small(f, name)
	for _, b := range seeds {
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(flip(b, len(b)/3, 255))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		set, again := s.empty(), s.empty()
		err := s.readFrom(s.forms[form][k], file, bytes.NewReader(b), set)
		err2 := s.readFrom(s.forms[form][k], file, bytes.NewReader(b), again)
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("%v, then %v", err, err2)
		}
		var corrupt *durable.CorruptError
		if err != nil {
			if !errors.As(err, &corrupt) || corrupt.Offset < 0 {
				t.Fatalf("not a damage: %v", err)
			}
			return
		}
		for _, l := range append(set.Train.Labels, set.Test.Labels...) {
			if l > 9 {
				t.Fatalf("label %d", l)
			}
		}
		if !bytes.Equal(set.Train.Pixels, again.Train.Pixels) || !bytes.Equal(set.Test.Pixels, again.Test.Pixels) {
			t.Fatal("other pixels the second time")
		}
	})
}

func FuzzIDXImages(f *testing.F) {
	fuzz(f, "mnist", "train-images-idx3-ubyte", 0, 0, idxImages(0, smallTrain))
}

func FuzzIDXLabels(f *testing.F) {
	fuzz(f, "mnist", "t10k-labels-idx1-ubyte.gz", 0, 3, packed(idxLabels(smallTrain, smallTest)), packed(idxLabels(0, smallTest)))
}

func FuzzArchive(f *testing.F) {
	fuzz(f, "cifar-10", "cifar-10-binary.tar.gz", 0, 0, archive(batches(), published...))
}

func FuzzBatch(f *testing.F) {
	fuzz(f, "cifar-10", "data_batch_1.bin", 1, 0, batches()["data_batch_1.bin"])
}

func FuzzMat(f *testing.F) {
	fuzz(f, "svhn", "train_32x32.mat", 0, 0, matFiles()["train_32x32.mat"], matFile().add(false, matY(0, smallTrain)).add(false, matX(0, smallTrain)).Bytes())
}
