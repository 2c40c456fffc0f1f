package transport

import (
	"strings"
	"testing"

	"spikealign/settings"
	"spikealign/synapse"
)

// What has no effect, or could never work, is refused at the key that says it.
func TestSettingsRefuse(t *testing.T) {
	for _, c := range []struct {
		path, part string
		change     func(s *Settings)
	}{
		{"mismatch.refractory", "no effect on method stdwi", func(s *Settings) { s.Method, s.Mismatch.Refractory = "stdwi", 0.2 }},
		{"stdwi.refractory", "rounds to 0 steps", func(s *Settings) {
			s.Method, s.Mismatch.Refractory, s.STDWI.Refractory = "stdwi", 0.2, 0.1
		}},
		{"initial.feedback", "method rdd takes the scale", func(s *Settings) { s.Method, s.Initial.Feedback = "rdd", ZeroFeedback }},
		// 2^50 steps of 0.0001 s are 112589990684.2624 s; of 0.001 s they are ten times as long
		{"training.epochs", "longer than 2^50 steps, 0.0001 s each", func(s *Settings) { s.Course.Epochs, s.Course.EpochSeconds = 112590, 1e6 }},
		{"training.epochs", "longer than 2^50 steps, 0.001 s each", func(s *Settings) { s.Method, s.Course.Epochs, s.Course.EpochSeconds = "rdd", 1125900, 1e6 }},
		{"training.epochs", "longer than 2^50 steps", func(s *Settings) { s.Course.Epochs, s.Course.EpochSeconds = 1<<40, 1e6 }},
		{"sal.psp_steps", "no effect on alpha potentials", func(s *Settings) { s.SAL.PSP, s.SAL.PSPSteps = synapse.Alpha, 3 }},
	} {
		s := settings.Default[Settings]()
		if ps := s.Validate(); len(ps) > 0 {
			t.Fatalf("the defaults are refused: %v", ps)
		}
		c.change(&s)
		if ps := s.Validate(); !ps.Has(c.path) || !strings.Contains(ps.Err().Error(), c.part) {
			t.Errorf("%s: problems %v, want %q", c.path, ps, c.part)
		}
	}
	s := settings.Default[Settings]()
	s.Course.Epochs, s.Course.EpochSeconds = 112589, 1e6
	if ps := s.Validate(); len(ps) > 0 {
		t.Errorf("a run of less than 2^50 steps is refused: %v", ps)
	}
}
