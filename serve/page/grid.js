// The grid of a sweep, coloured by a result: the median over what the two axes do not tell apart.

import {ask, make, number, runPage, scaleColour, stateGroup, stateWord, themed, told} from "./app.js";

const none = -1;

// showGrid fills an element with the grid of a sweep and returns {update(), destroy()}.
export function showGrid(root, id) {
	let data = null, metric = "", rows = none, columns = none, gone = false, asking = false, again = false;
	const controls = make("div", {className: "row grid-controls"}), body = make("div", {className: "scroll"}), foot = make("p", {className: "note"});
	root.replaceChildren(controls, body, foot);

	const median = values => {
		const v = values.filter(Number.isFinite).sort((a, b) => a - b), n = v.length;
		return n === 0 ? NaN : n % 2 ? v[(n - 1) / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	};

	function begin() {
		const main = data.metrics.find(m => m.headline) ?? data.metrics[0];
		metric = main?.name ?? "";
		const varied = data.axes.map((a, k) => k).filter(k => data.axes[k].values.length > 1);
		const conditions = varied.filter(k => !data.axes[k].replicate);
		const by = conditions.length ? conditions : varied;
		rows = by[0] ?? none;
		columns = by[1] ?? varied.find(k => k !== rows) ?? none;
	}

	const field = (name, value, options, change) => make("label", {className: "field"}, make("span", {}, name),
		make("select", {onchange: e => change(e.target.value)}, options.map(([v, text]) => make("option", {value: v, selected: String(v) === String(value)}, text))));

	function drawControls() {
		const axes = [[none, "(none)"], ...data.axes.map((a, k) => [k, a.name]).filter(([k]) => data.axes[k].values.length > 1)];
		const focus = document.activeElement, place = [...controls.querySelectorAll("select")].indexOf(focus);
		controls.replaceChildren(...[
			data.metrics.length ? field("coloured by", metric, data.metrics.map(m => [m.name, m.name]), v => { metric = v; draw(); }) : null,
			field("rows", rows, axes, v => { rows = +v; if (rows === columns) columns = none; draw(); }),
			field("columns", columns, axes, v => { columns = +v; if (rows === columns) rows = none; draw(); }),
		].filter(Boolean));
		if (place >= 0) controls.querySelectorAll("select")[place]?.focus();
	}

	function draw() {
		if (!data || gone) return;
		drawControls();
		const m = data.metrics.findIndex(x => x.name === metric), info = data.metrics[m];
		const of = axis => axis === none ? [""] : data.axes[axis].values;
		const cells = of(rows).map(() => of(columns).map(() => []));
		for (const x of data.members) cells[rows === none ? 0 : x.at[rows]][columns === none ? 0 : x.at[columns]].push(x);
		const counted = info?.sums === "count";
		const value = list => {
			const v = list.map(x => m < 0 || x.values[m] === null ? NaN : x.values[m]);
			if (!counted) return median(v);
			const known = v.filter(Number.isFinite);
			return known.length ? known.filter(x => x !== 0).length / known.length : NaN;
		};
		const all = cells.flat().map(value).filter(Number.isFinite), low = Math.min(...all), high = Math.max(...all);
		const log = low > 0 && high >= 100 * low, scale = log ? Math.log : x => x;
		const span = scale(high) - scale(low);
		const table = make("table", {className: "grid"});
		if (columns !== none) {
			table.append(make("thead", {}, make("tr", {}, make("td", {}), make("th", {colSpan: of(columns).length, scope: "colgroup", className: "grid-axis"}, data.axes[columns].name)),
				make("tr", {}, make("th", {scope: "col", className: "grid-axis"}, rows === none ? "" : data.axes[rows].name), of(columns).map(v => make("th", {scope: "col"}, v)))));
		}
		const bodyRows = cells.map((line, r) => make("tr", {},
			make("th", {scope: "row"}, rows === none ? "" : columns === none ? `${data.axes[rows].name} ${of(rows)[r]}` : of(rows)[r]),
			line.map(list => {
				const v = value(list), done = list.filter(x => x.status === "done").length, begun = list.filter(x => x.id).slice(0, 6).map(x => x.id);
				const worst = ["failed", "running", "interrupted", "waiting"].find(s => list.some(x => stateGroup(x.status) === s));
				const cell = make("td", {className: "grid-cell"});
				const names = list.length === 1 ? list[0].name : `${done} of ${list.length} done`;
				const words = [Number.isFinite(v) ? number(v) : "no value", worst ? list.length === 1 ? stateWord(list[0].status) : `some ${worst}` : "", names].filter(Boolean).join(", ");
				const inside = [make("span", {}, list.length === 0 ? "" : Number.isFinite(v) ? number(v) : "–")];
				if (worst) inside.push(make("span", {className: `grid-state status-${worst}`}));
				if (list.length > 1) inside.push(make("span", {className: "grid-count"}, done === list.length ? `${done}` : `${done}/${list.length}`));
				cell.append(begun.length ? make("a", {href: runPage(begun), title: words, "aria-label": words}, inside) : make("span", {title: words}, inside));
				if (Number.isFinite(v)) {
					const c = scaleColour("--sequential", span > 0 ? (scale(v) - scale(low)) / span : 0.5);
					cell.style.background = `rgb(${c.join(" ")})`;
					cell.style.color = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140 ? "#111" : "#fff";
					cell.classList.add("has-value");
				}
				return cell;
			})));
		table.append(make("tbody", {}, bodyRows));
		body.replaceChildren(table);
		const repeated = data.axes.filter((a, k) => k !== rows && k !== columns && a.values.length > 1).map(a => a.name);
		const parts = [];
		if (info) parts.push(`${info.name}${info.unit ? ` (${info.unit})` : ""}${info.doc ? `: ${info.doc}` : ""}.`);
		if (all.length) parts.push(`Colours from ${number(low)} to ${number(high)}${log ? ", in equal ratios" : ""}.`);
		if (repeated.length) parts.push(`${counted ? "Share" : "Median"} over ${repeated.join(", ")}; the small number counts the finished runs.`);
		foot.textContent = parts.join(" ");
	}

	async function update() {
		if (asking) {
			again = true;
			return;
		}
		asking = true;
		try {
			const found = await ask("api/sweep", {id});
			if (gone) return;
			const first = data === null;
			data = found;
			if (first || !metric) begin();
			draw();
		} catch (e) {
			if (!gone && data === null) told(body, e);
		} finally {
			asking = false;
			if (again && !gone) {
				again = false;
				setTimeout(update, 500);
			}
		}
	}
	themed(draw);
	update();
	return {update, destroy: () => { gone = true; root.replaceChildren(); }};
}
