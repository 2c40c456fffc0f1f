package dataset

import "encoding/binary"

// The format IDX of MNIST: two zero bytes, the type (8: unsigned bytes), the number of dimensions,
// the dimensions as big-endian uint32, the data with the last dimension running fastest.

// idxFile is what differs between the files of sets in that format.
type idxFile struct {
	size int64
	sum  string
}

// idxParts are the four files of a set like MNIST.
func idxParts(trainImages, trainLabels, testImages, testLabels idxFile) []part {
	piece := func(f idxFile, stem, kind string, read func(*source, *stream, *Set) error) part {
		name, dotted := stem+"-"+kind, stem+"."+kind
		return part{names: []string{name + ".gz", name, dotted + ".gz", dotted}, size: f.size, sum: f.sum, unpack: true, read: read}
	}
	const images, labels = "idx3-ubyte", "idx1-ubyte"
	return []part{
		piece(trainImages, "train-images", images, func(s *source, in *stream, set *Set) error { return s.readImages(in, set.Train) }),
		piece(trainLabels, "train-labels", labels, func(s *source, in *stream, set *Set) error { return s.readLabels(in, set.Train) }),
		piece(testImages, "t10k-images", images, func(s *source, in *stream, set *Set) error { return s.readImages(in, set.Test) }),
		piece(testLabels, "t10k-labels", labels, func(s *source, in *stream, set *Set) error { return s.readLabels(in, set.Test) }),
	}
}

// idxHeader reads the head of a file and holds it to the dimensions that are known.
func idxHeader(in *stream, what string, dims ...int) error {
	var b [4]byte
	if err := in.full(b[:]); err != nil {
		return err
	}
	if want := [4]byte{0, 0, 8, byte(len(dims))}; b != want {
		in.at = 0
		return in.corrupt("it begins with % x, where an IDX file of %s begins with % x", b, what, want)
	}
	for k, want := range dims {
		if err := in.full(b[:]); err != nil {
			return err
		}
		if got := binary.BigEndian.Uint32(b[:]); int64(got) != int64(want) {
			in.at -= 4
			word := []string{"images or labels", "rows", "columns"}[k]
			return in.corrupt("it says that it has %d %s, where the published file has %d", got, word, want)
		}
	}
	return nil
}

func (s *source) readImages(in *stream, to Images) error {
	if err := idxHeader(in, "images", to.Len(), s.height, s.width); err != nil {
		return err
	}
	return in.full(to.Pixels)
}

func (s *source) readLabels(in *stream, to Images) error {
	if err := idxHeader(in, "labels", to.Len()); err != nil {
		return err
	}
	begin := in.at
	if err := in.full(to.Labels); err != nil {
		return err
	}
	for k, l := range to.Labels {
		if l > 9 {
			in.at = begin + int64(k)
			return in.corrupt("label %d of image %d, where labels are 0 to 9", l, k)
		}
	}
	return nil
}
