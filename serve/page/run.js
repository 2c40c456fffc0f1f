// A run, several runs laid over each other, or a sweep.

import {ago, ask, bytes, duration, follow, make, moment, number, put, query, runPage, stateClass, stateWord, told, typed} from "./app.js";
import {show} from "./figure.js";
import {showGrid} from "./grid.js";

const main = document.getElementById("main");
const ids = new URLSearchParams(location.search).getAll("id").slice(0, 6);
const several = ids.length > 1;
const name = id => id === "." ? "this folder" : id;

const card = (title, ...children) => make("section", {className: "card", "aria-label": title}, make("h2", {}, title), ...children);

// ---- what was chosen, kept in the address behind #

const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
wanted.column = new URLSearchParams(location.hash.slice(1)).getAll("column");
function keep() {
	const q = query({table: wanted.table, column: wanted.column, x: wanted.x, y: wanted.y, all: wanted.all});
	history.replaceState(null, "", location.pathname + location.search + (q ? `#${q}` : ""));
}

if (ids.length === 0) {
	main.append(make("p", {className: "error"}, "The address names no run. ", make("a", {href: "/"}, "All runs")));
} else {
	begin();
}

async function begin() {
	main.append(make("p", {className: "note", id: "loading"}, "…"));
	let found;
	try {
		found = await Promise.all(ids.map(id => ask("api/run", {id})));
	} catch (e) {
		told(main, e);
		main.append(make("p", {}, make("a", {href: "/"}, "All runs")));
		return;
	}
	main.replaceChildren();
	document.title = `${ids.map(name).join(", ")} – spikealign`;
	if (!several && found[0].row) sweepPage(found[0]);
	else runsPage(found.filter(d => d.info));
}

// ---- the head of the page

function status(d) {
	const line = make("div", {className: "row progress-line"});
	const set = r => {
		const percent = r.total > 0 ? `${r.sweep ? `${r.done} of ${r.total}` : `${number(r.done)} of ${number(r.total)}`} ${r.unit}` : "";
		line.replaceChildren(make("span", {className: stateClass(r.status)}, stateWord(r.status)), r.status === "killed" ? make("span", {className: "note"}, "the process was killed") : "",
			make("progress", {max: 1, value: r.progress, "aria-label": "progress"}), make("span", {}, percent),
			make("span", {className: "note"}, [r.status === "running" && r.left ? `${duration(r.left)} left` : "", r.status === "running" ? `${duration(r.wall)} so far` : duration(r.wall), `updated ${ago(r.updated)}`].filter(Boolean).join(" · ")));
	};
	const i = d.info;
	set(d.row ?? {status: i.status, done: i.done, total: i.total, unit: i.unit, progress: i.total > 0 ? Math.min(1, i.done / i.total) : 0, left: d.left, wall: i.wall_seconds, updated: i.updated});
	return {line, set};
}

function title(d) {
	const heading = make("h1", {}, name(d.id));
	const trail = [make("a", {href: "/"}, "Runs")];
	if (d.sweep) trail.push(" / ", make("a", {href: runPage([d.sweep])}, d.sweep));
	return make("div", {}, make("p", {className: "note trail"}, trail), heading, d.about ? make("p", {}, d.about) : null);
}

function doubts(d) {
	const list = [];
	if (d.info?.error) list.push(make("p", {className: "error"}, d.info.error));
	for (const w of d.info?.warnings ?? []) list.push(make("p", {className: "warning"}, w));
	return list;
}

// parted is a path that may go on in the next line after each of its dots.
const parted = path => path.split(".").flatMap((part, k) => k ? [".", make("wbr"), part] : [part]);

function settings(found) {
	const body = make("tbody"), all = make("input", {type: "checkbox", className: "settings-all", checked: wanted.all === "1"});
	const paths = [...new Set(found.flatMap(d => d.settings.map(s => s.path)))];
	const of = found.map(d => new Map(d.settings.map(s => [s.path, s])));
	const draw = () => {
		const rows = [];
		for (const path of paths) {
			if (path === "kind" || path === "name" || path === "description") continue;
			const values = of.map(m => m.get(path)), first = values.find(Boolean);
			const texts = values.map(s => s ? s.value : "–"), differ = new Set(texts).size > 1;
			const other = values.some(s => s?.differs);
			if (!all.checked && !(several ? differ : other)) continue;
			rows.push(make("tr", {className: (several ? differ : other) ? "differs" : ""}, make("th", {scope: "row", title: first?.doc}, parted(path)),
				texts.map(t => make("td", {className: "value"}, t)), make("td", {className: "note"}, several || !first?.differs ? first?.default ?? "" : first.default || "(none)"), make("td", {className: "note minor"}, first?.doc ?? "")));
		}
		body.replaceChildren(...(rows.length ? rows : [make("tr", {}, make("td", {colSpan: 9, className: "note"}, several ? "The runs have the same settings." : "Everything is at its default."))]));
	};
	all.addEventListener("change", () => {
		wanted.all = all.checked ? "1" : "";
		keep();
		draw();
	});
	draw();
	return card("Configuration",
		make("label", {className: "row"}, all, several ? "also what is the same in all" : "also what is at its default"),
		make("div", {className: "scroll"}, make("table", {className: "table settings"},
			make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "setting"), found.map(d => make("th", {scope: "col"}, several ? name(d.id) : "value")), make("th", {scope: "col"}, "default"), make("th", {scope: "col", className: "minor"}, "meaning"))), body)));
}

const commands = d => card("Commands", d.commands.map(c => make("div", {}, make("p", {className: "note"}, c.doc), typed(c.text))));

function files(d) {
	return card("Files", make("div", {className: "scroll"}, make("table", {className: "table files"}, make("tbody", {}, d.files.map(f => make("tr", {},
		make("td", {}, make("a", {href: `api/file?${query({id: d.id, name: f.name})}`, download: f.name.endsWith(".svg") || f.name.endsWith(".png") ? false : f.name.split("/").pop()}, f.name)),
		make("td", {className: "number note"}, bytes(f.size)), make("td", {className: "note minor"}, moment(f.updated))))))));
}

const text = v => typeof v === "string" ? v : typeof v === "number" ? number(v) : JSON.stringify(v);

function facts(i) {
	const list = [["kind", i.kind], ["seed", String(i.seed)], ["engine", i.engine], ["program", i.program], ["machine", `${i.host}, ${i.platform}`],
		["begun", moment(i.start)], ["ended", i.end ? moment(i.end) : "–"], ["time", `${duration(i.wall_seconds)} in ${i.sessions} session${i.sessions === 1 ? "" : "s"}`], ["CPU time", duration(i.cpu_seconds)],
		["steps", number(i.steps)], ["spikes", number(i.spikes)], ...Object.entries(i.facts ?? {}).map(([k, v]) => [k, text(v)])];
	if (i.from) list.push(["begun from", text(i.from)]);
	const last = i.latest.map(c => make("tr", {}, make("th", {scope: "row"}, c.name), make("td", {className: "number"}, c.value === null ? "–" : text(c.value))));
	return card("Facts", make("div", {className: "facts"},
		make("table", {className: "table"}, make("tbody", {}, list.map(([k, v]) => make("tr", {}, make("th", {scope: "row"}, k), make("td", {}, v.length > 300 ? `${v.slice(0, 300)}…` : v))))),
		last.length ? make("table", {className: "table"}, make("caption", {className: "note"}, "last row of metrics.csv"), make("tbody", {}, last)) : null));
}

// ---- curves

// curves shows columns of a table and keeps up with it.
function curves() {
	const tools = make("div", {className: "row tools"}), picture = make("div", {className: "picture"}), note = make("p", {className: "note"});
	const box = card("Curves", tools, picture, note);
	let shown = null, zoom = null, asking = false, again = false, drawn = "", stopped = null, timer = 0;

	function drawTools(a) {
		const t = a.tables.find(t => t.name === a.table), text = JSON.stringify([a.tables, a.table, a.columns, wanted.x, wanted.y]);
		if (text === drawn) return;
		drawn = text;
		const focus = document.activeElement?.dataset?.tool;
		const choice = (key, label, value, options) => {
			const select = make("select", {onchange: () => {
				wanted[key] = select.value;
				if (key === "table") wanted.column = [];
				if (key !== "y") zoom = null;
				keep();
				update();
			}}, options.map(([v, name]) => make("option", {value: v, selected: v === (value ?? "")}, name)));
			select.dataset.tool = key;
			return make("label", {className: "field"}, make("span", {}, label), select);
		};
		const boxes = t.columns.slice(1).filter(c => c.name !== "layer").map(c => {
			const on = a.columns.includes(c.name);
			const b = make("button", {type: "button", className: "button small", "aria-pressed": String(on), title: [c.doc, c.unit].filter(Boolean).join("; "), onclick: () => {
				const next = on ? a.columns.filter(x => x !== c.name) : [...a.columns, c.name];
				wanted.column = next;
				keep();
				update();
			}}, c.name);
			b.dataset.tool = `column ${c.name}`;
			return b;
		});
		tools.replaceChildren(...[
			a.tables.length > 1 ? choice("table", "table", a.table, a.tables.map(t => [t.name, t.name])) : null,
			choice("x", t.columns[0]?.name ?? "abscissa", wanted.x, [["", "linear"], ["log", "logarithmic"]]),
			choice("y", "values", wanted.y, [["", "as it suits them"], ["linear", "linear"], ["log", "logarithmic"]]),
			make("div", {className: "field"}, make("span", {}, "columns"), make("div", {className: "row columns", role: "group", "aria-label": "columns"}, boxes)),
		].filter(Boolean));
		if (focus) tools.querySelector(`[data-tool="${CSS.escape(focus)}"]`)?.focus();
	}

	async function update() {
		if (asking) {
			again = true;
			return;
		}
		asking = true;
		stopped?.abort();
		stopped = new AbortController();
		try {
			const a = await ask("api/curves", {id: ids, table: wanted.table, column: wanted.column, x: wanted.x, y: wanted.y, from: zoom?.[0], to: zoom?.[1],
				places: Math.round(Math.min(2000, Math.max(150, picture.clientWidth / (wanted.column.length === 1 ? 1 : 2))))}, {signal: stopped.signal});
			drawTools(a);
			if (a.figure) {
				picture.querySelector(".note")?.remove();
				if (shown) shown.update(a.figure);
				else shown = show(picture, a.figure, {wide: true, onZoom});
			} else {
				shown?.destroy();
				shown = null;
				picture.replaceChildren(make("p", {className: "note"}, "There is nothing to draw yet."));
			}
			const thinned = a.figure?.panels.some(p => p.series.some(s => s.low));
			put(note, [...(a.notes ?? []), thinned ? "A line is the mean of the rows at a place, the band reaches to their extremes; zoom in for more." : ""].filter(Boolean).join(" "));
		} catch (e) {
			if (e.name !== "AbortError") put(note, e.message);
		} finally {
			asking = false;
			if (again) {
				again = false;
				update();
			}
		}
	}

	// onZoom asks for more places in the part that is looked at; the axes are figure.js's.
	function onZoom(panel, x) {
		zoom = x && x[0] < x[1] ? x : null;
		update();
	}

	// soon follows a growing table, once a second at most.
	function soon() {
		timer ||= setTimeout(() => {
			timer = 0;
			update();
		}, 1000);
	}
	return {box, update, soon};
}

// ---- figures

function figures(id, caption) {
	const place = make("div", {className: "drawings"}, make("p", {className: "note"}, "…"));
	const box = card(caption, place), shown = new Map();
	let asking = false, again = false;
	async function update() {
		if (asking) {
			again = true;
			return;
		}
		asking = true;
		try {
			const found = await ask("api/figures", {id});
			if (found.length === 0) {
				place.replaceChildren(make("p", {className: "note"}, "There are no figures of it."));
				shown.clear();
			} else if (shown.size === 0) {
				place.replaceChildren();
			}
			for (const f of found) {
				const s = shown.get(f.name);
				if (s) {
					s.update(f.figure);
					continue;
				}
				const inside = make("div");
				place.append(make("figure", {className: "drawing"}, make("figcaption", {className: "note"}, f.name), inside));
				shown.set(f.name, show(inside, f.figure, {}));
			}
		} catch (e) {
			if (shown.size === 0) told(place, e);
		} finally {
			asking = false;
			if (again) {
				again = false;
				setTimeout(update, 2000);
			}
		}
	}
	return {box, update};
}

// ---- pages

function silence() {
	const note = make("p", {className: "error", hidden: true, role: "alert"}, "The server is not heard; what is shown may be old.");
	return {note, set: here => { note.hidden = here; }};
}

function sweepPage(d) {
	const s = status(d), quiet = silence(), inside = make("div");
	const pictures = figures(d.id, "Figure");
	main.append(quiet.note, title(d), s.line, card("Grid", inside), pictures.box, settings([d]), commands(d), files(d));
	const grid = showGrid(inside, d.id);
	pictures.update();
	let told = JSON.stringify(d.row);
	follow((rows, gone, table) => {
		const row = table.get(d.id), now = row && JSON.stringify(row);
		if (!row || now === told) return;
		told = now;
		s.set(row);
		grid.update();
		pictures.update();
	}, quiet.set);
}

function runsPage(found) {
	const quiet = silence(), lines = new Map(), c = curves();
	main.append(quiet.note);
	if (!several) {
		const d = found[0], s = status(d);
		lines.set(d.id, s);
		main.append(title(d), s.line, ...doubts(d));
	} else {
		const list = make("table", {className: "table compared"}, make("tbody", {}, found.map(d => {
			const s = status(d);
			lines.set(d.id, s);
			const rest = ids.filter(id => id !== d.id);
			return make("tr", {}, make("th", {scope: "row"}, make("a", {href: runPage([d.id])}, name(d.id))), make("td", {}, s.line), make("td", {}, make("a", {className: "button small", href: runPage(rest) + location.hash, "aria-label": `leave out ${d.id}`}, "leave out")));
		})));
		main.append(make("p", {className: "note trail"}, make("a", {href: "/"}, "Runs")), make("h1", {}, `${found.length} runs`), make("div", {className: "scroll card"}, list));
	}
	const pictures = several ? [] : [figures(found[0].id, "Figures")];
	main.append(c.box, ...pictures.map(p => p.box), settings(found));
	if (!several) main.append(make("div", {className: "split"}, make("div", {}, commands(found[0]), files(found[0])), facts(found[0].info)));
	c.update();
	pictures.forEach(p => p.update());

	// Members of sweeps have no rows of their own: they are looked at again while they run.
	const statuses = new Map(found.map(d => [d.id, d.info.status]));
	let drawn = performance.now();
	const set = (id, r) => {
		lines.get(id).set(r);
		const before = statuses.get(id);
		statuses.set(id, r.status);
		c.soon();
		if (before !== r.status || performance.now() - drawn > 10000) {
			drawn = performance.now();
			pictures.forEach(p => p.update());
		}
	};
	const texts = new Map();
	const table = follow(rows => {
		for (const r of rows) {
			const text = JSON.stringify(r);
			if (!lines.has(r.id) || texts.get(r.id) === text) continue;
			const first = !texts.has(r.id);
			texts.set(r.id, text);
			if (!first || r.status !== statuses.get(r.id)) set(r.id, r);
			else lines.get(r.id).set(r);
		}
	}, quiet.set);
	setInterval(async () => {
		for (const id of ids) {
			if (table.has(id) || !["running", "pending"].includes(statuses.get(id))) continue;
			const d = await ask("api/run", {id}).catch(() => null), i = d?.info;
			if (i) set(id, {status: i.status, done: i.done, total: i.total, unit: i.unit, progress: i.total > 0 ? Math.min(1, i.done / i.total) : 0, left: d.left, wall: i.wall_seconds, updated: i.updated});
		}
	}, 2000);
}
