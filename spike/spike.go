// Package spike holds the events that every other package exchanges: who fired, and when.
//
// Time is an integer number of ticks. In discrete-time dynamics one tick is one simulation step; in
// continuous-time dynamics one tick is the 2^-20th part of a step (see package sampling). Which of
// the two applies is known to the producer of a train and stands in every file that holds one.
//
// A train is ordered by time. Spikes of one instant may stand in any order, because nothing in this
// project lets the order of simultaneous spikes matter.
package spike

import "fmt"

// Event is one spike: neuron Neuron (0-based) fired at tick Time.
type Event struct {
	Time   int64
	Neuron int32
}

// Check reports the first place where events is not a train of n neurons: a neuron outside 0..n-1,
// a negative time, or a time earlier than the one before it. It returns nil for a valid train.
func Check(events []Event, n int) error {
	last := int64(0)
	for k, e := range events {
		switch {
		case e.Neuron < 0 || int(e.Neuron) >= n:
			return fmt.Errorf("spike: event %d: neuron %d is outside 0..%d", k, e.Neuron, n-1)
		case e.Time < last && e.Time < 0:
			return fmt.Errorf("spike: event %d: negative time %d", k, e.Time)
		case e.Time < last:
			return fmt.Errorf("spike: event %d: time %d comes after time %d", k, e.Time, last)
		}
		last = e.Time
	}
	return nil
}
