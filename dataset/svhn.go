package dataset

import (
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"spikealign/internal/durable"
)

// The cropped digits of SVHN are MATLAB files of version 5: a head of 128 bytes, then elements,
// each a type and a length in bytes (two uint32), then the data. Here they are the arrays X (uint8,
// 32 x 32 x 3 x n) and y (n x 1, the label, 10 for the digit 0), mostly compressed by zlib each for
// itself. In an array the first index runs fastest: height, width, channel, image. Other arrays,
// other classes of arrays and the other byte order are refused or skipped: this is not a reader of
// MATLAB files. (MathWorks, MAT-File Format, 2019, chapter 1.)

// Types of elements.
const (
	miInt8       = 1
	miUint8      = 2
	miInt16      = 3
	miUint16     = 4
	miInt32      = 5
	miUint32     = 6
	miDouble     = 9
	miMatrix     = 14
	miCompressed = 15
)

// Classes of arrays of numbers: 6 is double, 9 is uint8, 15 the last of the integers.
const (
	mxDouble = 6
	mxUint8  = 9
	mxLast   = 15
)

const maxMatName = 64 // bytes of an array's name

func readTrainMat(s *source, in *stream, set *Set) error { return s.readMat(in, set.Train) }
func readTestMat(s *source, in *stream, set *Set) error  { return s.readMat(in, set.Test) }

func (s *source) readMat(in *stream, to Images) error {
	var head [128]byte
	if err := in.full(head[:]); err != nil {
		return err
	}
	if string(head[124:]) != "\x00\x01IM" {
		in.at = 124
		return in.corrupt("this is not the head of a MATLAB file of version 5 in little-endian order")
	}
	found := map[string]bool{}
	for {
		if _, err := in.r.Peek(1); err == io.EOF {
			break
		}
		kind, size, err := matTag(in)
		if err != nil {
			return err
		}
		switch kind {
		case miMatrix:
			begin := in.at
			if err := s.readArray(in, to, found, size); err != nil {
				return err
			}
			if err := in.rest(begin, size); err != nil {
				return err
			}
		case miCompressed:
			// The element's own bytes, so that the decompressor cannot read into the next one.
			packed := &io.LimitedReader{R: in, N: size}
			z, err := zlib.NewReader(packed)
			if err != nil {
				return in.fault(err, 1)
			}
			inner := newStream(in.path, z)
			kind, size, err := matTag(inner)
			if err != nil {
				return in.within(err)
			}
			if kind != miMatrix {
				return in.corrupt("a compressed element of type %d, where an array (%d) is expected", kind, miMatrix)
			}
			begin := inner.at
			if err := s.readArray(inner, to, found, size); err != nil {
				return in.within(err)
			}
			if err := inner.rest(begin, size); err != nil {
				return in.within(err)
			}
			if err := inner.end(); err != nil { // and with it zlib's own sum
				return in.within(err)
			}
			if err := in.skip(packed.N); err != nil {
				return err
			}
		default:
			return in.corrupt("an element of type %d, where an array (%d), compressed or not, is expected", kind, miMatrix)
		}
	}
	for _, name := range []string{"X", "y"} {
		if !found[name] {
			return in.corrupt("it has no array %s", name)
		}
	}
	return nil
}

// within gives an error in unpacked data the place of the element in the file.
func (s *stream) within(err error) error {
	var corrupt *durable.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	return s.corrupt("in the compressed array that ends about here: %s", corrupt.Reason)
}

// rest skips what is left of an element of size bytes that began at begin.
func (s *stream) rest(begin, size int64) error {
	left := size - (s.at - begin)
	if left < 0 {
		return s.corrupt("an array is longer than its element says")
	}
	return s.skip(left)
}

// matTag reads the head of an element that is not of the short form.
func matTag(in *stream) (kind uint32, size int64, err error) {
	var b [8]byte
	if err := in.full(b[:]); err != nil {
		return 0, 0, err
	}
	return binary.LittleEndian.Uint32(b[:]), int64(binary.LittleEndian.Uint32(b[4:])), nil
}

// matField reads the head of a part of an array. Up to four bytes may stand in the head itself
// (short form); pad is what follows the data up to the next multiple of 8.
func matField(in *stream) (kind uint32, size, pad int64, err error) {
	var b [4]byte
	if err := in.full(b[:]); err != nil {
		return 0, 0, 0, err
	}
	word := binary.LittleEndian.Uint32(b[:])
	if short := int64(word >> 16); short != 0 {
		if short > 4 {
			in.at -= 4
			return 0, 0, 0, in.corrupt("a short part of %d bytes, where 4 have room", short)
		}
		return word & 0xffff, short, 4 - short, nil
	}
	if err := in.full(b[:]); err != nil {
		return 0, 0, 0, err
	}
	size = int64(binary.LittleEndian.Uint32(b[:]))
	return word, size, -size & 7, nil
}

// readArray reads the array X or y into its place. Of another array it reads no more than the name.
func (s *source) readArray(in *stream, to Images, found map[string]bool, length int64) error {
	var b [16]byte
	// Flags, dimensions and name come first.
	kind, size, _, err := matField(in)
	if err != nil {
		return err
	}
	if kind != miUint32 || size != 8 {
		return in.corrupt("an array that does not begin with its flags")
	}
	if err := in.full(b[:8]); err != nil {
		return err
	}
	class, complex := b[0], b[1]&8 != 0
	kind, size, pad, err := matField(in)
	if err != nil {
		return err
	}
	if kind != miInt32 || size%4 != 0 || size < 8 {
		return in.corrupt("an array without dimensions")
	}
	var dims []int32
	if size <= 16 {
		if err := in.full(b[:size]); err != nil {
			return err
		}
		for k := int64(0); k < size; k += 4 {
			dims = append(dims, int32(binary.LittleEndian.Uint32(b[k:])))
		}
	} else if err := in.skip(min(size, length)); err != nil {
		return err
	}
	if err := in.skip(pad); err != nil {
		return err
	}
	kind, size, pad, err = matField(in)
	if err != nil {
		return err
	}
	if kind != miInt8 || size > maxMatName {
		return in.corrupt("an array without a name")
	}
	text := make([]byte, size)
	if err := in.full(text); err != nil {
		return err
	}
	if err := in.skip(pad); err != nil {
		return err
	}
	name := string(text)
	if name != "X" && name != "y" {
		return nil
	}
	if found[name] {
		return in.corrupt("a second array %s", name)
	}
	found[name] = true
	if class < mxDouble || class > mxLast || complex {
		return in.corrupt("array %s is not one of plain numbers", name)
	}
	kind, size, pad, err = matField(in)
	if err != nil {
		return err
	}
	if name == "X" {
		err = s.readX(in, to, class, dims, kind, size)
	} else {
		err = readY(in, to, dims, kind, size)
	}
	if err != nil {
		return err
	}
	return in.skip(pad)
}

func (s *source) readX(in *stream, to Images, class byte, dims []int32, kind uint32, size int64) error {
	area := s.height * s.width
	per := s.channels * area
	if len(dims) != 4 || int(dims[0]) != s.height || int(dims[1]) != s.width || int(dims[2]) != s.channels || int(dims[3]) != to.Len() {
		return in.corrupt("array X has the dimensions %d, where the published file has [%d %d %d %d]", dims, s.height, s.width, s.channels, to.Len())
	}
	if class != mxUint8 || kind != miUint8 || size != int64(to.Len())*int64(per) {
		return in.corrupt("array X is not one byte for each pixel")
	}
	columns := make([]uint8, per) // an image, column after column
	for k := range to.Len() {
		if err := in.full(columns); err != nil {
			return err
		}
		image := to.Pixels[k*per : (k+1)*per]
		for c := range s.channels {
			from, into := columns[c*area:(c+1)*area], image[c*area:(c+1)*area]
			for x := range s.width {
				for y := range s.height {
					into[y*s.width+x] = from[x*s.height+y]
				}
			}
		}
	}
	return nil
}

// readY reads the labels. MATLAB stores numbers of type double in the smallest type that holds
// them.
func readY(in *stream, to Images, dims []int32, kind uint32, size int64) error {
	if len(dims) != 2 || int64(dims[0])*int64(dims[1]) != int64(to.Len()) || dims[0] < 1 || dims[1] < 1 || dims[0] > 1 && dims[1] > 1 {
		return in.corrupt("array y has the dimensions %d, where the published file has [%d 1]", dims, to.Len())
	}
	width := map[uint32]int{miInt8: 1, miUint8: 1, miInt16: 2, miUint16: 2, miInt32: 4, miUint32: 4, miDouble: 8}[kind]
	if width == 0 || size != int64(to.Len())*int64(width) {
		return in.corrupt("array y is not a number for each image")
	}
	var b [8]byte
	for k := range to.Labels {
		if err := in.full(b[:width]); err != nil {
			return err
		}
		var label float64
		switch width {
		case 1:
			label = float64(b[0])
		case 2:
			label = float64(binary.LittleEndian.Uint16(b[:]))
		case 4:
			label = float64(binary.LittleEndian.Uint32(b[:]))
		case 8:
			label = math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
		}
		if !(label >= 1 && label <= 10 && label == math.Trunc(label)) {
			in.at -= int64(width)
			return in.corrupt("label %v of image %d, where labels are 1 to 10", label, k)
		}
		to.Labels[k] = uint8(label) % 10
	}
	return nil
}
