// Package vector holds the inner loops that have a twin in vector instructions (AVX2), all assembly
// of the project: the steps of spiking layers (package layered) and the blocks of products of
// matrices (package gemm).
//
// Each is written twice, portably in Go and in assembly, with the same bits as result on every
// processor: sums have one order, products are rounded before they are added, and tests hold the
// twins to each other.
package vector
