// Drawing of the series of a figure on a canvas, each kind by a function, and finding their values under a point.
// The order of drawing and the shapes are those of the printed pictures (package figure/render).

// ---- columns

const columns = new WeakMap();

// column is a list of numbers and null as numbers and NaN. The lists of a figure are not changed once it is shown,
// except that they may grow.
export function column(list) {
	if (!list) return null;
	let c = columns.get(list);
	if (!c || c.length !== list.length) {
		c = new Float64Array(list.length);
		let ascending = true, last = -Infinity;
		for (let k = 0; k < c.length; k++) {
			const v = list[k];
			c[k] = v === null || v === undefined ? NaN : v;
			if (c[k] < last) ascending = false;
			else if (c[k] === c[k]) last = c[k];
		}
		c.ascending = ascending;
		c.gaps = c.includes(NaN);
		columns.set(list, c);
	}
	return c;
}

// ---- colours

const parse = hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16));

// colours reads the colours of the page, by the roles of package figure.
export function colours(element) {
	const style = getComputedStyle(element), read = name => style.getPropertyValue(`--${name}`).trim();
	const theme = {__proto__: null, family: style.fontFamily, quiet: read("quiet"), accent: read("accent"), edge: read("edge")};
	for (const role of ["first", "second", "third", "fourth", "fifth", "sixth", "ink", "reference", "faint", "paper"]) theme[role] = parse(read(role));
	theme.contrast = theme.ink;
	for (const scale of ["sequential", "diverging"]) theme[scale] = read(scale).split(/\s+/).map(parse);
	return theme;
}

export const css = (rgb, opacity = 1) => `rgb(${rgb[0]} ${rgb[1]} ${rgb[2]} / ${opacity})`;

// ramp is the colour at f, 0 to 1, of a scale.
function ramp(stops, f) {
	const n = stops.length - 1;
	if (!(f > 0)) return stops[0];
	if (f >= 1) return stops[n];
	const k = Math.floor(f * n), t = f * n - k;
	return stops[k].map((a, i) => Math.round((1 - t) * a + t * stops[k + 1][i]));
}

function colour(look, theme) {
	if (look.color === "sequential" || look.color === "diverging") return ramp(theme[look.color], look.shade ?? 0);
	return theme[look.color] ?? theme.ink;
}

const stroke = (look, theme) => css(colour(look, theme), look.opacity || 1);
const area = (look, theme) => css(colour(look, theme), look.fill ?? 1);

function pen(c, look, theme, unit) {
	c.strokeStyle = stroke(look, theme);
	c.lineWidth = (look.width || 0) * unit;
	c.setLineDash((look.dashes ?? []).map(d => d * unit));
	c.lineJoin = "round";
	c.lineCap = "butt";
}

function marker(c, look, theme, unit, x, y, radius = (look.radius || 0) * unit, fill = stroke(look, theme)) {
	c.fillStyle = fill;
	c.beginPath();
	c.arc(x, y, radius, 0, 2 * Math.PI);
	c.fill();
	if (look.marker === "ring") {
		c.fillStyle = css(theme.paper);
		c.beginPath();
		c.arc(x, y, Math.max(radius - 0.8 * unit, 0), 0, 2 * Math.PI);
		c.fill();
	}
}

// thumb draws the look of an entry of a key.
export function thumb(c, look, theme, unit, width, height) {
	if (look.scale) {
		const [from, to] = look.scale;
		for (let x = 0; x < width; x++) {
			c.fillStyle = css(ramp(theme[look.color], from + (to - from) * (x + 0.5) / width));
			c.fillRect(x, 2, 1, height - 4);
		}
	}
	if (look.fill > 0) {
		c.fillStyle = area(look, theme);
		c.fillRect(0, 2, width, height - 4);
	}
	if (look.width > 0) {
		pen(c, look, theme, unit);
		c.beginPath();
		c.moveTo(0, height / 2);
		c.lineTo(width, height / 2);
		c.stroke();
	}
	// The smallest markers of clouds are seen here too.
	if (look.marker) marker(c, {...look, opacity: Math.max(look.opacity || 1, 0.7)}, theme, unit, width / 2, height / 2, Math.max(look.radius * unit, 2.2));
}

// thumbWidth is the width of the look of an entry, 0 for none.
export function thumbWidth(look) {
	if (look.scale) return 60;
	if (look.width > 0 || look.fill > 0 || look.kind === "heat") return 24;
	return look.marker ? 12 : 0;
}

// bar draws the scale of colours beside the data.
export function bar(c, theme, x, y0, y1, width) {
	for (let y = y0; y < y1; y++) {
		c.fillStyle = css(ramp(theme.diverging, 1 - (y + 0.5 - y0) / (y1 - y0)));
		c.fillRect(x, y, width, Math.min(1.5, y1 - y));
	}
}

// ---- drawing: v is the view of a panel: context c, theme, unit (pixels of a point), scales x and y, data area
// (x0, y0) to (x1, y1), toX and toY

// draw draws one series.
export function draw(v, s) {
	kinds[s.kind]?.draw(v, s);
}

// limit is what coordinates may be, in pixels: beyond it lines of canvases lose their direction.
const limit = 16000;

// Line makes a path of lines, of which only the part within limit is given to the canvas.
class Line {
	constructor(c) {
		this.c = c;
		this.open = false;
	}

	to(x, y) {
		const c = this.c;
		if (!this.open) {
			if (Math.abs(x) < limit && Math.abs(y) < limit) c.moveTo(x, y);
			this.open = true;
		} else if (Math.abs(x) < limit && Math.abs(y) < limit && Math.abs(this.x) < limit && Math.abs(this.y) < limit) {
			c.lineTo(x, y);
		} else {
			const dx = x - this.x, dy = y - this.y;
			let t0 = 0, t1 = 1;
			for (const [d, q0, q1] of [[dx, -limit - this.x, limit - this.x], [dy, -limit - this.y, limit - this.y]]) {
				if (d === 0) {
					if (q0 > 0 || q1 < 0) t1 = -1;
				} else {
					t0 = Math.max(t0, Math.min(q0 / d, q1 / d));
					t1 = Math.min(t1, Math.max(q0 / d, q1 / d));
				}
			}
			if (t0 < t1) {
				c.moveTo(this.x + t0 * dx, this.y + t0 * dy);
				c.lineTo(this.x + t1 * dx, this.y + t1 * dy);
			}
			if (Math.abs(x) < limit && Math.abs(y) < limit) c.moveTo(x, y);
		}
		this.x = x;
		this.y = y;
	}

	end() { this.open = false; }
}

// search is the first index of an ascending column, which may have gaps, with a value of at least v.
function search(column, v) {
	let lo = 0, hi = column.length;
	while (lo < hi) {
		let mid = (lo + hi) >> 1;
		const at = mid;
		while (mid < hi && column[mid] !== column[mid]) mid++;
		if (mid < hi && column[mid] < v) lo = mid + 1;
		else hi = at;
	}
	return lo;
}

// inSight are the bounds first, last of the points of an ascending X that are seen, with one more at either side.
function inSight(v, X) {
	if (!X.ascending) return [0, X.length];
	const lo = search(X, v.x.min), hi = search(X, v.x.max);
	let first = lo - 1, last = hi + 1;
	while (first > 0 && !v.x.has(X[first])) first--;
	while (last < X.length && !v.x.has(X[last - 1])) last++;
	return [Math.max(first, 0), Math.min(last, X.length)];
}

// stretches gives f the stretches first..last-1 of the points of a curve that can be drawn.
function stretches(v, X, Ys, from, to, f) {
	let start = -1;
	for (let k = from; k <= to; k++) {
		let ok = k < to && v.x.has(X[k]);
		for (const Y of Ys) ok &&= v.y.has(Y[k]);
		if (ok && start < 0) start = k;
		if (!ok && start >= 0) {
			f(start, k);
			start = -1;
		}
	}
}

// dense tells whether there are so many points that a column of pixels has several.
const dense = (v, X, from, to) => X.ascending && to - from > 4 * (v.x1 - v.x0);

// thinned gives f the points of a dense line that matter: of each column of pixels first, lowest, highest and last.
function thinned(v, X, Y, from, to, f) {
	for (let k = from; k < to;) {
		const column = Math.floor(v.toX(X[k]));
		let low = k, high = k, next = k;
		for (; next < to && Math.floor(v.toX(X[next])) === column; next++) {
			if (Y[next] < Y[low]) low = next;
			if (Y[next] > Y[high]) high = next;
		}
		const four = [k, Math.min(low, high), Math.max(low, high), next - 1];
		for (let i = 0; i < 4; i++) if (i === 0 || four[i] > four[i - 1]) f(four[i]);
		k = next;
	}
}

const clamp = y => Math.min(Math.max(y, -limit), limit);

function band(v, s, X, from, to) {
	const {c} = v, Low = column(s.low), High = column(s.high);
	c.fillStyle = area(s, v.theme);
	stretches(v, X, [Low, High], from, to, (first, last) => {
		const up = [], down = [];
		if (dense(v, X, first, last)) {
			for (let k = first; k < last;) {
				const x = Math.floor(v.toX(X[k]));
				let low = Infinity, high = -Infinity;
				for (; k < last && Math.floor(v.toX(X[k])) === x; k++) {
					low = Math.min(low, Low[k]);
					high = Math.max(high, High[k]);
				}
				up.push([x + 0.5, v.toY(high)]);
				down.push([x + 0.5, v.toY(low)]);
			}
		} else {
			for (let k = first; k < last; k++) {
				up.push([v.toX(X[k]), v.toY(High[k])]);
				down.push([v.toX(X[k]), v.toY(Low[k])]);
			}
		}
		c.beginPath();
		for (const [x, y] of up) c.lineTo(clamp(x), clamp(y));
		for (const [x, y] of down.reverse()) c.lineTo(clamp(x), clamp(y));
		c.fill();
	});
}

function line(v, s, X, Y, from, to) {
	const {c} = v, alone = [], path = new Line(c);
	pen(c, s, v.theme, v.unit);
	c.beginPath();
	stretches(v, X, [Y], from, to, (first, last) => {
		if (last - first === 1 && X.length > 1 && !s.marker || X.length === 1) {
			alone.push(first);
		} else if (dense(v, X, first, last)) {
			thinned(v, X, Y, first, last, k => path.to(v.toX(X[k]), v.toY(Y[k])));
		} else {
			for (let k = first; k < last; k++) path.to(v.toX(X[k]), v.toY(Y[k]));
		}
		path.end();
	});
	c.stroke();
	c.setLineDash([]);
	for (const k of alone) marker(c, {...s, marker: "dot"}, v.theme, v.unit, v.toX(X[k]), v.toY(Y[k]), Math.max(1.6, s.width) * v.unit);
}

// Places knows which places of a data area have something, to a pixel of the screen.
class Places {
	constructor(v) {
		this.v = v;
		this.columns = Math.ceil((v.x1 - v.x0 + 40) * v.ratio);
		this.rows = Math.ceil((v.y1 - v.y0 + 40) * v.ratio);
		this.bits = new Uint8Array(this.columns * this.rows);
	}

	// had tells whether something was at a place, and puts something there.
	had(x, y) {
		const i = Math.round((x - this.v.x0 + 20) * this.v.ratio), j = Math.round((y - this.v.y0 + 20) * this.v.ratio);
		if (i < 0 || i >= this.columns || j < 0 || j >= this.rows) return true; // out of sight
		const k = j * this.columns + i, had = this.bits[k] === 1;
		this.bits[k] = 1;
		return had;
	}
}

function markers(v, s, X, Y, from, to) {
	const {c} = v;
	let radius = (s.radius || 0) * v.unit;
	if (s.size > 0) radius = Math.min(radius, Math.max(s.size * Math.abs(v.toX(v.x.min + s.size) - v.toX(v.x.min)) / s.size, 0.3));
	const values = s.color === "contrast" ? column(s.values) : null;
	// Many markers are stamped, and those at the place of another are left out.
	let stamp = null, seen = null;
	const many = to - from > 3000, half = radius + 1;
	if (many) {
		stamp = new OffscreenCanvas(Math.ceil(2 * half * v.ratio), Math.ceil(2 * half * v.ratio));
		const inner = stamp.getContext("2d");
		inner.scale(v.ratio, v.ratio);
		marker(inner, s, v.theme, v.unit, half, half, radius);
		seen = new Places(v);
	}
	for (let k = from; k < to; k++) {
		if (!v.x.has(X[k]) || !v.y.has(Y[k])) continue;
		const x = v.toX(X[k]), y = v.toY(Y[k]);
		if (x < v.x0 - radius || x > v.x1 + radius || y < v.y0 - radius || y > v.y1 + radius) continue;
		if (many && !values) {
			if (seen.had(x, y)) continue;
			c.drawImage(stamp, x - half, y - half, 2 * half, 2 * half);
			continue;
		}
		marker(c, s, v.theme, v.unit, x, y, radius, values ? css(Math.abs(values[k]) > 0.55 * s.limit ? v.theme.paper : v.theme.ink) : undefined);
	}
}

function shade(s, k, theme) {
	const value = column(s.values)[k];
	return value === value ? ramp(theme.diverging, 0.5 + 0.5 * value / s.limit) : theme.faint;
}

const pictures = new WeakMap();

// picture is a matrix as an image with a pixel for each value.
function picture(s, theme) {
	const values = column(s.values), rows = values.length / s.columns;
	let p = pictures.get(values);
	if (p?.theme === theme && p.limit === s.limit) return p.image;
	const image = new OffscreenCanvas(s.columns, rows), c = image.getContext("2d"), data = c.createImageData(s.columns, rows);
	for (let k = 0; k < values.length; k++) data.data.set([...shade(s, k, theme), 255], 4 * k);
	c.putImageData(data, 0, 0);
	pictures.set(values, {theme, limit: s.limit, image});
	return image;
}

// corners are the corners of cells, in the middle between the points of the grid; beyond the margin it goes on linearly.
function corners(v, s) {
	const m = s.columns, n = s.values.length / m, X = column(s.x), Y = column(s.y);
	const beyond = (a, i, j) => {
		if (i < 0) return 2 * beyond(a, 0, j) - beyond(a, 1, j);
		if (i === n) return 2 * beyond(a, n - 1, j) - beyond(a, n - 2, j);
		if (j < 0) return 2 * a[i * m] - a[i * m + 1];
		if (j === m) return 2 * a[i * m + m - 1] - a[i * m + m - 2];
		return a[i * m + j];
	};
	const mean = (a, i, j) => (beyond(a, i - 1, j - 1) + beyond(a, i - 1, j) + beyond(a, i, j - 1) + beyond(a, i, j)) / 4;
	const out = new Float64Array(2 * (n + 1) * (m + 1));
	for (let i = 0, k = 0; i <= n; i++) {
		for (let j = 0; j <= m; j++, k += 2) {
			out[k] = v.toX(mean(X, i, j));
			out[k + 1] = v.toY(mean(Y, i, j));
		}
	}
	return out;
}

const row = (v, k) => [v.toY(k + 0.36), v.toY(k - 0.36)];

// bisect is the index of the point nearest to x of an ascending column.
function bisect(v, X, Y, x) {
	const k = search(X, x);
	let left = k - 1, right = k;
	while (left >= 0 && !(v.x.has(X[left]) && v.y.has(Y[left]))) left--;
	while (right < X.length && !(v.x.has(X[right]) && v.y.has(Y[right]))) right++;
	if (left < 0) return right < X.length ? right : -1;
	if (right >= X.length) return left;
	return Math.abs(v.toX(X[left]) - v.toX(x)) <= Math.abs(v.toX(X[right]) - v.toX(x)) ? left : right;
}

// closest is the index of the point nearest to a place of the canvas, of those that are seen.
function closest(v, X, Y, px, py) {
	let best = -1, least = Infinity;
	for (let k = 0; k < X.length; k++) {
		if (!v.x.has(X[k]) || !v.y.has(Y[k])) continue;
		const x = v.toX(X[k]), y = v.toY(Y[k]), d = (x - px) ** 2 + (y - py) ** 2;
		if (d < least && x > v.x0 - 1 && x < v.x1 + 1 && y > v.y0 - 1 && y < v.y1 + 1) [best, least] = [k, d];
	}
	return best;
}

const reach = 40; // pixels to the point whose value is told

// Each kind: draw draws it, find gives what is at a place of the canvas as {x, y, k, ...}: data coordinates of the
// place that is meant, index, and what is told.
const kinds = {
	__proto__: null,
	xy: {
		draw(v, s) {
			const X = column(s.x), Y = column(s.y), [from, to] = inSight(v, X);
			if (s.fill > 0 && s.low) band(v, s, X, from, to);
			if (!Y) return;
			if (s.width > 0) line(v, s, X, Y, from, to);
			if (s.marker) markers(v, s, X, Y, from, to);
		},
		find(v, s, px, py) {
			const X = column(s.x), Y = column(s.y ?? s.high), Low = column(s.low), High = column(s.high);
			const along = X.ascending && s.width > 0 || !s.y;
			let k = along ? bisect(v, X, Y, v.x.value((px - v.x0) / (v.x1 - v.x0))) : closest(v, X, Y, px, py);
			if (k < 0) return null;
			// Several points at one x: the nearest of them.
			for (let i = k, d = Infinity; along && i < X.length && X[i] === X[k]; i++) {
				if (Math.abs(v.toY(Y[i]) - py) < d) [k, d] = [i, Math.abs(v.toY(Y[i]) - py)];
			}
			const dx = v.toX(X[k]) - px, dy = v.toY(Y[k]) - py;
			if ((along ? Math.abs(dx) : Math.hypot(dx, dy)) > reach || !v.x.shows(X[k])) return null;
			return {x: X[k], y: Y[k], k, along, low: Low?.[k], high: High?.[k], only: !s.y};
		},
	},
	bars: {
		draw(v, s) {
			const X = column(s.x), Y = column(s.y), ground = v.y.log ? v.y1 : v.toY(0);
			v.c.fillStyle = area(s, v.theme);
			for (let k = 0; k < X.length; k++) {
				if (!v.y.has(Y[k])) continue;
				const x = v.toX(X[k] - s.size / 2), y = clamp(v.toY(Y[k]));
				v.c.fillRect(x, y, v.toX(X[k] + s.size / 2) - x, ground - y);
			}
		},
		find(v, s, px) {
			const X = column(s.x), Y = column(s.y), x = v.x.value((px - v.x0) / (v.x1 - v.x0)), name = v.x.named(x);
			const at = name ? c => v.x.named(c) === name : c => Math.abs(c - x) <= s.size / 2;
			const k = X.findIndex((c, k) => at(c) && Number.isFinite(Y[k]));
			return k < 0 ? null : {x: X[k], y: Y[k], k};
		},
	},
	heat: {
		draw(v, s) {
			const rows = s.values.length / s.columns, x0 = v.toX(-0.5), x1 = v.toX(s.columns - 0.5), y0 = v.toY(0.5), y1 = v.toY(0.5 - rows);
			v.c.imageSmoothingEnabled = (x1 - x0) * v.ratio < s.columns;
			v.c.drawImage(picture(s, v.theme), x0, y0, x1 - x0, y1 - y0);
		},
		find(v, s, px, py) {
			const j = Math.round(v.x.value((px - v.x0) / (v.x1 - v.x0))), i = Math.round(-v.y.value((v.y1 - py) / (v.y1 - v.y0)));
			const k = i * s.columns + j;
			return j < 0 || j >= s.columns || i < 0 || k >= s.values.length ? null : {x: j, y: -i, k, value: column(s.values)[k], whole: true};
		},
	},
	cells: {
		draw(v, s) {
			const {c} = v, m = s.columns, n = s.values.length / m, p = corners(v, s), at = (i, j) => 2 * (i * (m + 1) + j);
			let straight = true;
			for (let i = 0; straight && i <= n; i++) {
				for (let j = 0; straight && j <= m; j++) {
					straight = Math.abs(p[at(i, j)] - p[at(0, j)]) < 1e-3 && Math.abs(p[at(i, j) + 1] - p[at(i, 0) + 1]) < 1e-3;
				}
			}
			c.lineWidth = 1;
			c.setLineDash([]);
			for (let i = 0; i < n; i++) {
				for (let j = 0; j < m; j++) {
					const colour = css(shade(s, i * m + j, v.theme)), a = at(i, j), b = at(i + 1, j), d = at(i + 1, j + 1), e = at(i, j + 1);
					c.fillStyle = colour;
					if (straight) { // to whole pixels, without seams
						const snap = t => Math.round(t * v.ratio) / v.ratio;
						const x = snap(p[a]), y = snap(p[a + 1]);
						c.fillRect(x, y, snap(p[d]) - x, snap(p[d + 1]) - y);
						continue;
					}
					c.beginPath();
					c.moveTo(p[a], p[a + 1]);
					c.lineTo(p[b], p[b + 1]);
					c.lineTo(p[d], p[d + 1]);
					c.lineTo(p[e], p[e + 1]);
					c.closePath();
					c.fill();
					c.strokeStyle = colour; // else there are light seams between areas that only touch
					c.stroke();
				}
			}
		},
		find(v, s, px, py) {
			const k = closest(v, column(s.x), column(s.y), px, py);
			return k < 0 ? null : {x: column(s.x)[k], y: column(s.y)[k], k, value: column(s.values)[k], whole: true};
		},
	},
	arrows: {
		draw(v, s) {
			const {c} = v, X = column(s.x), Y = column(s.y), U = column(s.u), V = column(s.v);
			let top = 0;
			for (let k = 0; k < U.length; k++) top = Math.max(top, Math.hypot(U[k], V[k]) || 0);
			pen(c, s, v.theme, v.unit);
			for (let k = 0; k < X.length; k++) {
				const size = Math.hypot(U[k], V[k]), half = size > 0 ? 0.5 * s.size * Math.sqrt(size / top) / size : 0;
				const x0 = v.toX(X[k] - half * U[k]), y0 = v.toY(Y[k] - half * V[k]), x1 = v.toX(X[k] + half * U[k]), y1 = v.toY(Y[k] + half * V[k]);
				const length = Math.hypot(x1 - x0, y1 - y0);
				if (!(length >= 0.8 * v.unit)) {
					if (size === size) marker(c, s, v.theme, v.unit, v.toX(X[k]), v.toY(Y[k]), 0.4 * v.unit);
					continue;
				}
				const head = Math.min(2.4 * v.unit, 0.6 * length), ax = (x1 - x0) * head / length, ay = (y1 - y0) * head / length;
				c.beginPath();
				c.moveTo(x0, y0);
				c.lineTo(x1 - ax, y1 - ay);
				c.stroke();
				c.fillStyle = css(colour(s, v.theme));
				c.beginPath();
				c.moveTo(x1, y1);
				c.lineTo(x1 - ax - 0.4 * ay, y1 - ay + 0.4 * ax);
				c.lineTo(x1 - ax + 0.4 * ay, y1 - ay - 0.4 * ax);
				c.fill();
			}
		},
		find(v, s, px, py) {
			const X = column(s.x), Y = column(s.y), k = closest(v, X, Y, px, py);
			if (k < 0 || Math.hypot(v.toX(X[k]) - px, v.toY(Y[k]) - py) > reach) return null;
			return {x: X[k], y: Y[k], k, u: column(s.u)[k], v: column(s.v)[k], whole: true};
		},
	},
	spikes: {
		draw(v, s) {
			const X = column(s.x), Y = column(s.y), w = Math.max((s.width || 0.8) * v.unit, 0.7), [from, to] = inSight(v, X);
			const seen = to - from > 3000 ? new Places(v) : null;
			v.c.fillStyle = stroke(s, v.theme);
			for (let k = from; k < to; k++) {
				const x = v.toX(X[k]);
				if (!(x >= v.x0 - w && x <= v.x1 + w)) continue;
				let [y0, y1] = row(v, Y[k]);
				if (y1 - y0 < 0.8 * v.unit) [y0, y1] = [(y0 + y1) / 2 - 0.4 * v.unit, (y0 + y1) / 2 + 0.4 * v.unit];
				if (seen?.had(x, (y0 + y1) / 2)) continue;
				v.c.fillRect(x - w / 2, y0, w, y1 - y0);
			}
		},
		find(v, s, px, py) {
			const X = column(s.x), Y = column(s.y), k = closest(v, X, Y, px, py);
			return k < 0 || Math.abs(v.toX(X[k]) - px) > 12 ? null : {x: X[k], y: Y[k], k, row: true, whole: true};
		},
	},
	blocks: {
		draw(v, s) {
			const X = column(s.x), Y = column(s.y);
			v.c.fillStyle = area(s, v.theme);
			for (let k = 0; k < X.length; k++) {
				const x0 = Math.max(v.toX(X[k]), v.x0), x1 = Math.min(v.toX(X[k] + s.size), v.x1), [y0, y1] = row(v, Y[k]);
				if (x1 > x0) v.c.fillRect(x0, y0, x1 - x0, y1 - y0);
			}
		},
	},
	level: {
		draw(v, s) {
			if (!v.y.has(s.y[0])) return;
			const y = v.toY(s.y[0]);
			if (Math.abs(y) > limit) return;
			pen(v.c, s, v.theme, v.unit);
			v.c.beginPath();
			v.c.moveTo(v.x0, y);
			v.c.lineTo(v.x1, y);
			v.c.stroke();
			v.c.setLineDash([]);
		},
	},
	diagonal: {
		draw(v, s) {
			const lo = Math.max(v.x.min, v.y.min), hi = Math.min(v.x.max, v.y.max);
			if (!(lo < hi)) return;
			pen(v.c, s, v.theme, v.unit);
			v.c.beginPath();
			v.c.moveTo(v.toX(lo), v.toY(lo));
			v.c.lineTo(v.toX(hi), v.toY(hi));
			v.c.stroke();
			v.c.setLineDash([]);
		},
	},
};

// find gives what a series has at a place of the canvas, or null.
export function find(v, s, px, py) {
	return kinds[s.kind]?.find?.(v, s, px, py) ?? null;
}
