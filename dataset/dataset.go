// Package dataset reads sets of labelled images as they are published: MNIST, Fashion-MNIST,
// CIFAR-10 and the cropped digits of SVHN. [Open] finds the files of a set, reads and checks them;
// [Find] says which sets are here; [Fetch] brings one from its public home.
//
// Images are bytes in the order [n][channels][height][width]: image after image, within an image
// channel after channel (red, green, blue), within a channel row after row from the top, within a
// row from the left. 0 is dark. Labels are 0 to 9; where a file counts otherwise (SVHN writes 10
// for the digit 0) the reader converts.
//
// A set is what its authors published, or it is refused: every size, magic number and label is
// checked, and the SHA-256 or MD5 of the content. So results do not depend on where a set was
// found. Memory is asked for by the known sizes only, never by what a file says about itself.
//
// Batches, their order, augmentation and normalisation are the network's.
package dataset

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// DefaultDir is the folder of data sets where none is named, relative to the working folder.
const DefaultDir = "data"

// Set is a set of labelled images.
type Set struct {
	Name                    string // as in "fashion-mnist"
	Channels, Height, Width int
	Classes                 []string // what the labels 0 to 9 mean
	Train, Test             Images
	Dir                     string // the folder that it was read from
}

// Images are labelled images.
type Images struct {
	Pixels []uint8 // [n][channels][height][width]
	Labels []uint8 // [n], 0 to 9
}

// Len is the number of images.
func (i Images) Len() int { return len(i.Labels) }

// Moments returns for each channel the mean and the standard deviation (that of the population:
// divided by n) of the pixels of the training images, where 255 counts as 1. Both are computed from
// exact sums and are the same bits on every machine.
func (s *Set) Moments() (mean, std []float64) {
	area := s.Height * s.Width
	n := int64(s.Train.Len()) * int64(area)
	mean, std = make([]float64, s.Channels), make([]float64, s.Channels)
	for c := range s.Channels {
		var sum, squares int64 // below 2^53 for every set that fits into memory
		for at := c * area; at < len(s.Train.Pixels); at += s.Channels * area {
			for _, p := range s.Train.Pixels[at : at+area] {
				sum += int64(p)
				squares += int64(p) * int64(p)
			}
		}
		if n == 0 {
			continue
		}
		// variance = (n squares - sum^2) / (255 n)^2
		v := new(big.Int).Mul(big.NewInt(n), big.NewInt(squares))
		v.Sub(v, new(big.Int).Mul(big.NewInt(sum), big.NewInt(sum)))
		d := new(big.Int).Mul(big.NewInt(255), big.NewInt(n))
		mean[c], _ = new(big.Rat).SetFrac(big.NewInt(sum), d).Float64()
		variance, _ := new(big.Rat).SetFrac(v, d.Mul(d, d)).Float64()
		std[c] = math.Sqrt(variance)
	}
	return mean, std
}

// Open reads the set of that name. It looks for its files in dir ("" stands for DefaultDir) and
// then where packages of the system put them; see [Find] for the folders. The error is a
// *NameError, a *NotFoundError or a *DamagedError, each of which says what to do, or one of the
// operating system.
func Open(dir, name string) (*Set, error) {
	s, err := find(name)
	if err != nil {
		return nil, err
	}
	return s.open(dir)
}

func (s *source) open(dir string) (*Set, error) {
	where := s.find(dir)
	if where.missing != nil {
		return nil, &NotFoundError{Name: s.name, Text: where.text(s, dir)}
	}
	set := s.empty()
	set.Dir = where.dir
	for k, p := range where.parts {
		if err := s.read(p, where.paths[k], set); err != nil {
			return nil, s.damaged(err, where.paths[k], dir)
		}
	}
	return set, nil
}

// empty is the set with room for all its images.
func (s *source) empty() *Set {
	size := s.channels * s.height * s.width
	set := &Set{Name: s.name, Channels: s.channels, Height: s.height, Width: s.width, Classes: s.classes}
	set.Train = Images{make([]uint8, s.train*size), make([]uint8, s.train)}
	set.Test = Images{make([]uint8, s.test*size), make([]uint8, s.test)}
	return set
}

// NameError says that there is no set of a name.
type NameError struct{ Name string }

func (e *NameError) Error() string {
	return fmt.Sprintf("there is no data set %q; known are %s", e.Name, strings.Join(Names(), ", "))
}

// NotFoundError says that the files of a set are not here, and how to get them.
type NotFoundError struct {
	Name string
	Text string
}

func (e *NotFoundError) Error() string { return e.Text }

// DamagedError says that a file of a set is not what was published: its name, where this shows, and
// what to do. It wraps a *durable.CorruptError.
type DamagedError struct {
	Path   string
	Err    error
	Remedy string
}

func (e *DamagedError) Error() string { return e.Err.Error() + "; " + e.Remedy }

func (e *DamagedError) Unwrap() error { return e.Err }
