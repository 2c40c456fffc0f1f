package deep

import (
	"cmp"
	"fmt"
	"slices"

	"spikealign/layered"
	"spikealign/settings"
	"spikealign/transport"
)

// Settings describe a whole training, but for the images. They are what an experiment file says,
// with its defaults (settings.Default).
type Settings struct {
	Network  NetworkSettings `yaml:"network" doc:"layers and loss"`
	Method   Method          `yaml:"method" default:"sal" doc:"what errors go back through: bp, bp-fa-conv, fa, scfa, usf, dfa, kp, mirror, rdd, sal (docs/deep.md)"`
	Course   Course          `yaml:"training" doc:"epochs, batches and steps of learning"`
	Augment  Augment         `yaml:"augmentation" doc:"changes of the training images, drawn anew in each epoch"`
	KP       KolenPollack    `yaml:"kp" doc:"for method kp"`
	SALPhase SALPhase        `yaml:"sal" doc:"for method sal: the spiking phase before an epoch"`
	RDDPhase RDDPhase        `yaml:"rdd" doc:"for method rdd: the spiking phase before an epoch"`
	Mirrored MirrorPhase     `yaml:"mirror" doc:"for method mirror: the phase of noise before an epoch"`
}

// NetworkSettings describe the layers.
type NetworkSettings struct {
	Architecture string `yaml:"architecture" default:"paper" choice:"paper, lenet" doc:"paper: two convolutions of 64 filters, batch normalisation; lenet: three of 6, 16 and 120 filters, feedback of the method in them too"`
	Hidden       []int  `yaml:"hidden" range:"[1, 2^14]" doc:"neurons of the hidden fully connected layers; []: as published, paper 384 and 192, lenet 84"`
	Init         Init   `yaml:"init" default:"uniform" choice:"uniform, xavier" doc:"weights at the start, feedback too: evenly from +-1/sqrt(fan-in), biases too, or from +-sqrt(6/(fan-in + fan-out)), biases 0"`
	Loss         Loss   `yaml:"loss" doc:"cross-entropy; double-softmax: of the softmax applied twice, as in the authors' programs"`
}

// lenetSize is the least height and width of what LeNet sees.
const lenetSize = 32

// stages describe the layers: for LeNet those of LeCun, Bottou, Bengio & Haffner 1998, with ReLU
// and maxima.
func (s *NetworkSettings) stages(classes int) []stage {
	stages := []stage{{filters: 64, kernel: 5, norm: true, pool: true}, {filters: 64, kernel: 5, norm: true, pool: true}}
	hidden := []int{384, 192}
	if s.lenet() {
		stages = []stage{{filters: 6, kernel: 5, bias: true, pool: true}, {filters: 16, kernel: 5, bias: true, pool: true}, {filters: 120, kernel: 5, bias: true}}
		hidden = []int{84}
	}
	if len(s.Hidden) > 0 {
		hidden = s.Hidden
	}
	for _, n := range hidden {
		stages = append(stages, stage{neurons: n, norm: !s.lenet()})
	}
	return append(stages, stage{neurons: classes})
}

func (s *NetworkSettings) lenet() bool { return s.Architecture == "lenet" }

// input is the size of what the network sees of images. LeNet sees small ones enlarged.
func (s *NetworkSettings) input(images volume) volume {
	if s.lenet() {
		images.height, images.width = max(images.height, lenetSize), max(images.width, lenetSize)
	}
	return images
}

// Course says how long a training takes.
type Course struct {
	Epochs    int64 `yaml:"epochs" default:"10" range:"[1, 1e6]" doc:"times that all training images are shown"`
	BatchSize int   `yaml:"batch_size" default:"128" range:"[2, 4096]" also:"batch, batchsize" doc:"images of a step of learning"`
	Optimiser
	Published  bool    `yaml:"published_rate" doc:"in place of rate what was published for network and method: paper .01; lenet .1 for bp, scfa and usf, .001 for fa, .0001 for dfa (biotorch, for CIFAR-10)"`
	Milestones []int64 `yaml:"milestones" range:"[1, 1e6]" unit:"epochs" doc:"after so many epochs the rate is multiplied by gamma, each time"`
	Gamma      float64 `yaml:"gamma" default:"0.1" range:"(0, 1]" doc:"factor of the rate at a milestone"`
}

// optimiser is the one of an epoch.
func (c *Course) optimiser(epoch int64) Optimiser {
	o := c.Optimiser
	for _, m := range c.Milestones {
		if epoch >= m {
			o.Rate *= c.Gamma
		}
	}
	return o
}

// publishedRates are those of biotorch's files for LeNet, of which it has some for CIFAR-10 only.
var publishedRates = map[Method]float64{BP: 0.1, SCFA: 0.1, USF: 0.1, FA: 0.001, DFA: 0.0001}

// rate is the learning rate before the first milestone.
func (s *Settings) rate() (rate float64, known bool) {
	if !s.Course.Published {
		return s.Course.Rate, true
	}
	if s.Network.lenet() {
		rate, known = publishedRates[s.Method]
		return rate, known
	}
	return 0.01, true
}

// KolenPollack are the settings of method kp.
type KolenPollack struct {
	Decay float64 `yaml:"decay" default:"0.001" range:"[0, 10]" doc:"decay of all parameters, in place of training.weight_decay: weights and feedback become equal by it alone"`
}

// Augment says how training images are changed.
type Augment struct {
	Published bool `yaml:"published" doc:"as in the paper: flip, and for images of 32 x 32 pixels crop 4 as well"`
	Flip      bool `yaml:"flip" doc:"left and right are exchanged in half of the images"`
	Crop      int  `yaml:"crop" range:"[0, 16]" unit:"pixels" doc:"images are shifted by up to so many pixels in each direction; 0 is put where they end"`
}

// of returns flip and crop for images of a size.
func (a Augment) of(images volume) Augment {
	if a.Published {
		a.Flip = true
		if images.height == 32 && images.width == 32 {
			a.Crop = 4
		}
	}
	return a
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
func (s *Settings) layers(images volume, classes int) []int {
	v := s.Network.input(images)
	var sizes []int
	for _, st := range s.Network.stages(classes) {
		if st.filters > 0 {
			v = volume{st.filters, v.height - st.kernel + 1, v.width - st.kernel + 1}
			if st.pool {
				v = volume{v.channels, v.height / 2, v.width / 2}
			}
			continue
		}
		if len(sizes) == 0 {
			sizes = append(sizes, v.size())
		}
		sizes = append(sizes, st.neurons)
	}
	return sizes
}

// Validate returns everything that is wrong with the settings.
func (s *Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	if len(s.Network.Hidden) > 16 {
		ps.Add("network.hidden", "must name at most 16 layers")
		return ps
	}
	if !slices.IsSortedFunc(s.Course.Milestones, func(a, b int64) int { return cmp.Compare(a, b+1) }) {
		ps.Add("training.milestones", "must grow from one to the next")
	}
	if _, known := s.rate(); !known {
		ps.Add("training.published_rate", "there is none for method %s with lenet; set training.rate instead", s.Method)
	}
	if a := s.Augment; a.Published && (a.Flip || a.Crop > 0) {
		ps.Add("augmentation.published", "says what flip and crop are; leave these out, or published")
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
