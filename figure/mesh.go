package figure

import (
	"math"
	"slices"
)

// Corner returns the corner of Cells in the middle of the points (i-1, j-1) to (i, j), two or more
// in each direction. Beyond the margin the grid goes on linearly.
func (s *Series) Corner(i, j int) (x, y float64) {
	for _, a := range [2]int{i - 1, i} {
		for _, b := range [2]int{j - 1, j} {
			x += beyond(s.X, s.Columns, a, b) / 4
			y += beyond(s.Y, s.Columns, a, b) / 4
		}
	}
	return x, y
}

// beyond returns v at (i, j), or for an index one outside the grid what the two values next to it
// lead to.
func beyond(v []float64, m, i, j int) float64 {
	n := len(v) / m
	switch {
	case i < 0:
		return 2*beyond(v, m, 0, j) - beyond(v, m, 1, j)
	case i == n:
		return 2*beyond(v, m, n-1, j) - beyond(v, m, n-2, j)
	case j < 0:
		return 2*v[i*m] - v[i*m+1]
	case j == m:
		return 2*v[i*m+m-1] - v[i*m+m-2]
	}
	return v[i*m+j]
}

// zeroLines returns the lines along which values at the points (x, y) of a grid (as of Cells)
// change their sign, with NaN between one and the next: where they cross the lines of the grid they
// are interpolated linearly, within a cell they are straight. Cells with a value that is not finite
// have none.
func zeroLines(x, y, v []float64, n, m int) (xs, ys []float64) {
	type edge struct{ a, b int } // between two points next to each other
	add := func(e edge) {
		t := v[e.a] / (v[e.a] - v[e.b])
		xs, ys = append(xs, x[e.a]+t*(x[e.b]-x[e.a])), append(ys, y[e.a]+t*(y[e.b]-y[e.a]))
	}
	links := map[edge][]edge{}
	var found []edge // in the order of their discovery
	link := func(a, b edge) {
		for _, e := range [][2]edge{{a, b}, {b, a}} {
			if links[e[0]] == nil {
				found = append(found, e[0])
			}
			links[e[0]] = append(links[e[0]], e[1])
		}
	}
	for i := range n - 1 {
		for j := range m - 1 {
			// The corners anticlockwise and the edges between them.
			c := [4]int{i*m + j, (i+1)*m + j, (i+1)*m + j + 1, i*m + j + 1}
			e := [4]edge{{c[0], c[1]}, {c[1], c[2]}, {c[3], c[2]}, {c[0], c[3]}}
			mean := v[c[0]] + v[c[1]] + v[c[2]] + v[c[3]]
			if !finite(mean) {
				continue
			}
			var crossed []edge
			for _, e := range e {
				if (v[e.a] > 0) != (v[e.b] > 0) {
					crossed = append(crossed, e)
				}
			}
			switch {
			case len(crossed) == 2:
				link(crossed[0], crossed[1])
			// a saddle; the middle belongs to corners 0 and 2
			case len(crossed) == 4 && (mean > 0) == (v[c[0]] > 0):
				link(e[0], e[1])
				link(e[2], e[3])
			case len(crossed) == 4:
				link(e[3], e[0])
				link(e[1], e[2])
			}
		}
	}
	seen := map[edge]bool{}
	walk := func(start edge) {
		if len(xs) > 0 {
			xs, ys = append(xs, math.NaN()), append(ys, math.NaN())
		}
		first := len(xs)
		add(start)
		seen[start] = true
		for last := start; ; {
			k := slices.IndexFunc(links[last], func(e edge) bool { return !seen[e] })
			if k < 0 {
				if len(xs)-first > 2 && slices.Contains(links[last], start) {
					add(start)
				}
				break
			}
			last = links[last][k]
			seen[last] = true
			add(last)
		}
	}
	// Open lines from their ends, then the closed ones.
	for _, ends := range []bool{true, false} {
		for _, e := range found {
			if !seen[e] && (len(links[e]) == 1 || !ends) {
				walk(e)
			}
		}
	}
	return xs, ys
}
