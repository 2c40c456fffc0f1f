package dataset

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"path"
	"strings"
)

// The binary version of CIFAR-10: each image is a byte of label, then 1024 bytes each of red, green
// and blue, row after row. Five files of training images, one of test images; published as a
// gzipped tar archive that has them in a folder, with two texts.

// maxArchive is how many bytes may unpack from the archive: those of the images and a little.
func (s *source) maxArchive() int64 {
	return int64(s.train+s.test)*int64(1+s.channels*s.height*s.width) + 16<<20
}

// batch is one of the unpacked files.
func batch(name, sum string) part {
	return part{names: []string{name}, sum: sum, read: func(s *source, in *stream, set *Set) error { return s.readBatch(in, name, set) }}
}

// batchOf is the place of a file's images in the set; ok is false if there is no such file.
func (s *source) batchOf(name string, set *Set) (to Images, ok bool) {
	if name == "test_batch.bin" {
		return set.Test, true
	}
	number, isBatch := strings.CutPrefix(name, "data_batch_")
	if !isBatch || len(number) != len("1.bin") || number[1:] != ".bin" || number[0] < '1' || number[0] > '5' {
		return Images{}, false
	}
	n, size := s.train/5, s.channels*s.height*s.width
	k := int(number[0]-'1') * n
	return Images{set.Train.Pixels[k*size : (k+n)*size], set.Train.Labels[k : k+n]}, true
}

func (s *source) readBatch(in *stream, name string, set *Set) error {
	to, _ := s.batchOf(name, set)
	size := s.channels * s.height * s.width
	for k := range to.Labels {
		if err := in.full(to.Labels[k : k+1]); err != nil {
			return err
		}
		if l := to.Labels[k]; l > 9 {
			in.at--
			return in.corrupt("label %d of image %d, where labels are 0 to 9", l, k)
		}
		if err := in.full(to.Pixels[k*size : (k+1)*size]); err != nil {
			return err
		}
	}
	return nil
}

// readArchive reads the files from the published archive.
func readArchive(s *source, in *stream, set *Set) error {
	z, err := gzip.NewReader(in)
	if err != nil {
		return in.fault(err, 1)
	}
	limited := &io.LimitedReader{R: z, N: s.maxArchive()}
	t := tar.NewReader(limited)
	var seen []string
	for {
		h, err := t.Next()
		if limited.N == 0 {
			return in.corrupt("it unpacks to more than %d bytes", s.maxArchive())
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return in.fault(err, 1)
		}
		name := path.Base(h.Name)
		to, ok := s.batchOf(name, set)
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		if want := int64(to.Len()) * int64(1+s.channels*s.height*s.width); h.Size != want {
			return in.corrupt("%s in it has %d bytes, where it should have %d", name, h.Size, want)
		}
		inner := newStream(in.path+", "+name, t)
		if err := s.readBatch(inner, name, set); err != nil {
			return err
		}
		seen = append(seen, name)
	}
	for _, p := range s.forms[1] {
		n := 0
		for _, name := range seen {
			if name == p.names[0] {
				n++
			}
		}
		if n != 1 {
			return in.corrupt("%s is in it %d times", p.names[0], n)
		}
	}
	if _, err := io.Copy(io.Discard, limited); err != nil { // what pads the archive, and gzip's own sum
		return in.fault(err, 1)
	}
	if limited.N == 0 {
		return in.corrupt("it unpacks to more than %d bytes", s.maxArchive())
	}
	return nil
}
