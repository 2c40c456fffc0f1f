// Package figure says what the figures of this project show, in one style.
//
// Each figure is a plain struct of numbers (Training, Raster, NoiseSweep, Comparison, ...) whose
// method Figure turns it, without reading, simulating or drawing anything, into a Figure: panels,
// axes and series as data, which encode to JSON. Package figure/render draws it as SVG and PNG. A
// part of the input that is missing (nil) leaves its panel out. A value that cannot be drawn (NaN,
// infinite, or not positive on a logarithmic axis) is left out, and the panel says how many were.
// Input that contradicts itself, such as columns of unequal length, gives an *InputError.
//
// The style: a second cue (line, marker) beside every colour; medians with bands or bars from the
// lower to the upper quartile; keys above the data, never on it. Widths are for print: a figure
// 16 cm wide.
//
// In example_test.go a figure is drawn from numbers.
package figure
