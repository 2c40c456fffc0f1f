package spike

import (
	"math"
	"strings"
	"testing"
)

// TestCheck: the first place where events are not a train is named; simultaneous spikes may stand
// in any order.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []Event
		n      int
		want   string // "" for a valid train
	}{
		{"nothing", nil, 0, ""},
		{"one", []Event{{0, 0}}, 1, ""},
		{"ordered", []Event{{0, 1}, {3, 0}, {7, 1}}, 2, ""},
		{"simultaneous", []Event{{5, 2}, {5, 0}, {5, 1}, {5, 2}}, 3, ""},
		{"late", []Event{{math.MaxInt64, 0}}, 1, ""},
		{"neuron too large", []Event{{0, 0}, {1, 2}}, 2, "event 1: neuron 2 is outside 0..1"},
		{"neuron negative", []Event{{0, -1}}, 2, "event 0: neuron -1 is outside 0..1"},
		{"no neurons", []Event{{0, 0}}, 0, "event 0: neuron 0 is outside 0..-1"},
		{"time negative", []Event{{-1, 0}}, 1, "event 0: negative time -1"},
		{"most negative", []Event{{math.MinInt64, 0}}, 1, "event 0: negative time"},
		{"time goes back", []Event{{4, 0}, {9, 0}, {8, 0}}, 1, "event 2: time 8 comes after time 9"},
		{"to below zero", []Event{{4, 0}, {-9, 0}}, 1, "event 1: negative time -9"},
		{"the first of several", []Event{{4, 0}, {3, 0}, {2, 7}}, 1, "event 1: time 3"},
	} {
		err := Check(c.events, c.n)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "spike: ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want mention of %q", c.name, err, c.want)
		}
	}
}

// TestCheckAllocates: a valid train costs nothing but the look at it.
func TestCheckAllocates(t *testing.T) {
	events := make([]Event, 1000)
	for k := range events {
		events[k] = Event{int64(k / 3), int32(k % 7)}
	}
	if a := testing.AllocsPerRun(10, func() { _ = Check(events, 7) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
