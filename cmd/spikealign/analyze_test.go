package main

import "testing"

// FuzzNeurons: whatever --neurons is, there is an error, or ranges and names that options allow.
func FuzzNeurons(f *testing.F) {
	for _, s := range []string{"0-99,120", "E1,I*", "5-x", "", ",", "-1", "3-2", "*", "9223372036854775807", "1-9223372036854775808", "E1,3", "\u00e91"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, neurons string) {
		c := &analyzeCommand{Window: "exponential", Memory: 1, Replicates: 0, Level: 0.05, Neurons: neurons}
		o, err := c.options()
		if err != nil {
			return
		}
		o.Tau = 1
		if err := o.Validate(); err != nil && (o.Names == nil || o.Neurons == nil) {
			t.Errorf("%q: %v", neurons, err)
		}
	})
}
