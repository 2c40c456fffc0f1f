// Figures in a page: the values of package figure, in JSON, drawn on canvases so that one can zoom, read values, and
// switch series on and off.
//
//	import {show} from "./figure.js";
//	const shown = show(element, figure, options);   // fills the element, which has a width
//	shown.update(figure, options);                  // another state of it: zoom, switches and elements stay; drawn with
//	                                                // the next frame, the newest state only; options that are not given
//	                                                // stay as they were
//	shown.destroy();                                // empties the element
//
// figure is the JSON of a figure.Figure (docs/files.md, "Figures as data"). Its lists of numbers are not changed once
// they are shown; a list that is the same object as before, and as long, is not read again.
//
// options, all optional:
//	wide        true: as wide as the element, however small the printed figure is
//	height      of the data areas, in pixels, instead of what follows from the figure
//	onZoom      (panel, x, y) => {}: panel (an index) shows x = [from, to] or null for all, y likewise. Called when
//	            zooming rests. Panels with the same abscissa are zoomed along x together, those whose ordinate has its
//	            labels at a neighbour along y too; it is called for the one that the user acts on. A finer figure of this part keeps the ranges of its axes: those of all data.
//	onPoint     (panel, x, y) => {}: a click, or Enter at the cursor of the keyboard, at this place of the data
//	handles     [{panel, x, y, label, fixed}]: points to drag, with the pointer or the arrow keys; fixed "x" or "y"
//	            keeps one coordinate
//	onHandle    (k, x, y, end) => {}: handle k is wanted at (x, y); end is true when it is let go. The caller answers
//	            with update.
//	onHide      (labels) => {}: the labels of the figure's key that are switched off
//	hidden      labels of the figure's key that are switched off at the beginning
//
// Pointer: move to read values, drag to zoom (sideways along x only, upright along y only), double click for the whole;
// the wheel with Ctrl, or two fingers on a pad, zooms about the pointer. The wheel alone scrolls the page.
// Keys, on a focused panel: + - zoom, arrows move, 0 the whole, L logarithmic or linear ordinate, Shift+arrows move a
// cursor that reads values, Enter takes its place, Escape removes it.
//
// Also: spark(canvas, x, y, log), a small curve without axes, drawn with the next frame; plain(text), text without its marks.
//
// There is no library below: what a chart library brings (aligned columns, its own axes, keys and cursors) is not what
// figures have, and grids of cells, arrows, square panels and marked text would all have to be added to it.

import {Pen, Scale, format, plain, write} from "./axes.js";
import {bar, colours, column, css, draw, find, thumb, thumbWidth} from "./series.js";

export {plain};

const tickSize = 11.5, labelSize = 12.5, labelLine = 15, tickLength = 5, tickGap = 4, labelGap = 6, over = 6;
const gap = 16, barGap = 9, barWidth = 10, roof = 8; // roof: above the data area, for half a label
const narrowest = 210; // a column narrower than this goes below the others

const element = (name, className, ...children) => {
	const e = document.createElement(name);
	if (className) e.className = className;
	e.append(...children);
	return e;
};

const button = (className, text, act) => {
	const e = element("button", className, text);
	e.type = "button";
	e.addEventListener("click", act);
	return e;
};

// sized gives a canvas its size in CSS pixels, in its style too unless a style sheet has it, and returns its context, in
// these units and empty.
function sized(canvas, width, height, styled = false) {
	const ratio = devicePixelRatio || 1, w = Math.round(width * ratio), h = Math.round(height * ratio);
	const context = canvas.getContext("2d");
	if (canvas.width !== w || canvas.height !== h) {
		canvas.width = w;
		canvas.height = h;
	}
	if (!styled && (canvas.style.width !== `${width}px` || canvas.style.height !== `${height}px`)) {
		canvas.style.width = `${width}px`;
		canvas.style.height = `${height}px`;
	}
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	return context;
}

// ---- colours: all figures follow the theme together

const figures = new Set();
const repaint = () => figures.forEach(f => f.recolour());
new MutationObserver(repaint).observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

// ---- keys

// Key is one row of entries. It is made anew only when the entries change.
class Key {
	constructor(toggle) {
		this.node = element("div", "figure-key");
		this.toggle = toggle;
		this.text = "";
		this.thumbs = [];
	}

	// set shows entries {label, look, known}: those that are known can be switched.
	set(entries, hidden, theme) {
		const text = JSON.stringify(entries.map(e => [e.label, e.look, e.known]));
		if (text !== this.text) {
			this.text = text;
			this.thumbs = [];
			this.entries = [];
			const nodes = entries.map(e => {
				const node = e.known ? button("", "", event => this.toggle(e.label, event.shiftKey)) : element("span", "");
				if (e.known) {
					node.addEventListener("keydown", event => { // a click by the keyboard does not know of Shift
						if (event.key !== "Enter" || !event.shiftKey) return;
						event.preventDefault();
						this.toggle(e.label, true);
					});
				}
				const width = thumbWidth(e.look);
				if (width) {
					const canvas = element("canvas", "");
					this.thumbs.push({canvas, look: e.look, width});
					node.append(canvas);
				}
				node.append(write(element("span", ""), e.label));
				if (e.known) this.entries.push({node, label: e.label});
				return node;
			});
			this.node.replaceChildren(...nodes);
			this.theme = null;
		}
		this.node.hidden = entries.length === 0;
		for (const e of this.entries ?? []) {
			e.node.setAttribute("aria-pressed", String(!hidden(e.label)));
			e.node.title = "switch on or off; with Shift: this one alone";
		}
		if (this.theme !== theme) {
			this.theme = theme;
			for (const t of this.thumbs) thumb(sized(t.canvas, t.width, 14), t.look, theme, 1.5, t.width, 14);
		}
	}
}

// look is what the series of a key looks like: columns do not matter.
const look = ({color, shade, fill, opacity, width, dashes, marker, radius, scale}) => ({color, shade, fill, opacity, width, dashes, marker, radius, scale});

// ---- panels

class Panel {
	constructor(figure, index) {
		this.figure = figure;
		this.index = index;
		this.part = {x: null, y: null}; // what is shown, null for all
		this.log = {}; // axes that are switched from what the figure says
		this.hidden = new Set();

		this.heading = element("div", "figure-heading");
		this.key = new Key((label, alone) => this.figure.switchSeries(label, alone, this));
		this.note = element("div", "figure-note");
		this.menuButton = button("figure-menu-button", "⋯", () => this.menu ? this.closeMenu() : this.openMenu());
		this.menuButton.setAttribute("aria-haspopup", "true");
		this.menuButton.setAttribute("aria-expanded", "false");
		this.head = element("div", "figure-head", this.heading, this.key.node, this.note, this.menuButton);
		this.canvas = element("canvas", "");
		this.canvas.tabIndex = 0;
		this.canvas.setAttribute("role", "img");
		this.over = element("canvas", "");
		this.over.setAttribute("aria-hidden", "true");
		this.plot = element("div", "figure-plot", this.canvas, this.over);
		this.node = element("section", "figure-panel", this.head, this.plot);
		this.handles = [];
		this.listen();
	}

	// set takes the state of the panel in a figure.
	set(data, letter, shown) {
		this.data = data;
		// Another quantity is not seen through the part that was chosen for the one before.
		for (const d of ["x", "y"]) {
			const quantity = JSON.stringify([data[d].label, data[d].unit, data[d].log, data[d].ticks?.length ?? 0]);
			if (this[d + "Quantity"] !== quantity) {
				this[d + "Quantity"] = quantity;
				this.part[d] = null;
				delete this.log[d];
			}
		}
		this.x = new Scale(data.x);
		this.y = new Scale(data.y);
		this.bar = data.bar ? new Scale(data.bar) : null;
		this.series = (data.series ?? []).filter(s => s.kind === "level" || s.kind === "diagonal" || s.kind && (s.x?.length || s.values?.length));
		this.letter = letter;
		const text = `${letter}\n${data.heading ?? ""}`;
		if (this.text !== text) {
			this.text = text;
			const words = write(element("span", ""), data.heading ?? "");
			this.heading.replaceChildren(...letter ? [element("b", "", letter), words] : [words]);
		}
		if (this.noted !== (data.note ?? "")) {
			this.noted = data.note ?? "";
			write(this.note, this.noted);
		}
		this.note.hidden = !data.note;

		const seen = new Set(shown);
		this.entries = [];
		for (const s of data.series ?? []) {
			if (!s.label || seen.has(s.label)) continue;
			seen.add(s.label);
			this.entries.push({label: s.label, look: look(s), known: this.series.some(t => t.label === s.label)});
		}
		this.scale();
		const name = [letter, plain(data.heading), [data.y.label, data.x.label].filter(Boolean).map(plain).join(" over ")].filter(Boolean).join(", ");
		this.canvas.setAttribute("aria-label", name || "panel");
		this.canvas.setAttribute("aria-description", "Plus and minus zoom, arrows move, 0 shows all, Shift with arrows reads values, L switches between logarithmic and linear.");
		this.menuButton.setAttribute("aria-label", `menu of panel ${name}`);
	}

	// scale sets the ranges of the axes.
	scale() {
		for (const d of ["x", "y"]) this[d].whole(this.log[d] ?? Boolean(this.data[d].log), this.least(d));
		for (const d of ["x", "y"]) {
			const [lo, hi] = this[d].full, p = this.part[d];
			// What was chosen may have left the axis, which then shows all.
			if (p && (p[0] >= hi || p[1] <= lo || this[d].log && !(p[0] > 0))) this.part[d] = null;
			this[d].show(this.part[d]);
		}
		this.empty = !this.data.x.range || !this.data.y.range || !this.data.series?.some(s => s.kind && (s.kind !== "xy" || s.x?.length));
	}

	// least is the smallest value above 0 along an axis.
	least(d) {
		let least = Infinity;
		for (const s of this.series) {
			if (s.kind !== "xy") continue;
			for (const list of d === "x" ? [s.x] : [s.y, s.low, s.high]) {
				for (const v of column(list) ?? []) if (v > 0 && v < least) least = v;
			}
		}
		return least;
	}

	// canLog tells whether an axis can be switched between linear and logarithmic.
	canLog(d) {
		const {range, log, ticks} = this.data[d];
		if (!range || ticks?.length || this.empty || !this.series.every(s => s.kind === "xy" || s.kind === "level" || s.kind === "diagonal")) return false;
		return Boolean(log) || range[0] >= 0 && range[1] > 0 && this.least(d) < range[1];
	}

	switchLog(d) {
		if (!this.canLog(d)) return;
		const log = !this[d].log;
		for (const p of this.figure.panels) {
			// Axes of one quantity stay alike.
			for (const e of ["x", "y"]) {
				if ((e === d && this.alike(p, d) || p === this && this.data.equal) && p.canLog(e)) {
					p.log[e] = log;
					p.part[e] = null;
				}
			}
			p.scale();
		}
		this.figure.changed();
	}

	// alike tells whether p has the same axis: the same abscissa, or an ordinate of which one stands for both.
	alike(p, d) {
		const of = q => JSON.stringify([q.data[d].label, q.data[d].unit, q.data[d].range, q.data[d].log]);
		return p === this || Boolean(this.data[d].label) && of(p) === of(this) && (d === "x" || Boolean(this.data.y.bare || p.data.y.bare));
	}

	zoom(x, y) {
		for (const [d, part] of [["x", x], ["y", y]]) {
			for (const p of this.figure.panels) {
				if (!this.alike(p, d)) continue;
				p.part[d] = part;
				p[d].show(part);
			}
		}
		this.figure.changed();
		this.figure.zoomed(this);
	}

	seen(s) { return !s.label || !this.hidden.has(s.label) && !this.figure.hidden.has(s.label); }

	// ---- layout

	barSpace() {
		if (!this.bar) return 0;
		const width = Math.max(0, ...this.bar.ticks.map(t => this.figure.pen.width(t.label, tickSize)));
		return barGap + barWidth + tickLength + tickGap + width + this.labelRoom(this.bar);
	}

	labelRoom(scale) { return scale.lines.length ? labelGap + labelSize + labelLine * (scale.lines.length - 1) : 0; }

	// fit chooses ticks for a data area of about the given size.
	fit(width, height) {
		const {pen} = this.figure;
		if (this.data.square) width = height = Math.max(Math.min(width - this.barSpace(), height), 40);
		this.x.tick(width, label => {
			if (this.data.x.upward) return tickSize;
			if (this.data.x.ticks?.length) return pen.width(label, tickSize) + 6;
			return Math.max(pen.width(label, tickSize) + 10, width / 10);
		});
		this.y.tick(height, () => this.data.y.ticks?.length ? tickSize + 1.5 : Math.max(22, height / 10));
		if (this.data.equal && this.x.min === this.y.min && this.x.max === this.y.max) [this.y.ticks, this.y.power] = [this.x.ticks, this.x.power];
		if (this.bar) {
			this.bar.whole(false, 0);
			this.bar.show(null);
			this.bar.tick(height, () => 22);
			this.bar.lines = pen.wrap(this.bar.text(), height + 2 * over, labelSize);
		}
		this.x.lines = this.bare("x") ? [] : pen.wrap(this.x.text(), width + 2 * over, labelSize);
		this.y.lines = this.bare("y") ? [] : pen.wrap(this.y.text(), height + 2 * over, labelSize);
	}

	// bare tells whether an axis has no labels because a neighbour has them.
	bare(d) { return Boolean(this.data[d].bare) && this.figure.columns === this.figure.data.columns; }

	// inset is the room for axes and labels around a data area of the given width.
	inset(width) {
		const {pen} = this.figure;
		let left = tickLength, bottom = tickLength, right = 3;
		if (!this.bare("y") && this.y.ticks.length) left += tickGap + Math.max(...this.y.ticks.map(t => pen.width(t.label, tickSize)));
		for (const t of this.x.ticks) {
			if (!t.label || this.bare("x")) continue;
			let w = pen.width(t.label, tickSize), h = tickSize * 0.716;
			if (this.data.x.upward) [w, h] = [h, w];
			bottom = Math.max(bottom, tickLength + tickGap + h);
			right = Math.max(right, (this.x.norm(t.value) - 1) * width + w / 2);
		}
		left += this.labelRoom(this.y) + 3; // letters with marks are higher than capitals
		bottom += this.labelRoom(this.x) + 3;
		if (this.letter) left = Math.max(left, 18);
		return {left, bottom, right};
	}

	// place sets the place of the panel and of its data area.
	place({left, across, right, height, bottom, span}) {
		let w = across, h = height;
		if (this.data.square) w = h = Math.max(Math.min(across - this.barSpace(), height), 40);
		this.width = left + across + right;
		this.height = roof + height + bottom;
		[this.x0, this.y0, this.x1, this.y1] = [left, roof, left + w, roof + h];
		this.node.style.gridColumn = `span ${span}`;
		this.head.style.paddingLeft = `${left}px`;
		const b = this.heading.querySelector("b");
		if (b) b.style.left = `${-left}px`;
	}

	toX(v) { return this.x0 + this.x.norm(v) * (this.x1 - this.x0); }
	toY(v) { return this.y1 - this.y.norm(v) * (this.y1 - this.y0); }

	// ---- drawing

	draw() {
		const {theme, pen} = this.figure;
		const c = this.c = pen.context = sized(this.canvas, this.width, this.height);
		sized(this.over, this.width, this.height);
		this.theme = theme;
		this.unit = this.figure.unit;
		this.ratio = devicePixelRatio || 1;
		this.key.set(this.entries, label => this.hidden.has(label), theme);
		if (this.empty) {
			const lines = pen.wrap("no data that can be drawn", this.x1 - this.x0 - 8, tickSize);
			lines.forEach((text, k) => pen.text(text, (this.x0 + this.x1) / 2, (this.y0 + this.y1) / 2 + 14 * (k - (lines.length - 1) / 2),
				{size: tickSize, alignX: 0.5, alignY: 0.5, color: theme.quiet}));
		} else {
			c.save();
			c.beginPath();
			// Markers at the margin are whole as long as all is shown.
			const more = this.part.x || this.part.y ? 0 : 5;
			c.rect(this.x0 - more, this.y0 - more, this.x1 - this.x0 + 2 * more, this.y1 - this.y0 + 2 * more);
			c.clip();
			for (const s of this.series) if (this.seen(s)) draw(this, s);
			c.restore();
		}
		this.axes();
		this.placeHandles();
		this.canvas.dataset.drawn = String(Number(this.canvas.dataset.drawn ?? 0) + 1);
		const at = this.cursor ?? this.pointed; // whoever reads values reads those of the new state
		if (at) this.read(at.x, at.y);
	}

	axes() {
		const {c, x0, y0, x1, y1} = this, {pen, theme} = this.figure, ink = css(theme.ink), sharp = v => Math.round(v - 0.5) + 0.5;
		c.strokeStyle = ink;
		c.lineWidth = 1;
		c.beginPath();
		c.moveTo(sharp(x0), this.data.frame ? sharp(y0) : y0);
		c.lineTo(sharp(x0), sharp(y1));
		c.lineTo(this.data.frame ? sharp(x1) : x1, sharp(y1));
		if (this.data.frame) {
			c.lineTo(sharp(x1), sharp(y0));
			c.closePath();
		}
		const ticks = this.empty ? {x: [], y: []} : {x: this.x.ticks, y: this.y.ticks};
		const length = t => t.label ? tickLength : tickLength * 0.6;
		for (const t of ticks.x) {
			const x = sharp(this.toX(t.value));
			c.moveTo(x, y1);
			c.lineTo(x, y1 + length(t));
		}
		for (const t of ticks.y) {
			const y = sharp(this.toY(t.value));
			c.moveTo(x0, y);
			c.lineTo(x0 - length(t), y);
		}
		c.stroke();
		if (!this.bare("x")) {
			for (const t of ticks.x) {
				if (!t.label) continue;
				const up = this.data.x.upward;
				pen.text(t.label, this.toX(t.value), y1 + tickLength + tickGap,
					{size: tickSize, color: ink, alignX: up ? 1 : 0.5, alignY: up ? 0.5 : 1, upward: up});
			}
		}
		if (!this.bare("y")) {
			for (const t of ticks.y) {
				if (t.label) pen.text(t.label, x0 - tickLength - tickGap, this.toY(t.value), {size: tickSize, color: ink, alignX: 1, alignY: 0.5});
			}
		}
		const inset = this.inset(x1 - x0), descent = 0.21 * labelSize;
		this.x.lines.forEach((text, k) => {
			pen.text(text, (x0 + x1) / 2, y1 + inset.bottom - 3 - labelLine * (this.x.lines.length - 1 - k) - descent,
				{size: labelSize, color: ink, alignX: 0.5, room: x1 - x0 + 2 * over});
		});
		this.y.lines.forEach((text, k) => {
			pen.text(text, x0 - inset.left + 3 + labelLine * k, (y0 + y1) / 2,
				{size: labelSize, color: ink, alignX: 0.5, alignY: 1, upward: true, room: y1 - y0 + 2 * over});
		});
		if (this.bar && !this.empty) {
			const x = x1 + barGap;
			bar(c, theme, x, y0, y1, barWidth);
			c.beginPath();
			for (const t of this.bar.ticks) {
				const y = sharp(y1 - this.bar.norm(t.value) * (y1 - y0));
				c.moveTo(x + barWidth, y);
				c.lineTo(x + barWidth + tickLength, y);
			}
			c.stroke();
			let width = 0;
			const right = x + barWidth + tickLength + tickGap;
			for (const t of this.bar.ticks) {
				pen.text(t.label, right, y1 - this.bar.norm(t.value) * (y1 - y0), {size: tickSize, color: ink, alignY: 0.5});
				width = Math.max(width, pen.width(t.label, tickSize));
			}
			this.bar.lines.forEach((text, k) => {
				pen.text(text, right + width + labelGap + labelLine * k, (y0 + y1) / 2,
					{size: labelSize, color: ink, alignX: 0.5, alignY: 1, upward: true, room: y1 - y0 + 2 * over});
			});
		}
	}

	// ---- values

	// read tells what is at a place of the canvas.
	read(px, py) {
		const {theme} = this.figure, c = sized(this.over, this.width, this.height);
		if (this.empty) return this.figure.values.tell(null);
		const found = new Map();
		for (const s of this.series) {
			if (!this.seen(s)) continue;
			const hit = find(this, s, px, py);
			if (!hit) continue;
			const at = {s, hit, x: this.toX(hit.x), y: this.toY(hit.y)};
			at.distance = Math.hypot(at.x - px, at.y - py);
			const name = s.label ?? `\n${s.kind} ${s.color ?? ""}`, before = found.get(name);
			// Band and line of one name are told together.
			for (const [band, line] of [[at, before], [before, at]]) {
				if (line && band?.hit.only && !line.hit.only && band.hit.x === line.hit.x) Object.assign(line.hit, {low: band.hit.low, high: band.hit.high});
			}
			if (!before || before.hit.only && !hit.only || before.hit.only === hit.only && at.distance < before.distance) found.set(name, at);
		}
		const whole = [...found.values()].some(h => h.hit.whole);
		let hits = [...found.values()].filter(h => h.s.label || h.hit.whole || found.size === 1 || h.hit.along && !whole);
		const most = 14;
		if (hits.length > most) hits = hits.sort((a, b) => a.distance - b.distance).slice(0, most);
		// A place is told once where all have the same.
		const nearest = hits.reduce((a, b) => !a || b.distance < a.distance ? b : a, null);
		const lines = [];
		const axis = (d, v) => {
			const {label = d, unit} = this.data[d];
			return `${label} ${this[d].name(v)}${unit && !this[d].axis.ticks?.length ? ` ${unit}` : ""}`;
		};
		const value = v => {
			const unit = this.data.y.unit;
			return this.y.name(v) + (unit ? ` ${unit}` : "");
		};
		if (nearest && !nearest.hit.whole) lines.push({text: axis("x", nearest.hit.x)});
		for (const {s, hit} of hits) {
			const head = s.label ?? (hit.whole ? "" : this.data.y.label ?? "");
			if (s.kind === "heat") {
				// Rows count downwards, and have names where the axis has.
				lines.push({text: `${this.data.y.label ?? "row"} ${this.y.named(hit.y)?.label ?? format(-hit.y)}, ${axis("x", hit.x)}`});
				lines.push({look: s, text: this.data.bar?.label || head || this.data.heading || "value", value: `${format(hit.value)}${this.data.bar?.unit ? ` ${this.data.bar.unit}` : ""}`});
			} else if (s.kind === "cells") {
				lines.push({text: `${axis("x", hit.x)}, ${axis("y", hit.y)}`});
				lines.push({look: s, text: this.data.bar?.label || head || this.data.heading || "value", value: `${format(hit.value)}${this.data.bar?.unit ? ` ${this.data.bar.unit}` : ""}`});
			} else if (s.kind === "arrows") {
				lines.push({text: `${axis("x", hit.x)}, ${axis("y", hit.y)}`});
				lines.push({look: s, text: head || "direction", value: `(${format(hit.u)}, ${format(hit.v)})`});
			} else if (hit.row) {
				lines.push({look: s, text: `${axis("y", hit.y)}, ${axis("x", hit.x)}`});
			} else {
				const range = hit.low !== undefined ? ` (${this.y.name(hit.low)} to ${this.y.name(hit.high)})` : "";
				const place = this.x.name(hit.x), far = Math.abs(this.toX(hit.x) - this.toX(nearest.hit.x)) > 0.5;
				const elsewhere = far && place !== this.x.name(nearest.hit.x) ? ` at ${place}` : "";
				lines.push({look: s, text: head, value: (hit.only ? `${this.y.name(hit.low)} to ${value(hit.high)}` : value(hit.y) + range) + elsewhere});
			}
		}
		// The mark of the place, and of what is told.
		c.strokeStyle = css(theme.reference);
		c.lineWidth = 1;
		c.beginPath();
		if (nearest && !nearest.hit.whole || this.cursor) {
			const x = Math.round(this.cursor ? px : nearest.x) + 0.5;
			c.moveTo(x, this.y0);
			c.lineTo(x, this.y1);
		}
		if (this.cursor) {
			c.moveTo(this.x0, Math.round(py) + 0.5);
			c.lineTo(this.x1, Math.round(py) + 0.5);
		}
		c.stroke();
		for (const {s, hit, x, y} of hits) {
			if (s.kind === "heat" || s.kind === "bars" || !(y >= this.y0 - 1 && y <= this.y1 + 1)) continue;
			c.beginPath();
			c.arc(x, y, hit.whole ? 5 : 4, 0, 2 * Math.PI);
			if (!hit.whole) {
				c.fillStyle = css(theme.paper);
				c.fill();
			}
			c.strokeStyle = css(theme.ink);
			c.lineWidth = 1.5;
			c.stroke();
		}
		if (!lines.length && this.cursor) {
			lines.push({text: `${axis("x", this.valueX(px))}, ${axis("y", this.valueY(py))}`});
		}
		this.figure.values.tell(this, lines, px, py, Boolean(this.cursor));
	}

	unread() {
		this.pointed = null;
		sized(this.over, this.width, this.height);
		this.figure.values.tell(null);
	}

	valueX(px) { return this.x.value((px - this.x0) / (this.x1 - this.x0)); }
	valueY(py) { return this.y.value((this.y1 - py) / (this.y1 - this.y0)); }

	// ---- pointer and keys

	listen() {
		const {canvas} = this;
		let drag = null, wanted = null;
		const place = event => {
			const r = canvas.getBoundingClientRect();
			return {x: event.clientX - r.left, y: event.clientY - r.top};
		};
		const within = p => p.x >= this.x0 - 4 && p.x <= this.x1 + 4 && p.y >= this.y0 - 4 && p.y <= this.y1 + 4;
		const box = (a, b) => {
			// A hand draws no straight lines: a box much longer than high is meant along one axis.
			const dx = Math.abs(b.x - a.x), dy = Math.abs(b.y - a.y), x = dx > 5 && (dy < 3 * dx || dy < 5), y = dy > 5 && (dx < 3 * dy || dx < 5);
			return {x: x && !(dy > 5 && dx < 12 && dy > 4 * dx), y: y && !(dx > 5 && dy < 12 && dx > 4 * dy)};
		};
		const keep = (v, lo, hi) => Math.min(Math.max(v, lo), hi);
		canvas.addEventListener("pointerdown", event => {
			const p = place(event);
			if (event.button !== 0 || this.empty || !within(p)) return;
			drag = {from: p, to: p};
			canvas.setPointerCapture(event.pointerId);
		});
		canvas.addEventListener("pointermove", event => {
			const p = place(event);
			this.cursor = null;
			if (drag) {
				this.pointed = null;
				drag.to = {x: keep(p.x, this.x0, this.x1), y: keep(p.y, this.y0, this.y1)};
				this.figure.values.tell(null);
				const {theme} = this.figure, c = sized(this.over, this.width, this.height), along = box(drag.from, drag.to);
				const [xa, xb] = along.x ? [drag.from.x, drag.to.x] : [this.x0, this.x1], [ya, yb] = along.y ? [drag.from.y, drag.to.y] : [this.y0, this.y1];
				if (!along.x && !along.y) return;
				c.fillStyle = css(theme.reference, 0.18);
				c.strokeStyle = theme.accent;
				c.fillRect(xa, ya, xb - xa, yb - ya);
				c.strokeRect(xa, ya, xb - xa, yb - ya);
				return;
			}
			if (!wanted) {
				requestAnimationFrame(() => {
					if (wanted && within(wanted)) {
						this.pointed = wanted;
						this.read(wanted.x, wanted.y);
					} else {
						this.unread();
					}
					wanted = null;
				});
			}
			wanted = p;
		});
		const up = event => {
			if (!drag) return;
			const {from, to} = drag, along = box(from, to);
			drag = null;
			this.unread();
			if (event.type === "pointercancel") return;
			const fx = p => (p.x - this.x0) / (this.x1 - this.x0), fy = p => (this.y1 - p.y) / (this.y1 - this.y0);
			if (along.x || along.y) {
				this.zoom(along.x ? this.x.between(fx(from), fx(to)) : this.part.x, along.y ? this.y.between(fy(from), fy(to)) : this.part.y);
			} else {
				this.read(from.x, from.y);
				this.figure.options.onPoint?.(this.index, this.valueX(from.x), this.valueY(from.y));
			}
		};
		canvas.addEventListener("pointerup", up);
		canvas.addEventListener("pointercancel", up);
		canvas.addEventListener("pointerleave", event => {
			wanted = null;
			// A finger leaves what it touched, and wants to read it.
			if (!drag && !this.cursor && event.pointerType !== "touch") this.unread();
		});
		canvas.addEventListener("dblclick", () => this.zoom(null, null));
		canvas.addEventListener("wheel", event => {
			const p = place(event);
			if (!(event.ctrlKey || event.metaKey) || this.empty || !within(p)) return;
			event.preventDefault();
			this.magnify(Math.exp(keep(event.deltaY * (event.deltaMode ? 20 : 1) / 250, -0.5, 0.5)), p);
		}, {passive: false});
		canvas.addEventListener("blur", () => {
			if (!this.cursor) return;
			this.cursor = null;
			this.unread();
		});
		canvas.addEventListener("keydown", event => {
			if (event.ctrlKey || event.metaKey || event.altKey || this.empty) return;
			if (this.press(event.key, event.shiftKey)) event.preventDefault();
		});
	}

	// magnify shows so many times as much, about a point.
	magnify(f, {x, y}) {
		const flat = this.data.square || this.data.equal || this.series.some(s => ["heat", "cells", "arrows"].includes(s.kind));
		const at = {x: (x - this.x0) / (this.x1 - this.x0), y: (this.y1 - y) / (this.y1 - this.y0)};
		const part = d => this[d].between(at[d] - at[d] * f, at[d] + (1 - at[d]) * f);
		this.zoom(part("x"), flat ? part("y") : this.part.y);
	}

	// press acts on a key and tells whether it did.
	press(key, shift) {
		const arrow = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[key];
		if (arrow && shift) {
			const at = this.cursor ?? {x: (this.x0 + this.x1) / 2, y: (this.y0 + this.y1) / 2};
			const x = at.x + arrow[0] * (this.x1 - this.x0) / 60, y = at.y - arrow[1] * (this.y1 - this.y0) / 60;
			this.cursor = {x: Math.min(Math.max(x, this.x0), this.x1), y: Math.min(Math.max(y, this.y0), this.y1)};
			this.read(this.cursor.x, this.cursor.y);
			return true;
		}
		if (arrow) {
			const d = arrow[0] ? "x" : "y", f = 0.15 * (arrow[0] + arrow[1]);
			if (!this.part[d]) return false;
			const part = this[d].between(f, 1 + f);
			this.zoom(d === "x" ? part : this.part.x, d === "y" ? part : this.part.y);
			return true;
		}
		switch (key) {
		case "+": case "=": case "-":
			this.magnify(key === "-" ? 1.5 : 1 / 1.5, this.cursor ?? {x: (this.x0 + this.x1) / 2, y: (this.y0 + this.y1) / 2});
			return true;
		case "0":
			this.zoom(null, null);
			return true;
		case "l": case "L":
			this.switchLog("y");
			return true;
		case "Enter":
			if (!this.cursor || !this.figure.options.onPoint) return false;
			this.figure.options.onPoint(this.index, this.valueX(this.cursor.x), this.valueY(this.cursor.y));
			return true;
		case "Escape":
			if (!this.cursor) return false;
			this.cursor = null;
			this.unread();
			return true;
		}
		return false;
	}

	// ---- menu and table

	openMenu() {
		const item = (text, act, {pressed, disabled} = {}) => {
			const b = button("", text, () => {
				this.closeMenu();
				act();
			});
			b.disabled = Boolean(disabled);
			if (pressed !== undefined) b.setAttribute("aria-pressed", String(pressed));
			return b;
		};
		const name = d => plain(this.data[d].label) || d;
		this.menu = element("div", "figure-menu",
			item("Show all (0)", () => this.zoom(null, null), {disabled: !this.part.x && !this.part.y}),
			item(`Logarithmic: ${name("x")}`, () => this.switchLog("x"), {pressed: this.x.log, disabled: !this.canLog("x")}),
			item(`Logarithmic: ${name("y")} (L)`, () => this.switchLog("y"), {pressed: this.y.log, disabled: !this.canLog("y")}),
			item("Table of values", () => this.table(), {disabled: this.empty}));
		this.menuButton.setAttribute("aria-expanded", "true");
		this.head.append(this.menu);
		this.menu.querySelector("button:not(:disabled)")?.focus();
		this.menu.addEventListener("keydown", event => {
			const all = [...this.menu.querySelectorAll("button:not(:disabled)")], k = all.indexOf(document.activeElement);
			const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
			if (event.key === "Escape") this.closeMenu();
			else if (step) all[(k + step + all.length) % all.length]?.focus();
			else return;
			event.preventDefault();
		});
		this.menu.addEventListener("focusout", event => {
			if (event.relatedTarget !== this.menuButton && !this.menu?.contains(event.relatedTarget)) this.closeMenu(false);
		});
	}

	closeMenu(back = true) {
		const menu = this.menu;
		this.menu = null; // before the focus moves, which closes too
		menu?.remove();
		this.menuButton.setAttribute("aria-expanded", "false");
		if (back) this.menuButton.focus();
	}

	// table shows the values of the panel in numbers.
	table() {
		const most = 1000, shown = this.series.filter(s => this.seen(s) && (s.x || s.values));
		const names = ["x", "y", "low", "high", "u", "v", "values"].filter(n => shown.some(s => s[n]));
		const heads = {x: this.x.text(), y: this.y.text(), low: "lower", high: "upper", u: "along x", v: "along y", values: this.data.bar?.label ?? "value"};
		this.x.power = this.y.power = 0;
		heads.x = this.x.text();
		heads.y = this.y.text();
		const body = element("tbody", ""), per = Math.max(Math.floor(most / Math.max(shown.length, 1)), 1);
		let left = false;
		for (const s of shown) {
			const n = (s.x ?? s.values).length, every = Math.max(Math.ceil(n / per), 1);
			left ||= every > 1;
			for (let k = 0; k < n; k += every) {
				const cells = [write(element("td", ""), s.label ?? "")];
				for (const name of names) {
					let v = s[name]?.[k];
					if (s.kind === "heat" && name === "x") v = k % s.columns;
					if (s.kind === "heat" && name === "y") v = -Math.floor(k / s.columns);
					cells.push(write(element("td", "number"), v === undefined ? "" : v === null ? "–" : format(v, 1e-6 * Math.abs(v))));
				}
				body.append(element("tr", "", ...cells));
			}
		}
		const row = element("tr", "", element("th", "", "series"), ...names.map(n => write(element("th", "number"), heads[n])));
		const close = button("button", "Close", () => dialog.close());
		const table = element("div", "figure-table scroll", element("table", "table", element("thead", "", row), body));
		table.tabIndex = 0;
		const dialog = element("dialog", "figure", write(element("h2", ""), this.data.heading || plain(this.figure.data.title) || "Values"), table,
			...left ? [element("p", "note", "Of long series a part of the values, evenly chosen.")] : [], close);
		dialog.addEventListener("close", () => {
			dialog.remove();
			this.canvas.focus();
		});
		this.figure.root.append(dialog);
		dialog.showModal();
		this.figure.changed(); // the powers of ten come back
	}

	// ---- handles

	placeHandles() {
		const wanted = (this.figure.options.handles ?? []).map((h, k) => ({...h, k})).filter(h => (h.panel ?? 0) === this.index);
		while (this.handles.length > wanted.length) this.handles.pop().node.remove();
		while (this.handles.length < wanted.length) this.handles.push(this.handle());
		wanted.forEach((h, i) => {
			const own = this.handles[i];
			own.at = h;
			const x = this.toX(h.x), y = this.toY(h.y);
			own.node.hidden = !(x >= this.x0 - 1 && x <= this.x1 + 1 && y >= this.y0 - 1 && y <= this.y1 + 1);
			own.node.style.left = `${x}px`;
			own.node.style.top = `${y}px`;
			own.node.title = plain(h.label ?? "");
			own.node.setAttribute("aria-label", `${plain(h.label ?? "point")}: ${format(h.x)}, ${format(h.y)}`);
		});
	}

	handle() {
		const own = {node: button("figure-handle", "", () => {})};
		let held = false;
		const tell = (px, py, end) => {
			const x = own.at.fixed === "x" ? own.at.x : this.valueX(Math.min(Math.max(px, this.x0), this.x1));
			const y = own.at.fixed === "y" ? own.at.y : this.valueY(Math.min(Math.max(py, this.y0), this.y1));
			this.figure.options.onHandle?.(own.at.k, x, y, end);
		};
		const move = (event, end) => {
			const r = this.canvas.getBoundingClientRect();
			tell(event.clientX - r.left, event.clientY - r.top, end);
		};
		own.node.addEventListener("pointerdown", event => {
			held = true;
			own.node.setPointerCapture(event.pointerId);
		});
		own.node.addEventListener("pointermove", event => held && move(event, false));
		own.node.addEventListener("pointerup", event => {
			if (held) move(event, true);
			held = false;
		});
		own.node.addEventListener("pointercancel", () => { held = false; });
		own.node.addEventListener("keydown", event => {
			const arrow = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
			if (!arrow) return;
			event.preventDefault();
			const f = event.shiftKey ? 0.1 : 0.01;
			tell(this.toX(own.at.x) + arrow[0] * f * (this.x1 - this.x0), this.toY(own.at.y) + arrow[1] * f * (this.y1 - this.y0), true);
		});
		this.plot.append(own.node);
		return own;
	}
}

// Values is the box that tells values beside the pointer; it lies over the figure and moves nothing.
class Values {
	constructor(root) {
		this.root = root;
		this.node = element("div", "figure-values");
		this.node.hidden = true;
	}

	tell(panel, lines, px, py, aloud) {
		this.node.hidden = !panel || lines.length === 0;
		if (this.node.hidden) return;
		const {theme} = panel.figure;
		this.node.replaceChildren(...lines.map(l => {
			const row = element("div", "");
			const width = l.look && l.look.kind !== "heat" && l.look.kind !== "cells" ? thumbWidth(l.look) : 0;
			if (width) {
				const canvas = element("canvas", "");
				thumb(sized(canvas, width, 14), l.look, theme, 1.5, width, 14);
				row.append(canvas);
			}
			row.append(write(element("span", ""), l.text));
			if (l.value !== undefined) row.append(write(element("span", "value"), l.value));
			return row;
		}));
		if (aloud) this.node.setAttribute("role", "status");
		else this.node.removeAttribute("role");
		if (this.node.parentNode !== panel.plot) panel.plot.append(this.node);
		const {style} = this.node;
		style.left = style.top = "0";
		const w = this.node.offsetWidth, h = this.node.offsetHeight;
		const plot = panel.plot.getBoundingClientRect(), root = this.root.getBoundingClientRect();
		// Beside the pointer, on the side that has room, and never beyond the figure.
		let x = px + 16, y = py + 16;
		if (plot.left + x + w > root.right) x = px - 16 - w;
		x = Math.max(Math.min(x, root.right - plot.left - w), root.left - plot.left);
		if (plot.top + y + h > root.bottom) y = py - 16 - h;
		y = Math.max(y, root.top - plot.top);
		style.left = `${Math.round(x)}px`;
		style.top = `${Math.round(y)}px`;
	}
}

class Figure {
	constructor(root, data, options) {
		this.root = root;
		this.options = {...options};
		this.hidden = new Set(options.hidden ?? []);
		this.panels = [];
		this.title = element("div", "figure-title");
		this.keys = element("div", "figure-keys");
		this.rows = [];
		this.grid = element("div", "figure-grid");
		this.values = new Values(root);
		root.classList.add("figure");
		root.setAttribute("role", "group");
		root.replaceChildren(this.title, this.keys, this.grid);
		this.theme = colours(root);
		this.pen = new Pen(document.createElement("canvas").getContext("2d"), this.theme.family);
		this.width = 0;
		this.set(data);
		this.paint();
		this.observer = new ResizeObserver(() => {
			if (this.root.clientWidth !== this.width) this.changed(); // also when the page is enlarged
		});
		this.observer.observe(root);
		figures.add(this);
	}

	// set takes a state of the figure, and keeps what there is of panels.
	set(data) {
		this.data = data;
		const panels = data.panels ?? [], shown = (data.key ?? []).flat().map(s => s.label).filter(Boolean);
		while (this.panels.length > panels.length) this.panels.pop().node.remove();
		while (this.panels.length < panels.length) {
			const p = new Panel(this, this.panels.length);
			this.panels.push(p);
			this.grid.append(p.node);
		}
		panels.forEach((p, k) => this.panels[k].set(p, panels.length > 1 ? String.fromCharCode(97 + k % 26) : "", shown));
		if (this.titled !== (data.title ?? "")) {
			this.titled = data.title ?? "";
			write(this.title, this.titled);
		}
		this.title.hidden = !data.title;
		this.root.setAttribute("aria-label", plain(data.title) || "figure");
		const groups = data.key ?? [];
		this.keys.hidden = groups.length === 0;
		while (this.rows.length > groups.length) this.rows.pop().node.remove();
		while (this.rows.length < groups.length) {
			const row = new Key((label, alone) => this.switchSeries(label, alone));
			this.rows.push(row);
			this.keys.append(row.node);
		}
	}

	// switchSeries switches the series of a label on or off, or with alone all others off or on.
	switchSeries(label, alone, panel) {
		const {hidden} = panel ?? this;
		if (alone) {
			const entries = panel ? panel.entries : (this.data.key ?? []).flat();
			const others = entries.map(e => e.label).filter(l => l !== label && this.knows(l)), only = others.every(l => hidden.has(l)) && !hidden.has(label);
			hidden.clear();
			if (!only) others.forEach(l => hidden.add(l));
		} else if (!hidden.delete(label)) {
			hidden.add(label);
		}
		this.changed();
		if (!panel) this.options.onHide?.([...hidden]);
	}

	// knows tells whether there are series of a label.
	knows(label) { return Boolean(label) && this.panels.some(p => p.series.some(s => s.label === label)); }

	zoomed(panel) {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.options.onZoom?.(panel.index, panel.part.x, panel.part.y), 150);
	}

	recolour() {
		this.theme = colours(this.root);
		this.changed();
	}

	// changed draws with the next frame.
	changed() {
		if (this.frame || this.gone) return;
		this.frame = requestAnimationFrame(() => {
			this.frame = 0;
			this.paint();
		});
	}

	// places are row, column and span of the panels, each in the next place with room for it.
	places() {
		let row = 0, column = 0;
		return this.panels.map(p => {
			const span = Math.min(Math.max(p.data.span ?? 1, 1), this.columns);
			if (column + span > this.columns) [row, column] = [row + 1, 0];
			const at = {row, column, span};
			column += span;
			return at;
		});
	}

	// layout places the panels; data areas are aligned in rows and columns.
	layout() {
		const f = this.data, most = Math.max(f.columns || 1, 1), room = this.root.clientWidth;
		this.width = room;
		const full = this.options.wide ? room : Math.min(room, Math.max(f.width * 2.6, 480));
		this.columns = Math.min(most, Math.max(1, Math.floor((full + gap) / (narrowest + gap))));
		// Fewer columns keep rows together where they divide their number.
		if (this.columns < most && this.columns > 2) while (most % this.columns) this.columns--;
		const places = this.places(), rows = Math.max(0, ...places.map(p => p.row + 1));
		const printed = (f.width - 8 - 13 * (most - 1)) / most - 40; // width of a data area on the page
		let width = full / this.columns - 60, left, right, across, tall;
		for (let pass = 0; pass < 2; pass++) {
			const scale = width / printed;
			this.unit = Math.min(Math.max(scale, 1.33), 1.6);
			across = at => {
				let w = width * at.span + gap * (at.span - 1);
				if (left) for (let k = at.column + 1; k < at.column + at.span; k++) w += right[k - 1] + left[k];
				return Math.max(w, 60);
			};
			tall = (p, at) => {
				const h = p.data.height || f.height;
				if (p.data.square) return Math.min(h * Math.max(scale, 1.33), 560, Math.max(across(at) - p.barSpace(), 40));
				return this.options.height ?? h * Math.min(Math.max(scale, 1.33), 2.1);
			};
			this.panels.forEach((p, k) => p.fit(across(places[k]), tall(p, places[k])));
			const l = Array(this.columns).fill(0), r = Array(this.columns).fill(0);
			this.panels.forEach((p, k) => {
				const at = places[k], inset = p.inset(across(at));
				l[at.column] = Math.max(l[at.column], inset.left);
				r[at.column + at.span - 1] = Math.max(r[at.column + at.span - 1], inset.right);
			});
			// Whole pixels, else text of later columns is blurred.
			[left, right] = [l.map(Math.ceil), r.map(Math.ceil)];
			width = Math.floor((full - gap * (this.columns - 1) - [...left, ...right].reduce((a, b) => a + b, 0)) / this.columns);
		}
		this.grid.style.gridTemplateColumns = left.map((l, k) => `${l + Math.max(width, 60) + right[k]}px`).join(" ");
		const heights = Array(rows).fill(0), bottoms = Array(rows).fill(0);
		this.panels.forEach((p, k) => {
			const at = places[k];
			p.fit(across(at), tall(p, at));
			heights[at.row] = Math.max(heights[at.row], Math.round(tall(p, at)));
			bottoms[at.row] = Math.max(bottoms[at.row], Math.ceil(p.inset(across(at)).bottom));
		});
		this.panels.forEach((p, k) => {
			const at = places[k];
			p.place({left: left[at.column], across: across(at), right: right[at.column + at.span - 1], height: heights[at.row], bottom: bottoms[at.row], span: at.span});
		});
	}

	paint() {
		if (this.root.clientWidth === 0) return; // not in the page; drawn when it gets a width
		const groups = this.data.key ?? [];
		groups.forEach((g, k) => this.rows[k].set(g.filter(s => s.label).map(s => ({
			label: s.label, look: look(s), known: this.knows(s.label),
		})), label => this.hidden.has(label), this.theme));
		this.layout();
		for (const p of this.panels) p.draw();
	}

	update(data, options) {
		Object.assign(this.options, options);
		if (data) this.set(data);
		this.changed();
	}

	destroy() {
		this.gone = true;
		cancelAnimationFrame(this.frame);
		clearTimeout(this.timer);
		this.observer.disconnect();
		figures.delete(this);
		this.root.replaceChildren();
		this.root.classList.remove("figure");
		this.root.removeAttribute("role");
		this.root.removeAttribute("aria-label");
	}
}

// show draws a figure into an element.
export function show(root, figure, options = {}) {
	const f = new Figure(root, figure, options);
	return {update: (figure, options) => f.update(figure, options), destroy: () => f.destroy()};
}

// Sparks waits for the next frame: to ask one canvas for its size after another was drawn would lay out the page anew each
// time.
const sparks = new Map();

// spark draws a small curve without axes on a canvas, with the next frame: where values go, in a table. The size of the
// canvas is that of its style.
export function spark(canvas, x, y, log = false) {
	if (sparks.size === 0) {
		requestAnimationFrame(() => {
			const theme = colours(document.documentElement), all = [...sparks];
			sparks.clear();
			for (const s of all) s.push(s[0].clientWidth || 120, s[0].clientHeight || 28);
			for (const [canvas, values, width, height] of all) drawSpark(canvas, values, theme, width, height);
		});
	}
	sparks.set(canvas, {x, y, log});
}

function drawSpark(canvas, {x, y, log}, theme, width, height) {
	const c = sized(canvas, width, height, true), X = column(x), Y = column(y);
	let ends = [Infinity, -Infinity, Infinity, -Infinity];
	for (let k = 0; k < X.length; k++) {
		if (!Number.isFinite(Y[k]) || log && !(Y[k] > 0)) continue;
		ends = [Math.min(ends[0], X[k]), Math.max(ends[1], X[k]), Math.min(ends[2], Y[k]), Math.max(ends[3], Y[k])];
	}
	if (!(ends[0] <= ends[1])) return;
	const scale = (range, log) => {
		const s = new Scale({range, log, tight: true});
		s.whole(log, range[0]);
		s.show(null);
		return s;
	};
	const v = {c, theme, unit: 1.4, ratio: devicePixelRatio || 1, x0: 2, y0: 3, x1: width - 2, y1: height - 3};
	v.x = scale(ends.slice(0, 2), false);
	v.y = scale(ends.slice(2), log);
	v.toX = a => v.x0 + v.x.norm(a) * (v.x1 - v.x0);
	v.toY = a => v.y1 - v.y.norm(a) * (v.y1 - v.y0);
	draw(v, {kind: "xy", x, y, color: "first", width: 1});
}
