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
}
