package dataset

import (
	"fmt"
	"slices"
)

// source is a set as it is published.
type source struct {
	name, title             string
	channels, height, width int
	train, test             int // images
	classes                 []string
	// forms are the ways in which the files may lie in a folder. The first is what is fetched, and
	// goes before the others, so that fetching mends whatever is damaged.
	forms [][]part
	// homes are the addresses below which the files are published, in the order in which they are
	// asked.
	homes []string
	// layouts are the folders below the user's, beside that with the set's name, in which other
	// programs put the files.
	layouts []string
	// system are the folders in which Debian's package, debian, installs them.
	system []string
	debian string
}

// part is one published file.
type part struct {
	// names are the names that the file may have; the first is the published one and goes before
	// the others.
	names []string
	size  int64  // published, in bytes
	sum   string // SHA-256 (64 digits) or MD5 (32) of the content, "" for none
	// unpack says that the sum is of what gzip unpacks, since others pack the same content into
	// other bytes.
	unpack bool
	read   func(s *source, in *stream, set *Set) error
}

// Names are the names of the known sets.
func Names() (names []string) {
	for _, s := range known {
		names = append(names, s.name)
	}
	return names
}

func find(name string) (*source, error) {
	k := slices.IndexFunc(known, func(s *source) bool { return s.name == name })
	if k < 0 {
		return nil, &NameError{name}
	}
	return known[k], nil
}

// digits are the classes of MNIST and SVHN.
var digits = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// known are the sets, with their homes in one table.
//
// Sizes and sums. MNIST: SHA-256 of the unpacked files; those of the packed ones begin 440fcabf,
// 3552534a, 8d422c7b, f7ae60f9 (MD5 as in torchvision: f68b3c2d, d53e105e, 9fb629c4, ec29112d).
// Fashion-MNIST: SHA-256 of the unpacked files of Debian's package, equal to those of files that
// have the MD5 given in the README of zalandoresearch/fashion-mnist. CIFAR-10: the MD5 that the
// set's page gives for the archive is c32a1d4ab5d03f1284b67883e8d87530; the SHA-256 here is that of
// the same bytes. The page gives none of the files within; theirs are from programs that unpack it.
// SVHN: the MD5 as in torchvision are e26dedcc434d2e4c54c9b2d4a06d8373 and
// eb5a983be6a315427106f1b164d9cef3; the SHA-256 here are those of the same bytes.
var known = []*source{
	{
		name: "mnist", title: "handwritten digits", channels: 1, height: 28, width: 28, train: 60000, test: 10000,
		classes: digits,
		forms: [][]part{idxParts(
			idxFile{9912422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			idxFile{28881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			idxFile{1648877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			idxFile{4542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		)},
		homes: []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"http://yann.lecun.com/exdb/mnist/",
		},
		layouts: []string{"MNIST/raw"},
	},
	{
		name: "fashion-mnist", title: "pieces of clothing", channels: 1, height: 28, width: 28, train: 60000, test: 10000,
		classes: []string{"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
		forms: [][]part{idxParts(
			idxFile{26421880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			idxFile{29515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			idxFile{4422102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			idxFile{5148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		)},
		homes: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		},
		layouts: []string{"FashionMNIST/raw"},
		system:  []string{"/usr/share/datasets/fashion-mnist"},
		debian:  "dataset-fashion-mnist",
	},
	{
		name: "cifar-10", title: "animals and vehicles", channels: 3, height: 32, width: 32, train: 50000, test: 10000,
		classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		forms: [][]part{
			{{
				names: []string{"cifar-10-binary.tar.gz"}, size: 170052171, read: readArchive,
				sum: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
			}},
			{
				batch("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
				batch("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
				batch("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
				batch("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
				batch("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
				batch("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d"),
			},
		},
		homes:   []string{"https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"},
		layouts: []string{"cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"},
	},
	{
		name: "svhn", title: "house numbers, cropped digits", channels: 3, height: 32, width: 32, train: 73257, test: 26032,
		classes: digits,
		forms: [][]part{{
			{
				names: []string{"train_32x32.mat"}, size: 182040794, read: readTrainMat,
				sum: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
			},
			{
				names: []string{"test_32x32.mat"}, size: 64275384, read: readTestMat,
				sum: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
			},
		}},
		homes:   []string{"http://ufldl.stanford.edu/housenumbers/"},
		layouts: []string{"SVHN"},
	},
}

// fetched are the files that are published.
func (s *source) fetched() []part { return s.forms[0] }

// bytes is the size of what is fetched.
func (s *source) bytes() (n int64) {
	for _, p := range s.fetched() {
		n += p.size
	}
	return n
}

// megabytes is a size in words.
func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+999_999)/1_000_000) }
