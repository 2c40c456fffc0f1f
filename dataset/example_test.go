package dataset_test

import (
	"errors"
	"fmt"

	"spikealign/dataset"
)

// Two images of one channel and two pixels, made by hand in place of dataset.Open.
func ExampleSet_Moments() {
	set := &dataset.Set{Channels: 1, Height: 1, Width: 2, Train: dataset.Images{
		Pixels: []uint8{0, 255, 255, 0}, // [image][channel][row][column]
		Labels: []uint8{3, 7},
	}}
	mean, std := set.Moments()
	fmt.Println(set.Train.Len(), mean, std)
	// Output: 2 [0.5] [0.5]
}

// Where a set is missing, the error says what to type.
func ExampleOpen() {
	_, err := dataset.Open("/scratch/sets", "svhn")
	var missing *dataset.NotFoundError
	if errors.As(err, &missing) {
		fmt.Println(err)
	}
	// Output: the data set svhn is not here (looked in /scratch/sets/svhn, /scratch/sets/SVHN and /scratch/sets); type: spikealign dataset fetch svhn --data /scratch/sets (247 MB); if you have its files, name their folder with --data DIR
}
