// Package transport compares answers to the weight transport problem: methods by which feedback
// weights B come to equal the transposed forward weights W' that they cannot see. Each method works
// on its own model of neurons, as published, on the same forward weights and for the same simulated
// time (docs/model.md, section 8; docs/align.md).
//
// A method is one file: a struct with its settings, whose method Start returns a Learner; and one
// line in Methods. With that it can be named in experiment files and takes part in the league.
package transport

import (
	"cmp"
	"context"
	"encoding"
	"fmt"
	"reflect"

	"spikealign/layered"
	"spikealign/settings"
)

// Problem is what a method has to solve.
type Problem struct {
	Layers  []int
	Weights layered.Weights // forward weights and biases; feedback weights at the start
	Seed    uint64

	// Neurons and Synapses differ from each other; not every method knows of it.
	Neurons  layered.Neurons
	Synapses layered.Synapses

	// Parallel, if not nil, calls work(0) .. work(workers-1) at the same time and returns when all
	// are done. Nothing computed may depend on Workers.
	Workers  int
	Parallel func(workers int, work func(worker int))
	// Spikes, if not nil, takes the spikes: of a replica, one of those of Clock, at a step of the
	// method's clock, of a layer, neurons in order. Time must not decrease for a replica, and no
	// layer comes twice in a step. A method that simulates each pair of layers for itself gives the
	// lower layer of every pair, and the upper one of the last.
	Spikes func(replica int, time int64, layer int, neurons []int32) error
}

// check returns an error that names the first part of the problem that does not fit its layers, for
// a method with that refractory time, which may be at most most steps where neurons differ.
func (p *Problem) check(refractory, most int64) error {
	var ps settings.Problems
	layered.CheckLayers(&ps, "layers", p.Layers)
	if err := ps.Err(); err != nil {
		return err
	}
	return cmp.Or(p.Weights.Check(p.Layers), p.Neurons.Check(p.Layers, refractory, most), p.Synapses.Check(p.Layers))
}

// Method is a method with its settings: a pointer to a struct with the tags of package settings.
type Method interface {
	// Doc is one sentence for the user, with the paper.
	Doc() string
	// Validate returns everything that is wrong with the settings for networks of these layers.
	Validate(layers []int) settings.Problems
	// Lacks returns the differences between neurons or synapses, as mismatch.Settings.Nonzero names
	// them, that have no effect on the method with its present settings.
	Lacks() []string
	// Clock returns the duration of a step in seconds of simulated time, and the number of replicas
	// that are simulated side by side. The time of all replicas counts.
	Clock() (stepSeconds float64, replicas int)
	// Updates returns the time from one update of the feedback weights to the next, in steps of the
	// clock, and the setting of the method that says so; "" and 1 where weights change at spikes.
	Updates() (setting string, steps int64)
	// Start returns the method at its beginning. It keeps the problem's forward weights, which do
	// not change, and copies what it changes.
	Start(Problem) (Learner, error)
}

// Learner is a method at work. It is not for several goroutines.
type Learner interface {
	// Run simulates until the clock shows until steps. If ctx ends before, it returns nil within
	// about 50 ms, but not without some steps, at a place where AppendBinary works and a later call
	// goes on with the same results.
	Run(ctx context.Context, until int64) error
	// Time returns the number of steps so far, SpikeCount the number of spikes of all replicas.
	Time() int64
	SpikeCount() int64
	// Down returns the present feedback weights into layer l, n[l] x n[l+1], row = postsynaptic.
	// They belong to the learner.
	Down(l int) []float64
	encoding.BinaryAppender
	// UnmarshalBinary restores the state of a learner of the same settings and problem, and rejects
	// any other bytes.
	encoding.BinaryUnmarshaler
}

// Methods are all methods, with their settings. The name of a method is the yaml tag of its field.
type Methods struct {
	SAL    SAL    `yaml:"sal" doc:"spike-based alignment learning"`
	RDD    RDD    `yaml:"rdd" doc:"regression discontinuity design"`
	STDWI  STDWI  `yaml:"stdwi" doc:"spike-timing-dependent weight inference"`
	Mirror Mirror `yaml:"mirror" doc:"the weight mirror, with spiking neurons"`
}

// Names returns the names of the methods, in their order.
func Names() []string {
	var names []string
	t := reflect.TypeFor[Methods]()
	for k := range t.NumField() {
		names = append(names, t.Field(k).Tag.Get("yaml"))
	}
	return names
}

// Get returns the method of that name, or an error that names all.
func (m *Methods) Get(name string) (Method, error) {
	v := reflect.ValueOf(m).Elem()
	for k, n := range Names() {
		if n == name {
			return v.Field(k).Addr().Interface().(Method), nil
		}
	}
	return nil, fmt.Errorf("there is no method %q; known are %v", name, Names())
}
