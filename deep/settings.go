package deep

import (
	"fmt"

	"spikealign/layered"
	"spikealign/settings"
	"spikealign/transport"
)

// Settings describe a whole training, but for the images. They are what an experiment file says,
// with its defaults (settings.Default).
type Settings struct {
	Network  NetworkSettings `yaml:"network" doc:"layers and loss"`
	Method   Method          `yaml:"method" default:"sal" doc:"what errors are sent back through: bp, bp-fa-conv, fa, scfa, dfa, kp, mirror, rdd, sal (docs/deep.md)"`
	Course   Course          `yaml:"training" doc:"epochs, batches and steps of learning"`
	Augment  Augment         `yaml:"augmentation" doc:"changes of the training images, drawn anew in each epoch"`
	SALPhase SALPhase        `yaml:"sal" doc:"for method sal: the spiking phase before an epoch"`
	RDDPhase RDDPhase        `yaml:"rdd" doc:"for method rdd: the spiking phase before an epoch"`
	Mirrored MirrorPhase     `yaml:"mirror" doc:"for method mirror: the phase of noise before an epoch"`
}

// NetworkSettings describe the layers.
type NetworkSettings struct {
	Hidden []int `yaml:"hidden" default:"[384, 192]" range:"[1, 2^14]" doc:"neurons of the hidden fully connected layers, above two convolutions of 64 filters"`
	Loss   Loss  `yaml:"loss" doc:"cross-entropy; double-softmax: of the softmax applied twice, as in the authors' programs"`
}

// Course says how long a training takes.
type Course struct {
	Epochs    int64 `yaml:"epochs" default:"10" range:"[1, 1e6]" doc:"times that all training images are shown"`
	BatchSize int   `yaml:"batch_size" default:"128" range:"[2, 4096]" also:"batch, batchsize" doc:"images of a step of learning"`
	Optimiser
}

// Augment says how training images are changed.
type Augment struct {
	Flip bool `yaml:"flip" doc:"left and right are exchanged in half of the images"`
	Crop int  `yaml:"crop" range:"[0, 16]" unit:"pixels" doc:"images are shifted by up to so many pixels in each direction; 0 is put where they end"`
}

// SALPhase describes the spiking phase of SAL.
type SALPhase struct {
	Iterations  int64 `yaml:"iterations" default:"5" range:"[0, 1e6]" doc:"updates of the feedback weights in a phase"`
	layered.SAL `default:"replicas=32 rate_sal=0.04 update_steps=2000"`
}

// RDDPhase describes the spiking phase of RDD.
type RDDPhase struct {
	Seconds float64 `yaml:"seconds" default:"90" range:"[0, 1e6]" unit:"s" doc:"simulated time of a phase"`
	transport.RDD
}

// MirrorPhase describes the phase of noise of the weight mirror.
type MirrorPhase struct {
	Steps int     `yaml:"steps" default:"100" range:"[0, 1e6]" doc:"steps of a phase, of batch_size patterns of noise each"`
	Rate  float64 `yaml:"mirror_rate" default:"0.02" range:"(0, 1]" doc:"B += rate*(mean(x y') - B)"`
}

// layers are the sizes of the fully connected part for images of a size.
func (s *Settings) layers(in volume, classes int) []int {
	flat := (((in.height-4)/2 - 4) / 2) * (((in.width-4)/2 - 4) / 2) * 64
	return append(append([]int{flat}, s.Network.Hidden...), classes)
}

// Validate returns everything that is wrong with the settings.
func (s *Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	if len(s.Network.Hidden) > 16 {
		ps.Add("network.hidden", "must name at most 16 layers")
		return ps
	}
	if len(ps) > 0 {
		return ps
	}
	layers := s.layers(volume{1, 28, 28}, 10)
	switch s.Method {
	case SAL:
		sal := s.SALPhase.SAL
		sal.Layers = layers
		ps.In("sal", sal.Validate())
	case RDD:
		ps.In("rdd", s.RDDPhase.RDD.Validate(layers))
	}
	return ps
}

// Set is a set of images with their classes.
type Set struct {
	Images []uint8 // image by image, channel by channel, row by row
	Labels []uint8
}

// Data is what a network learns.
type Data struct {
	Channels, Height, Width int
	Classes                 int
	Mean, SD                []float64 // of the training images, by channel, of values 0..1
	Train, Test             Set
}

// Check returns an error if the parts of the data do not fit together.
func (d *Data) Check() error {
	size := d.Channels * d.Height * d.Width
	if d.Channels < 1 || d.Height < 16 || d.Width < 16 || d.Height > 256 || d.Width > 256 || d.Channels > 16 || d.Classes < 2 || d.Classes > 1000 {
		return fmt.Errorf("deep: images of %d x %d x %d in %d classes", d.Channels, d.Height, d.Width, d.Classes)
	}
	if len(d.Mean) != d.Channels || len(d.SD) != d.Channels {
		return fmt.Errorf("deep: means and deviations of %d and %d channels for %d", len(d.Mean), len(d.SD), d.Channels)
	}
	for name, set := range map[string]Set{"training": d.Train, "test": d.Test} {
		if len(set.Labels) == 0 || len(set.Images) != len(set.Labels)*size {
			return fmt.Errorf("deep: %d bytes of %s images for %d labels", len(set.Images), name, len(set.Labels))
		}
		for i, l := range set.Labels {
			if int(l) >= d.Classes {
				return fmt.Errorf("deep: %s image %d is of class %d of %d", name, i, l, d.Classes)
			}
		}
	}
	return nil
}
