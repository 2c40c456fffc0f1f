// Package deep trains the convolutional network of the paper's figure 8, whose errors go back
// through learned, random or transposed weights (docs/model.md, section 9; docs/deep.md).
//
// The forward and backward passes are those of any such network, plain layers over products of
// matrices (internal/gemm). What is this project's own are the feedback pathways (method.go) and
// the phases in which they learn: SAL and RDD in spiking networks of packages layered and
// transport, the weight mirror by noise (trainer.go).
//
// Results do not depend on the number of threads: work is divided by images, channels or rows, and
// whatever is summed over them is summed in their order.
//
// A step of learning from 128 images of 28 x 28 is 5.9e9 additions and multiplications, at about
// 100 in a nanosecond 60 ms, and as much again for reading and writing activations.
package deep
