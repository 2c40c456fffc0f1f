package kinds_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"spikealign/catalog"
	"spikealign/internal/testenv"
)

// TestAuthorsTraining trains from starts that the authors' public program drew, with its timing,
// and compares the courses of D_KL and asymmetry with those that it gave
// (testdata/authors-curves.csv, quoted). Its seed does not fix the spikes: two of its runs from one
// start differ in D_KL by .0028 (standard deviation) at a report, which bounds what can be asked
// for: rms difference of the two courses below twice that. Three seeds each.
func TestAuthorsTraining(t *testing.T) {
	testenv.NeedsLong(t)
	file, err := os.Open("testdata/authors-curves.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	theirs := func(name string) (xs []float64) {
		for k, head := range rows[0] {
			if head != name {
				continue
			}
			for _, row := range rows[1:] {
				x, err := strconv.ParseFloat(row[k], 64)
				if err != nil {
					t.Fatal(err)
				}
				xs = append(xs, x)
			}
		}
		return xs
	}
	for _, c := range []struct {
		start, name string
		sal         string
		asymmetry   float64 // largest rms difference
	}{
		{"minimal", "minimal-sal", "0.002", 1e-3},
		{"minimal", "minimal-none", "0", 1e-3},
		{"noise08", "noise08-sal", "0.002", 4e-3},
		{"noise08", "noise08-none", "0", 4e-3},
	} {
		for seed := range 3 {
			spec, err := catalog.All().Kinds().Load("testdata/authors-"+c.start+".yaml", "plasticity.rate_sal="+c.sal, fmt.Sprintf("seed=%d", seed+1), "snapshots=false")
			if err != nil {
				t.Fatal(err)
			}
			m := columns(t, spec)
			dkl, asymmetry := m["dkl"], m["asymmetry"]
			d, a := rms(t, dkl, theirs(c.name+"-dkl")), rms(t, asymmetry, theirs(c.name+"-asymmetry"))
			t.Logf("%s, seed %d: rms difference of D_KL %.4f, of asymmetry %.5f; D_KL at the end %.4f, theirs %.4f", c.name, seed+1, d, a, dkl[len(dkl)-1], theirs(c.name + "-dkl")[len(dkl)-1])
			if d > 2*0.0028*math.Sqrt2 || a > c.asymmetry {
				t.Errorf("%s, seed %d: the courses differ by more than sampling explains: D_KL %.4f, asymmetry %.5f", c.name, seed+1, d, a)
			}
		}
	}
}

func rms(t *testing.T, a, b []float64) float64 {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%d reports, theirs %d", len(a), len(b))
	}
	s := 0.0
	for k := range a {
		s += (a[k] - b[k]) * (a[k] - b[k])
	}
	return math.Sqrt(s / float64(len(a)))
}
