package lab

import (
	"spikealign/figure"
	"spikealign/sampling"
)

// Walk is simulated SAL from a point of the phase plane: two spiking neurons whose weights change
// at the end of each epoch. Equal settings and points give equal walks.
type Walk struct {
	trainer  *sampling.PairTrainer
	epochs   int64
	W12, W21 []float64 // after each epoch, from the start
}

// NewWalk returns the walk of valid settings from their weights, with nothing simulated yet.
func NewWalk(s Settings) (*Walk, error) {
	t, err := sampling.NewPairTrainer(s.training(s.W12, s.W21))
	if err != nil {
		return nil, err
	}
	return &Walk{trainer: t, epochs: s.Epochs}, nil
}

// Advance simulates that many epochs, or as many as are left. It reports whether the walk is at its
// end.
func (w *Walk) Advance(epochs int) (done bool) {
	for end := w.trainer.Epoch() + int64(epochs); !w.trainer.Done() && w.trainer.Epoch() < end; {
		if _, r := w.trainer.Step(); r != nil {
			w.W12, w.W21 = append(w.W12, r.W12), append(w.W21, r.W21)
		}
	}
	return w.trainer.Done()
}

// Share is the simulated share of the walk.
func (w *Walk) Share() float64 { return float64(w.trainer.Epoch()) / float64(w.epochs) }

// Epoch is the first epoch of the walk spike by spike: those of the simulator, the nearest pairs
// among them, and what each pair adds to the weights before the learning rate.
type Epoch struct {
	spikes figure.PairSpikes
	// of the whole epoch, as a report of the simulator has them: the mean of the changes times
	// 1/length
	Length           int64 // tau
	Drift12, Drift21 float64
}

// NewEpoch simulates the first epoch of the walk of valid settings.
func NewEpoch(s Settings) (*Epoch, error) {
	training := s.training(s.W12, s.W21)
	training.Epochs = 1
	t, err := sampling.NewPairTrainer(training)
	if err != nil {
		return nil, err
	}
	e := &Epoch{Length: s.Epoch}
	half := training.Half(training.Config)
	tick := 1 / float64(s.Tau*training.TicksPerStep())
	latest, before := [2]int64{-1, -1}, [2]int64{-1, -1} // of each neuron, and the one before
	for !t.Done() {
		events, report := t.Step()
		for _, spike := range events {
			n, time := int(spike.Neuron), spike.Time
			e.spikes.Times = append(e.spikes.Times, float64(float64(time)*tick))
			e.spikes.Neurons = append(e.spikes.Neurons, n+1)
			other := latest[1-n]
			if other == time { // a coincidence pairs with what came before
				other = before[1-n]
			}
			if weight := half.At(time - other); other >= 0 && other > latest[n] && weight > 0 {
				p := figure.SpikePair{Earlier: float64(float64(other) * tick), Later: float64(float64(time) * tick), Second: n + 1, Change12: -weight, Change21: weight}
				if n == 1 {
					p.Change12, p.Change21 = weight, -weight
				}
				e.spikes.Pairs = append(e.spikes.Pairs, p)
			}
			before[n], latest[n] = latest[n], time
		}
		if report != nil && report.Epoch == 1 {
			e.Drift12, e.Drift21 = report.Drift12, report.Drift21
		}
	}
	return e, nil
}

// shown is the length of the window that Figure shows, tau.
const shown = 12

// Figure draws the last stretch before a time, in tau since the beginning of the epoch.
func (e *Epoch) Figure(time float64) (*figure.Figure, error) {
	f := e.spikes
	f.Until = min(max(time, 0), float64(e.Length))
	f.From = max(0, f.Until-shown)
	f.To = f.From + shown
	return f.Figure()
}
