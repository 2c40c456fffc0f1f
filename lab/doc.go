// Package lab is the laboratory of two neurons: what its page shows, as functions of a few settings
// without files and clock. The page runs them in the browser (lab/wasm), and numbers are those of
// the command `spikealign stdd`, to the bit.
//
//	Settings   the two neurons, the learning window and the walk; Parse and Address are their text
//	Law        the law of spike-timing differences, its drift, what SAL makes of it, in words
//	Curve      the drift over the difference of the weights
//	Plane      the phase plane with its attractor line, row by row
//	Walk       simulated SAL from a point of the plane, epoch by epoch
//	Epoch      the first epoch of the walk spike by spike, with its pairs
//	Desk       all of these behind one function of text, for who cannot call Go
//
// The theory is in package stdd, the simulator in package sampling, the pictures in package figure.
package lab
