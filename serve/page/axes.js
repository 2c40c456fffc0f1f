// Axes of figures: text with marks, round numbers, ranges. The rules are those of the printed pictures (package
// figure/render), so that both say the same; lengths are in CSS pixels.

// ---- text: one line with the marks _{sub}, ^{super} and \i{italic}, which do not nest

const mark = /_\{([^}]*)\}|\^\{([^}]*)\}|\\i\{([^}]*)\}/g;
const split = new Map();

// spans splits marked text into pieces of one look: {text, tag, scale, shift}.
export function spans(text) {
	text = text ?? "";
	let out = split.get(text);
	if (out) return out;
	out = [];
	let end = 0;
	for (const m of text.matchAll(mark)) {
		if (m.index > end) out.push({text: text.slice(end, m.index), tag: "", scale: 1, shift: 0});
		if (m[1]) out.push({text: m[1], tag: "sub", scale: 0.72, shift: 0.19});
		if (m[2]) out.push({text: m[2], tag: "sup", scale: 0.72, shift: -0.36});
		if (m[3]) out.push({text: m[3], tag: "i", scale: 1, shift: 0});
		end = m.index + m[0].length;
	}
	if (end < text.length) out.push({text: text.slice(end), tag: "", scale: 1, shift: 0});
	if (split.size > 5000) split.clear();
	split.set(text, out);
	return out;
}

// plain is text without its marks.
export const plain = text => spans(text).map(s => s.text).join("");

// write replaces what an element holds by marked text. Data never becomes markup: all of it goes through text nodes.
export function write(element, text) {
	element.replaceChildren(...spans(text).map(s => {
		if (!s.tag) return document.createTextNode(s.text);
		const e = document.createElement(s.tag);
		e.textContent = s.text;
		return e;
	}));
	return element;
}

// words splits text at its spaces; spaces within marks do not count.
const words = text => text.match(/(?:_\{[^}]*\}|\^\{[^}]*\}|\\i\{[^}]*\}|[^ \t\n])+/g) ?? [];

// Pen writes on a canvas in one font.
export class Pen {
	constructor(context, family) {
		this.context = context;
		this.family = family;
		this.widths = new Map();
	}

	font(span, size, bold) {
		return `${span.tag === "i" ? "italic " : ""}${bold ? "650 " : ""}${(size * span.scale).toFixed(2)}px ${this.family}`;
	}

	width(text, size, bold = false) {
		const key = `${size} ${bold} ${text}`;
		let w = this.widths.get(key);
		if (w === undefined) {
			w = 0;
			for (const s of spans(text)) {
				this.context.font = this.font(s, size, bold);
				w += this.context.measureText(s.text).width;
			}
			if (this.widths.size > 5000) this.widths.clear();
			this.widths.set(key, w);
		}
		return w;
	}

	// text writes at a point: alignX 0 its left end, 1 its right end; alignY 0 the base line, 1 the top of capitals.
	// It becomes smaller where it is longer than room.
	text(text, x, y, {size, alignX = 0, alignY = 0, upward = false, bold = false, color, room = Infinity}) {
		const c = this.context, full = this.width(text, size, bold);
		if (full > room) size *= room / full;
		const w = Math.min(full, room);
		c.save();
		c.translate(x, y);
		if (upward) c.rotate(-Math.PI / 2);
		c.fillStyle = color;
		c.textBaseline = "alphabetic";
		c.textAlign = "left";
		let at = -alignX * w;
		for (const s of spans(text)) {
			c.font = this.font(s, size, bold);
			c.fillText(s.text, at, alignY * 0.716 * size + s.shift * size);
			at += c.measureText(s.text).width;
		}
		c.restore();
	}

	// wrap breaks text at spaces into lines no wider than room, but for single words.
	wrap(text, room, size) {
		const lines = [];
		for (const word of words(text ?? "")) {
			const n = lines.length;
			if (n > 0 && this.width(`${lines[n - 1]} ${word}`, size) <= room) lines[n - 1] += ` ${word}`;
			else lines.push(word);
		}
		return lines;
	}
}

// ---- numbers

const minus = text => /^-[0.]*$/.test(text) ? text.slice(1) : text.replace(/^-/, "−");
const powerOfTen = e => `10^{${minus(String(e))}}`;

// format writes a value for people, so that values can be told apart that are span/1000 apart.
export function format(v, span = 0) {
	if (!Number.isFinite(v)) return "–";
	if (v === 0) return "0";
	const size = Math.abs(v);
	let digits = 4;
	if (span > 0) digits = Math.min(Math.max(Math.ceil(Math.log10(size / span)) + 3, 4), 12);
	if (size >= 1e5 || size < 1e-3) {
		const [m, e] = v.toExponential(digits - 1).split("e");
		return `${minus(String(Number(m)))}×${powerOfTen(Number(e))}`;
	}
	return minus(String(Number(v.toPrecision(digits))));
}

// linearTicks returns round values within lo..hi with room for their labels, and the power of ten that the labels were
// divided by, 0 for none.
export function linearTicks(lo, hi, length, space) {
	const largest = Math.max(Math.abs(lo), Math.abs(hi));
	const power = largest >= 1e4 || largest < 1e-2 ? 3 * Math.floor(Math.log10(largest) / 3) : 0;
	const unit = 10 ** power, exponent = Math.floor(Math.log10((hi - lo) / unit)) - 2;
	for (let k = 0; ; k++) {
		const e = exponent + Math.floor(k / 3), step = [1, 2, 5][k % 3] * 10 ** e * unit;
		const first = Math.ceil(lo / step - 1e-9), last = Math.floor(hi / step + 1e-9);
		if (last - first > 50) continue;
		const ticks = [];
		let need = 0;
		for (let i = first; i <= last; i++) {
			const label = minus((i * step / unit).toFixed(Math.min(Math.max(0, -e), 100)));
			ticks.push({value: i * step, label});
			need = Math.max(need, space(label));
		}
		if (step / (hi - lo) * length >= need || ticks.length <= 2) return {ticks, power};
	}
}

// integers are the ticks at integers, or all where those are less than two.
function integers(ticks) {
	const out = ticks.filter(t => Number.isInteger(t.value)).map(t => ({value: t.value, label: t.label.split(".")[0]}));
	return out.length < 2 ? ticks : out;
}

function decimal(d, e) {
	if (e < -4 || e > 4) return `${d}×${powerOfTen(e)}`;
	return e < 0 ? (d * 10 ** e).toFixed(-e) : d + "0".repeat(e);
}

// logTicks labels powers of ten where two or more are in sight, else multiples too, else round numbers.
export function logTicks(lo, hi, length, space) {
	const slack = 1e-9, l0 = Math.log10(lo) - slack, l1 = Math.log10(hi) + slack;
	const first = Math.ceil(l0), last = Math.floor(l1);
	const inside = v => Math.log10(v) >= l0 && Math.log10(v) <= l1;
	if (last - first >= 1 && l1 - l0 > 1.5) {
		let every = 1;
		while (every < last - first && every / (l1 - l0) * length < space(powerOfTen(first))) every++;
		const ticks = [];
		for (let e = first - 1; e <= last; e++) {
			if (e >= first) ticks.push({value: 10 ** e, label: (e - last) % every === 0 ? powerOfTen(e) : ""});
			for (let d = 2; d < 10 && last - first <= 8; d++) if (inside(d * 10 ** e)) ticks.push({value: d * 10 ** e, label: ""});
		}
		return ticks;
	}
	let best = null;
	for (const labelled of ["1", "15", "125", "1235", "123457", "12345678"]) {
		const ticks = [];
		let count = 0, crowded = false, before = -Infinity;
		for (let e = first - 1; e <= last; e++) {
			for (let d = 1; d < 10; d++) {
				const v = d * 10 ** e;
				if (!inside(v)) continue;
				const t = {value: v, label: ""};
				if (labelled.includes(d)) {
					t.label = decimal(d, e);
					const at = (Math.log10(v) - l0) / (l1 - l0) * length;
					crowded ||= at - before < space(t.label);
					before = at;
					count++;
				}
				ticks.push(t);
			}
		}
		if (crowded) break;
		if (count >= 2) best = ticks;
		if (count >= 3) break;
	}
	if (best) return best;
	const {ticks, power} = linearTicks(lo, hi, length, label => 1.5 * space(label));
	if (power === 0) return ticks;
	return ticks.map(t => ({value: t.value, label: Math.abs(power) === 3
		? minus(t.value.toFixed(Math.max((t.label.split(".")[1] ?? "").length - power, 0))) : `${t.label}×${powerOfTen(power)}`}));
}

// ---- scales

// shown tells whether a value has a place.
const shown = (v, log) => log ? v > 1e-100 && v < 1e100 : v > -1e100 && v < 1e100;

// Scale is an axis of a figure with what it shows now.
export class Scale {
	constructor(axis) {
		this.axis = axis;
		this.log = Boolean(axis.log);
		this.ticks = [];
		this.lines = [];
		this.power = 0;
	}

	// whole sets the whole range, with margins. least is the smallest value above 0 that the data have, for a linear
	// axis that is shown as a logarithmic one.
	whole(log, least) {
		const a = this.axis;
		this.log = log;
		let [lo, hi] = a.range ?? [1, 10];
		if (log && !(lo > 0)) lo = Math.min(least, hi);
		if (!a.range) {
			// nothing is drawn
		} else if (log) {
			const l0 = Math.log10(lo), l1 = Math.log10(hi);
			const pad = l1 - l0 < 1e-3 ? 0.3 : a.tight ? 0 : 0.04 * (l1 - l0);
			[lo, hi] = [10 ** (l0 - pad), 10 ** (l1 + pad)];
		} else if (a.whole && lo === hi && lo >= 0) {
			[lo, hi] = [0, Math.max(1, 1.1 * hi)];
		} else {
			if (a.zero) [lo, hi] = [Math.min(lo, 0), Math.max(hi, 0)];
			const size = Math.max(Math.abs(lo), Math.abs(hi));
			let pad = a.tight ? 0 : 0.04 * (hi - lo);
			if (hi - lo <= 1e-6 * size || size === 0) pad = size === 0 ? 0.5 : 0.1 * size;
			const low = lo, high = hi;
			if (!a.zero || low < 0) lo -= pad;
			if (!a.zero || high > 0 || low === 0) hi += pad;
		}
		this.full = [lo, hi];
		[this.min, this.max] = this.full;
	}

	// show shows a part of the whole range, or with null all of it.
	show(part) {
		[this.min, this.max] = part ?? this.full;
		this.part = Boolean(part);
		this.prepare();
	}

	prepare() {
		this.start = this.log ? Math.log(this.min) : this.min;
		this.size = (this.log ? Math.log(this.max) : this.max) - this.start;
	}

	// tick chooses ticks for an axis of the given length.
	tick(length, space) {
		const a = this.axis;
		this.power = 0;
		if (!a.range) {
			this.ticks = [];
		} else if (a.ticks) {
			this.ticks = this.thin(length, space);
		} else if (this.log) {
			this.ticks = logTicks(this.min, this.max, length, space);
		} else {
			const {ticks, power} = linearTicks(this.min, this.max, length, space);
			this.ticks = a.whole && power === 0 ? integers(ticks) : ticks;
			this.power = power;
		}
	}

	// thin keeps every first, second, third, ... label of the named ticks in sight, so that they do not touch.
	thin(length, space) {
		const all = this.axis.ticks.filter(t => this.shows(t.value));
		for (let every = 1; ; every++) {
			let fits = true, before = null;
			const out = all.map((t, k) => {
				if (k % every !== 0) return {value: t.value, label: ""};
				const at = this.norm(t.value) * length;
				if (before !== null && Math.abs(at - before) < space(t.label)) fits = false;
				before = at;
				return t;
			});
			if (fits || every > all.length) return out;
		}
	}

	// text is the label with its unit and the power of ten of the tick labels.
	text() {
		const {label = "", unit} = this.axis, power = `×${powerOfTen(this.power)}`;
		const s = unit ? `${label} (${unit})` : label;
		if (this.power === 0) return s;
		return s === "" ? power : `${s} (${power})`;
	}

	// norm is the place of a value, 0 at the start and 1 at the end of what is shown; value is its inverse.
	norm(v) { return ((this.log ? Math.log(v) : v) - this.start) / this.size; }
	value(n) {
		const v = this.start + n * this.size;
		return this.log ? Math.exp(v) : v;
	}

	has(v) { return shown(v, this.log); }
	shows(v) {
		const n = this.norm(v);
		return n > -1e-9 && n < 1 + 1e-9;
	}

	// between is the part between two places, which may lie outside, kept within the whole; null for all of it.
	between(n0, n1) {
		const [f0, f1] = this.full.map(v => this.norm(v));
		let lo = Math.min(n0, n1), hi = Math.max(n0, n1);
		if (hi - lo >= f1 - f0 - 1e-9) return null;
		if (lo < f0) [lo, hi] = [f0, hi + f0 - lo];
		if (hi > f1) [lo, hi] = [lo - hi + f1, f1];
		const part = [this.value(lo), this.value(hi)];
		const size = Math.max(Math.abs(part[0]), Math.abs(part[1]));
		return part[1] - part[0] > 1e-10 * size ? part : this.part ? [this.min, this.max] : null;
	}

	// span is the length of what is shown, for the precision of numbers.
	span() { return this.log ? 0 : this.max - this.min; }

	// named is the named tick that a value belongs to: places beside it, as of columns of one group, are of that name.
	named(v) {
		const ticks = this.axis.ticks ?? [];
		this.step ??= Math.min(...ticks.map((t, k) => k > 0 ? Math.abs(t.value - ticks[k - 1].value) : Infinity));
		return ticks.find(t => t.label && Math.abs(t.value - v) < Math.min(0.5, 0.45 * this.step));
	}

	// name writes a value, by its name where the axis has one.
	name(v) { return this.named(v)?.label ?? format(v, this.span()); }
}
