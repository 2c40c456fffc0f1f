package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"spikealign/sal"
	"spikealign/settings"
	"spikealign/stdd"
	"spikealign/synapse"
)

func parse(t *testing.T, text string) Settings {
	t.Helper()
	s, ps := Parse(text)
	if len(ps) > 0 {
		t.Fatalf("%s: %v", text, ps.Err())
	}
	return s
}

// TestAddress: settings survive their address, and presets are valid.
func TestAddress(t *testing.T) {
	for _, text := range []string{"", "w12=-0.8&w21=-0.4", "tau=15&dynamics=continuous&psp=alpha&tau_syn=8.5&window=triangular&seed=9007199254740992", "span=0.5&rate_12=0&epochs=1"} {
		if got := parse(t, text).Address(); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
	if s := parse(t, "#w12=0.8&w21=0.4"); s != settings.Default[Settings]() || s.Address() != "" {
		t.Errorf("defaults that are given are others: %q", s.Address())
	}
	for _, p := range Presets() {
		if s := parse(t, p.Address); s.Address() != p.Address {
			t.Errorf("%s: %q, in short %q", p.Name, p.Address, s.Address())
		}
	}
}

// TestHostileAddress: what is wrong with an address is told with its place, and nothing runs.
func TestHostileAddress(t *testing.T) {
	for text, want := range map[string]string{
		"w12=5":                                "w12: must be between -4 and 4",
		"w12=NaN":                              `w12: "NaN" is no number`,
		"w12=":                                 `w12: "" is no number`,
		"tau=1e9":                              `tau: "1e9" is no whole number, or too large`,
		"tau=100000&w21=9":                     "w21: must be between -4 and 4\ntau: must be between 1 and 100 steps",
		"psp=round":                            `psp: "round": allowed are rectangular, alpha, exponential, cut-exponential, rectangular-tail`,
		"w12=1&w12=2":                          "w12: is given twice",
		"<script>alert(1)</script>=1":          "<script>alert(1)</script>: there is no such setting",
		"tau=50&dynamics=continuous&psp=alpha": "tau: must be at most 15 steps in continuous time, unless the potential is a rectangle of length tau: the law takes too long",
		"seed=-1":                              `seed: "-1" is no whole number, or too large`,
		strings.Repeat("a", 2001):              "an address of 2001 characters is longer than all settings",
		"tau=12&dynamics=continuous&w12=4&w21=4&psp=alpha&tau_syn=0.5": "membrane potential 25.48437438142964: must be at most 10 in continuous time\nmembrane potential 25.48437438142964: must be at most 10 in continuous time",
	} {
		if _, ps := Parse(text); fmt.Sprint(ps.Err()) != want {
			t.Errorf("%.60q: got %v\nwant %s", text, ps.Err(), want)
		}
	}
}

// points is a grid of settings that covers each word and the corners of numbers.
func points() (texts []string) {
	for _, w := range []string{"w12=0.8&w21=0.4", "w12=-0.8&w21=-0.4", "w12=4&w21=-4&b1=-4&b2=1"} {
		for _, psp := range settings.Words(reflect.TypeFor[synapse.PSPShape]()) {
			for _, window := range []string{"exponential", "triangular"} {
				texts = append(texts, fmt.Sprintf("%s&tau=%d&psp=%s&tau_syn=6&window=%s", w, 10+len(texts), psp, window))
			}
		}
	}
	return append(texts, "dynamics=continuous", "dynamics=continuous&b1=1&b2=-1&w12=1&w21=1", "dynamics=continuous&tau=5&psp=alpha&tau_syn=2", "tau=1", "tau=100&window_tau=20",
		"tau=3&tau_syn=0.5&window_tau=0.5")
}

// TestLaw: numbers and figure of the laboratory are those of the theory, to the bit.
func TestLaw(t *testing.T) {
	for _, text := range points() {
		s := parse(t, text)
		var d Desk
		var got Reply
		if err := json.Unmarshal(d.Answer(request("law", text)), &got); err != nil || len(got.Faults) > 0 {
			t.Fatalf("%s: %v %v", text, err, got.Faults)
		}
		want, err := stdd.Solve(s.Params())
		if err != nil {
			t.Fatal(err)
		}
		d12, d21 := want.Drift(sal.Window(s.Half()))
		numbers := map[string]float64{}
		for _, n := range got.Numbers {
			numbers[n.Name] = n.Value
		}
		if tau := float64(s.Tau); numbers["drift12"] != d12 || numbers["drift21"] != d21 || numbers["activity 1"] != want.Rate1*tau ||
			numbers["activity 2"] != want.Rate2*tau || numbers["P(d > 0)"] != want.MassPositive() || numbers["residual"] != want.Residual {
			t.Errorf("%s: %v", text, numbers)
		}
		if len(got.Warnings) != len(want.Warnings) {
			t.Errorf("%s: warnings %q, want %v", text, got.Warnings, want.Warnings)
		}
		if got.Figure == nil || len(got.Figure.Panels) != 1 || got.Verdict == "" || !strings.HasPrefix(got.Command, "spikealign stdd --w12=") {
			t.Errorf("%s: the reply lacks something: %+v", text, got)
		}
	}
}

func request(op, text string) []byte {
	r, err := json.Marshal(Request{Op: op, Settings: text, Epochs: 100, Time: 20})
	if err != nil {
		panic(err)
	}
	return r
}

// TestPlane: row by row the plane becomes that of the theory; weights that move leave it as it is.
func TestPlane(t *testing.T) {
	s := parse(t, "tau=10&b1=0.5&psp=alpha&tau_syn=4")
	p := NewPlane(s)
	steps := 0
	for ; !p.Done(); steps++ {
		if p.Ready() != (steps >= 5) || p.Share() != float64(steps)/(5+9+17) {
			t.Errorf("after %d rows: ready %v, %v", steps, p.Ready(), p.Share())
		}
		if p.Ready() {
			if f, err := p.Figure(nil); err != nil || len(f.Panels) != 1 {
				t.Fatalf("after %d rows: %v", steps, err)
			}
		}
		finer, err := p.Step()
		if err != nil {
			t.Fatal(err)
		}
		if at := steps + 1; finer != (at == 5 || at == 5+9 || at == 5+9+17) {
			t.Errorf("after %d rows: finer %v", at, finer)
		}
	}
	if steps != 5+9+17 {
		t.Errorf("%d steps", steps)
	}
	for i := range p.grids {
		got := p.grids[i].shown
		want, err := stdd.PhasePlane(t.Context(), s.Params(), got.W12, got.W21, sal.Window(s.Half()), 2)
		if err != nil {
			t.Fatal(err)
		}
		line, err := stdd.AttractorLine(t.Context(), s.Params(), got.W12, s.Span, sal.Window(s.Half()), 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.W12) != sizes[i] || fmt.Sprint(got.Drift12, got.Drift21) != fmt.Sprint(want.Drift12, want.Drift21) {
			t.Errorf("another plane of %d x %d", sizes[i], sizes[i])
		}
		k := 0
		for _, q := range line.Points {
			if w12, w21, ok := q.Nearest(); ok && max(math.Abs(w12), math.Abs(w21)) <= s.Span*10/9 {
				if got.Line12[k] != w12 || got.Line21[k] != w21 {
					t.Errorf("point %d of the line at %v, %v, want %v, %v", k, got.Line12[k], got.Line21[k], w12, w21)
				}
				k++
			}
		}
		if k != len(got.Line12) || k < sizes[i]/2 {
			t.Errorf("%d points of the line, want %d", len(got.Line12), k)
		}
	}
	moved := s
	moved.W12, moved.Seed = -1, 7
	if !p.Move(moved) || p.s != moved {
		t.Error("another point is another plane")
	}
	moved.B1 = 0
	if p.Move(moved) || p.s == moved {
		t.Error("another bias is the same plane")
	}
}

// TestWalk: a walk is the same in pieces of any size, and with seed 1 ends where the weights are
// equal (figure 2d).
func TestWalk(t *testing.T) {
	s := parse(t, "w12=1.5&w21=0.5&b2=-0.2&tau=25")
	whole, err := NewWalk(s)
	if err != nil {
		t.Fatal(err)
	}
	if !whole.Advance(5000) || len(whole.W12) != 1501 || whole.W12[0] != 1.5 || whole.W21[0] != 0.5 {
		t.Fatalf("%d points from %v", len(whole.W12), whole.W12[0])
	}
	pieces, err := NewWalk(s)
	if err != nil {
		t.Fatal(err)
	}
	for !pieces.Advance(7) {
	}
	if fmt.Sprint(whole.W12, whole.W21) != fmt.Sprint(pieces.W12, pieces.W21) {
		t.Error("pieces make another walk")
	}
	// The published program ends at 0.991 and 1.009 with a spread of 0.019 each; 5 of these.
	if d := whole.W12[1500] - whole.W21[1500]; math.Abs(d) > 0.19 {
		t.Errorf("the weights end %v apart", d)
	}
	frozen, err := NewWalk(parse(t, "w12=1.5&w21=0.5&b2=-0.2&tau=25&rate_12=0"))
	if err != nil {
		t.Fatal(err)
	}
	frozen.Advance(5000)
	if frozen.W12[1500] != 1.5 || math.Abs(frozen.W21[1500]-1.5) > 0.19 {
		t.Errorf("frozen: %v, %v", frozen.W12[1500], frozen.W21[1500])
	}
}

// TestEpoch: the pairs of the epoch add up to what the walk's rule found in it, up to the rounding
// of another order of sums.
func TestEpoch(t *testing.T) {
	for _, text := range []string{"", "tau=5&w12=2&w21=2&b1=2&b2=2", "window=triangular&epoch=1000", "dynamics=continuous&epoch=200", "psp=alpha&tau_syn=20&tau=20&window_tau=3", "tau=1&b1=2"} {
		s := parse(t, text)
		e, err := NewEpoch(s)
		if err != nil {
			t.Fatal(err)
		}
		var sum12, sum21 float64
		for _, p := range e.spikes.Pairs {
			sum12, sum21 = sum12+p.Change12, sum21+p.Change21
			if lag := p.Later - p.Earlier; lag <= 0 || (p.Change12 < 0) != (p.Second == 1) {
				t.Errorf("%s: pair %+v", text, p)
			}
		}
		per := s.Half().Tau / float64(s.Tau*s.Epoch) // the rule's tau/T
		if n := len(e.spikes.Pairs); n == 0 && s.Tau > 1 || math.Abs(sum12*per-e.Drift12) > 1e-12 || math.Abs(sum21*per-e.Drift21) > 1e-12 {
			t.Errorf("%s: %d pairs with %v and %v, the rule says %v and %v", text, n, sum12*per, sum21*per, e.Drift12, e.Drift21)
		}
		for _, at := range []float64{-1, 0, 0.5, 13, 1e9} {
			if f, err := e.Figure(at); err != nil || len(f.Panels) != 2 {
				t.Errorf("%s at %v: %v", text, at, err)
			}
		}
	}
}

// TestDesk: all requests in the order of a page; what comes out of order is told.
func TestDesk(t *testing.T) {
	var d Desk
	for _, c := range []struct {
		op, text, fault string
	}{
		{"describe", "", ""}, {"plane-on", "", "there is no plane"}, {"walk-on", "", "there is no walk"}, {"epoch-at", "", "there is no epoch"},
		{"read", "tau=10", ""}, {"law", "", ""}, {"curve", "tau=10", ""}, {"shapes", "", ""}, {"plane", "tau=10", ""},
		{"walk", "tau=10", ""}, {"walk-on", "", "no plane for it"}, {"plane-on", "", ""}, {"plane-on", "", ""}, {"plane-on", "", ""},
		{"plane-on", "", ""}, {"plane-on", "", ""}, {"plane-on", "", ""}, {"plane-on", "", ""}, {"plane-on", "", ""}, {"plane-on", "", ""}, {"walk-on", "", ""}, {"epoch", "tau=10", ""}, {"epoch-at", "", ""},
		{"walk", "tau=x", `"x" is no whole number`}, {"nothing", "", "is no request"},
	} {
		var a Reply
		if err := json.Unmarshal(d.Answer(request(c.op, c.text)), &a); err != nil {
			t.Fatal(err)
		}
		if told := fmt.Sprint(a.Faults.Err()); c.fault == "" && len(a.Faults) > 0 || !strings.Contains(told, c.fault) && c.fault != "" {
			t.Errorf("%s %q: faults %v, want %q", c.op, c.text, told, c.fault)
		}
	}
	if a := string(d.Answer([]byte("{"))); !strings.Contains(a, "unexpected end") {
		t.Error(a)
	}
	var a Reply
	if err := json.Unmarshal(d.Answer(request("walk-on", "")), &a); err != nil {
		t.Fatal(err)
	}
	walk := a.Figure.Panels[0].Series
	if last := walk[len(walk)-2]; last.Label != "walk" || len(last.X) != 201 {
		t.Errorf("%d points of %q", len(last.X), last.Label)
	}
}
