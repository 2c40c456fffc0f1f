package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests read small sets of the same formats: 10 training and 3 test images of 2 x 3 pixels.
// pixel is what stands in channel c, row y, column x of image k.
const smallTrain, smallTest, smallHeight, smallWidth = 10, 3, 2, 3

func pixel(k, c, y, x int) byte { return byte(k*31 + c*100 + y*10 + x) }

func label(k int) byte { return byte((k * 7) % 10) }

// small is the source of name with small images, and without sums.
func small(t testing.TB, name string) *source {
	t.Helper()
	s, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	c := *s
	c.height, c.width, c.train, c.test, c.system, c.homes = smallHeight, smallWidth, smallTrain, smallTest, nil, nil
	c.forms = nil
	for _, form := range s.forms {
		var parts []part
		for _, p := range form {
			p.sum = ""
			parts = append(parts, p)
		}
		c.forms = append(c.forms, parts)
	}
	return &c
}

// publish gives the files of a form sizes and sums.
func (s *source) publish(form int, files map[string][]byte) {
	for k := range s.forms[form] {
		p := &s.forms[form][k]
		for _, name := range p.names {
			b, ok := files[name]
			if !ok {
				continue
			}
			p.size = int64(len(b))
			if p.unpack && strings.HasSuffix(name, ".gz") {
				b = unpacked(b)
			}
			sum := sha256.Sum256(b)
			p.sum = hex.EncodeToString(sum[:])
		}
	}
}

func packed(b []byte) []byte {
	var w bytes.Buffer
	z := gzip.NewWriter(&w)
	z.Write(b)
	z.Close()
	return w.Bytes()
}

func unpacked(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	b, err = io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return b
}

// idxImages and idxLabels are files of MNIST.
func idxImages(first, n int) []byte {
	b := []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, smallHeight, 0, 0, 0, smallWidth}
	for k := first; k < first+n; k++ {
		for y := range smallHeight {
			for x := range smallWidth {
				b = append(b, pixel(k, 0, y, x))
			}
		}
	}
	return b
}

func idxLabels(first, n int) []byte {
	b := []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
	for k := first; k < first+n; k++ {
		b = append(b, label(k))
	}
	return b
}

func idxFiles() map[string][]byte {
	return map[string][]byte{
		"train-images-idx3-ubyte.gz": packed(idxImages(0, smallTrain)),
		"train-labels-idx1-ubyte.gz": packed(idxLabels(0, smallTrain)),
		"t10k-images-idx3-ubyte.gz":  packed(idxImages(smallTrain, smallTest)),
		"t10k-labels-idx1-ubyte.gz":  packed(idxLabels(smallTrain, smallTest)),
	}
}

// batches are the files of CIFAR-10.
func batches() map[string][]byte {
	files := map[string][]byte{}
	write := func(name string, first, n int) {
		var b []byte
		for k := first; k < first+n; k++ {
			b = append(b, label(k))
			for c := range 3 {
				for y := range smallHeight {
					for x := range smallWidth {
						b = append(b, pixel(k, c, y, x))
					}
				}
			}
		}
		files[name] = b
	}
	for k := range 5 {
		write("data_batch_"+string(rune('1'+k))+".bin", 2*k, 2)
	}
	write("test_batch.bin", smallTrain, smallTest)
	return files
}

// archive packs files as CIFAR-10 is published.
func archive(files map[string][]byte, order ...string) []byte {
	var w bytes.Buffer
	z := gzip.NewWriter(&w)
	t := tar.NewWriter(z)
	t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "cifar-10-batches-bin/", Mode: 0o755})
	for _, name := range order {
		t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "cifar-10-batches-bin/" + name, Mode: 0o644, Size: int64(len(files[name]))})
		t.Write(files[name])
	}
	t.Close()
	z.Close()
	return w.Bytes()
}

// published is the order of the files in the archive.
var published = []string{"data_batch_1.bin", "batches.meta.txt", "data_batch_3.bin", "data_batch_4.bin", "test_batch.bin", "readme.html", "data_batch_5.bin", "data_batch_2.bin"}

// mat writes files of MATLAB.
type mat struct{ bytes.Buffer }

func matFile() *mat {
	m := &mat{}
	m.WriteString(strings.Repeat(" ", 124) + "\x00\x01IM")
	return m
}

func field(kind uint32, b []byte) []byte {
	var w []byte
	w = binary.LittleEndian.AppendUint32(w, kind)
	w = binary.LittleEndian.AppendUint32(w, uint32(len(b)))
	w = append(w, b...)
	return append(w, make([]byte, -len(b)&7)...)
}

// short is a part of up to four bytes in its head.
func short(kind uint32, b []byte) []byte {
	w := binary.LittleEndian.AppendUint32(nil, kind|uint32(len(b))<<16)
	w = append(w, b...)
	return append(w, make([]byte, 4-len(b))...)
}

func matrix(class byte, dims []int32, name string, kind uint32, data []byte) []byte {
	var d []byte
	for _, n := range dims {
		d = binary.LittleEndian.AppendUint32(d, uint32(n))
	}
	head := short
	if len(name) > 4 {
		head = field
	}
	b := field(miUint32, []byte{class, 0, 0, 0, 0, 0, 0, 0})
	b = append(b, field(miInt32, d)...)
	b = append(b, head(miInt8, []byte(name))...)
	return append(b, field(kind, data)...)
}

// add appends an array, compressed or not.
func (m *mat) add(compress bool, array []byte) *mat {
	element := field(miMatrix, array)
	if !compress {
		m.Write(element)
		return m
	}
	var w bytes.Buffer
	z := zlib.NewWriter(&w)
	z.Write(element)
	z.Close()
	m.Write(binary.LittleEndian.AppendUint32(nil, miCompressed))
	m.Write(binary.LittleEndian.AppendUint32(nil, uint32(w.Len())))
	m.Write(w.Bytes())
	return m
}

// x and y are the arrays of SVHN.
func matX(first, n int) []byte {
	var b []byte
	for k := first; k < first+n; k++ {
		for c := range 3 {
			for x := range smallWidth {
				for y := range smallHeight {
					b = append(b, pixel(k, c, y, x))
				}
			}
		}
	}
	return matrix(mxUint8, []int32{smallHeight, smallWidth, 3, int32(n)}, "X", miUint8, b)
}

func matLabels(first, n int) (b []byte) {
	for k := first; k < first+n; k++ {
		l := label(k)
		if l == 0 {
			l = 10
		}
		b = append(b, l)
	}
	return b
}

// matY has the class double, stored as bytes, as MATLAB does.
func matY(first, n int) []byte {
	return matrix(mxDouble, []int32{int32(n), 1}, "y", miUint8, matLabels(first, n))
}

func matFiles() map[string][]byte {
	return map[string][]byte{
		"train_32x32.mat": matFile().add(true, matX(0, smallTrain)).add(true, matY(0, smallTrain)).Bytes(),
		"test_32x32.mat":  matFile().add(true, matX(smallTrain, smallTest)).add(true, matY(smallTrain, smallTest)).Bytes(),
	}
}

// lay puts files into dir/sub.
func lay(t testing.TB, dir, sub string, files map[string][]byte) {
	t.Helper()
	dir = filepath.Join(dir, sub)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// right holds a set to pixel and label.
func right(t testing.TB, s *Set) {
	t.Helper()
	k := 0
	for _, part := range []Images{s.Train, s.Test} {
		at := 0
		for i := range part.Len() {
			if part.Labels[i] != label(k) {
				t.Errorf("image %d: label %d, want %d", k, part.Labels[i], label(k))
			}
			for c := range s.Channels {
				for y := range s.Height {
					for x := range s.Width {
						if got, want := part.Pixels[at], pixel(k, c, y, x); got != want {
							t.Fatalf("image %d, channel %d, row %d, column %d: %d, want %d", k, c, y, x, got, want)
						}
						at++
					}
				}
			}
			k++
		}
		if at != len(part.Pixels) {
			t.Errorf("%d pixels, want %d", len(part.Pixels), at)
		}
	}
	if k != smallTrain+smallTest {
		t.Errorf("%d images", k)
	}
}
