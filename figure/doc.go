// Package figure draws the figures of this project, as SVG and PNG, in one style.
//
// Each figure is a plain struct of numbers (Training, Raster, NoiseSweep, Comparison, ...) whose
// method Figure turns it, without reading or simulating anything, into a Figure: panels, axes and
// series as data, which encode to JSON for renderers elsewhere. Figure.Save is the renderer of this
// package and writes name.svg and name.png. A part of the input that is missing (nil) leaves its
// panel out. A value that cannot be drawn (NaN, infinite, or not positive on a logarithmic axis) is
// left out, and the panel says how many were. Input that contradicts itself, such as columns of
// unequal length, gives an *InputError.
//
// The style: colours after Okabe & Ito (2008), with a second cue (line, marker) beside every
// colour; medians with bands or bars from the lower to the upper quartile; keys above the data,
// never on it. Widths are for print: text of 7 to 9 points on a figure 16 cm wide. Equal input
// gives equal bytes on one platform.
//
// In example_test.go a figure is drawn from numbers.
package figure
