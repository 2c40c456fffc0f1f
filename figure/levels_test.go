package figure

import (
	"errors"
	"testing"
)

func TestLevels(t *testing.T) {
	course := func(name string) LevelCourse {
		return LevelCourse{Name: name, Level: []float64{0, 0.5}, Runs: [][]float64{{1, 2, 3}, {4}}}
	}
	good := func() Levels {
		return Levels{Kinds: []string{"gain", "offset"}, Rows: []LevelRow{{YLabel: "loss", Panels: [][]LevelCourse{{course("a"), course("b")}, {course("a")}}}}}
	}
	f, err := good().Figure()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Panels) != 2 || len(f.Key[0]) != 2 || f.Panels[0].Y.Range[1] != f.Panels[1].Y.Range[1] {
		t.Errorf("%d panels, key %v", len(f.Panels), f.Key)
	}
	for name, change := range map[string]func(*Levels){
		"no kinds":   func(s *Levels) { s.Kinds = nil },
		"panels":     func(s *Levels) { s.Kinds = s.Kinds[:1] },
		"no courses": func(s *Levels) { s.Rows[0].Panels = [][]LevelCourse{nil, nil} },
		"levels":     func(s *Levels) { s.Rows[0].Panels[0][0].Level = []float64{1} },
		"many names": func(s *Levels) {
			for _, name := range []string{"c", "d", "e", "f", "g"} {
				s.Rows[0].Panels[1] = append(s.Rows[0].Panels[1], course(name))
			}
		},
	} {
		s := good()
		change(&s)
		var bad *InputError
		if _, err := s.Figure(); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
