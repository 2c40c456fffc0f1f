// The table of runs and sweeps: live, filtered, sorted by any column, grouped by a parameter.

import {ago, duration, follow, make, moment, number, put, query, runPage, stateClass, stateGroup, stateWord, themed} from "./app.js";
import {spark} from "./figure.js";
import {showGrid} from "./grid.js";
import {starter} from "./start.js";

const main = document.getElementById("main");
const step = 60; // rows that are drawn at a time
const most = 6; // runs that can be laid over each other

// ---- what is wanted, kept in the address

const wanted = {filter: "", status: "", sort: "updated", down: true, group: "", ...read()};

function read() {
	const q = new URLSearchParams(location.hash.slice(1)), w = {};
	for (const name of ["filter", "status", "sort", "group"]) if (q.has(name)) w[name] = q.get(name);
	if (q.has("sort")) w.down = q.get("down") === "1";
	return w;
}

function keep() {
	const {filter, status, sort, down, group} = wanted;
	const q = query({filter, status, group, ...(sort !== "updated" || !down ? {sort, down: down ? "1" : "0"} : {})});
	history.replaceState(null, "", q ? `#${q}` : location.pathname + location.search);
}

// ---- columns

const setting = path => ({
	key: `set:${path}`, name: path, className: "minor", title: `setting ${path}`,
	value: r => r.sweep ? null : r.differs ? r.differs[path] ?? "(default)" : null,
	draw: (cell, r) => put(cell, setting(path).value(r) ?? "–"),
});

const metric = r => r.sweep || r.value === undefined ? null : r.value;

const columns = [
	{key: "name", name: "run", value: r => r.id.toLowerCase()},
	{key: "status", name: "status", value: r => ["running", "failed", "interrupted", "waiting", "done"].indexOf(stateGroup(r.status))},
	{key: "kind", name: "kind", className: "minor", value: r => r.kind, draw: (cell, r) => put(cell, r.sweep ? `${r.kind}, sweep` : r.kind)},
	{key: "progress", name: "progress", value: r => r.progress},
	{key: "metric", name: "result", value: metric},
	{key: "seed", name: "seed", className: "minor number", value: r => r.sweep ? null : Number(r.seed), draw: (cell, r) => put(cell, r.sweep ? "–" : r.seed)},
	{key: "wall", name: "time", className: "minor number", value: r => r.wall, draw: (cell, r) => put(cell, duration(r.wall))},
	{key: "updated", name: "updated", className: "minor", value: r => Date.parse(r.updated), draw: (cell, r) => {
		put(cell, ago(r.updated));
		cell.title = moment(r.updated);
	}},
];

function shownColumns() {
	const list = [...columns];
	if (wanted.group.startsWith("set:")) list.splice(3, 0, setting(wanted.group.slice(4)));
	return list;
}

const columnOf = key => shownColumns().find(c => c.key === key) ?? (key.startsWith("set:") ? setting(key.slice(4)) : columns[7]);

// ---- the frame

const filter = make("input", {type: "search", id: "filter", placeholder: "filter: words, status:running, path=value", "aria-label": "filter", value: wanted.filter, autocomplete: "off", spellcheck: false});
const chips = make("div", {className: "row chips", role: "group", "aria-label": "status"});
const groupBy = make("select", {id: "group"});
const compare = make("a", {className: "button main", hidden: true}, "compare");
const clearChosen = make("button", {type: "button", className: "button small", hidden: true}, "clear selection");
const live = make("span", {className: "live note", role: "status"}, "connecting …");
const count = make("span", {className: "note", role: "status"});
const startButton = make("button", {type: "button", className: "button", hidden: true}, "Start a run …");
const head = make("tr");
const body = make("tbody");
const table = make("table", {className: "table runs"}, make("thead", {}, head), body);
const more = make("button", {type: "button", className: "button", hidden: true});
const empty = make("div", {className: "card", hidden: true});

main.append(
	make("div", {className: "row spread"}, make("h1", {}, "Runs"), make("div", {className: "row"}, live, startButton)),
	make("div", {className: "row tools"}, filter, chips,
		make("label", {className: "row group-by"}, make("span", {className: "note"}, "group by"), groupBy)),
	make("div", {className: "row below"}, count, compare, clearChosen),
	make("div", {className: "scroll"}, table), make("p", {}, more), empty);

// ---- state

const chosen = new Set(), open = new Set(), elements = new Map(), grids = new Map();
let limit = step, frame = 0, drawnAt = 0, list = [], heading = "", known = false;

const runs = follow((rows, gone) => {
	known = true;
	for (const r of rows) {
		const e = elements.get(r.id);
		if (e) e.stale = true;
		grids.get(r.id)?.grid.update();
	}
	for (const id of gone) {
		chosen.delete(id);
		close(id);
		elements.get(id)?.node.remove();
		elements.delete(id);
	}
	later();
}, here => {
	put(live, here ? "live" : "the server is not heard; what is shown may be old");
	live.classList.toggle("silent", !here);
});

// later draws soon, and not more often than a few times a second.
function later() {
	if (frame) return;
	const wait = Math.max(0, 250 - (performance.now() - drawnAt));
	frame = setTimeout(() => requestAnimationFrame(() => {
		frame = 0;
		draw();
		drawnAt = performance.now();
	}), drawnAt ? wait : 0);
}

function now() {
	clearTimeout(frame);
	frame = 0;
	draw();
	drawnAt = performance.now();
}

// ---- filter, order, groups

function tester() {
	const words = wanted.filter.toLowerCase().split(/\s+/).filter(Boolean);
	return r => {
		if (wanted.status && stateGroup(r.status) !== wanted.status) return false;
		return words.every(w => {
			const [, key, value] = /^([a-z0-9_.]+)[:=](.*)$/.exec(w) ?? [];
			if (key === "status") return r.status.startsWith(value) || stateGroup(r.status).startsWith(value);
			if (key === "kind") return r.kind.startsWith(value) || value === "sweep" && r.sweep;
			if (key === "seed") return r.seed === value;
			if (key && w.includes("=")) {
				return Object.entries(r.differs ?? {}).some(([path, v]) => (path.toLowerCase() === key || path.toLowerCase().endsWith(`.${key}`)) && v.toLowerCase() === value);
			}
			return r.id.toLowerCase().includes(w) || r.name.toLowerCase().includes(w) || r.kind.includes(w) || (r.host ?? "").toLowerCase().includes(w);
		});
	};
}

function sorted(rows) {
	const column = columnOf(wanted.sort), sign = wanted.down ? -1 : 1;
	const keyed = rows.map(r => [column.value(r), r]);
	return keyed.sort(([a, r], [b, s]) => {
		const none = x => x === null || x === undefined || Number.isNaN(x);
		if (none(a) || none(b)) {
			if (none(a) !== none(b)) return none(a) ? 1 : -1; // what has no value comes last
		} else if (a !== b) {
			const bothText = typeof a === "string" && typeof b === "string";
			return sign * (bothText ? a.localeCompare(b, undefined, {numeric: true}) : a < b ? -1 : 1);
		}
		return r.id.localeCompare(s.id, undefined, {numeric: true});
	}).map(([, r]) => r);
}

function groupOf(r) {
	switch (wanted.group) {
	case "": return "";
	case "kind": return r.kind;
	case "status": return stateWord(r.status);
	case "folder": return r.id.includes("/") ? r.id.slice(0, r.id.lastIndexOf("/")) : "(top)";
	}
	const path = wanted.group.slice(4);
	return r.sweep ? "sweeps" : `${path} = ${r.differs?.[path] ?? "(default)"}`;
}

function drawTools(all) {
	const counts = {"": all.length};
	for (const r of all) counts[stateGroup(r.status)] = (counts[stateGroup(r.status)] ?? 0) + 1;
	const names = ["", "running", "done", "failed", "interrupted", "waiting"].filter(s => s === "" || counts[s] || wanted.status === s);
	if (chips.childElementCount !== names.length || [...chips.children].some((c, k) => c.dataset.status !== names[k])) {
		const focus = document.activeElement?.dataset?.status;
		chips.replaceChildren(...names.map(s => make("button", {type: "button", className: "button small", onclick: () => {
			wanted.status = wanted.status === s ? "" : s;
			limit = step;
			keep();
			now();
		}}, make("span", {className: s ? `status-${s}` : ""}), " ", make("span", {className: "count"}))));
		names.forEach((s, k) => { chips.children[k].dataset.status = s; });
		if (focus !== undefined) [...chips.children].find(c => c.dataset.status === focus)?.focus();
	}
	for (const c of chips.children) {
		const s = c.dataset.status;
		put(c.lastChild, `${s || "all"} ${counts[s] ?? 0}`);
		c.setAttribute("aria-pressed", String(wanted.status === s));
	}
	const paths = new Set();
	for (const r of all) for (const path of Object.keys(r.differs ?? {})) paths.add(path);
	const options = [["", "nothing"], ["kind", "kind"], ["status", "status"], ["folder", "folder"], ...[...paths].sort().map(p => [`set:${p}`, p])];
	if (wanted.group && !options.some(([v]) => v === wanted.group)) options.push([wanted.group, wanted.group.replace(/^set:/, "")]);
	const text = JSON.stringify(options);
	if (groupBy.dataset.text !== text && document.activeElement !== groupBy) {
		groupBy.dataset.text = text;
		groupBy.replaceChildren(...options.map(([v, name]) => make("option", {value: v}, name)));
	}
	groupBy.value = wanted.group;
}

function drawHead() {
	const shown = shownColumns(), text = JSON.stringify([shown.map(c => c.key), wanted.sort, wanted.down]);
	if (text === heading) return;
	const rebuilt = heading === "" || JSON.parse(heading)[0].join() !== shown.map(c => c.key).join();
	heading = text;
	if (rebuilt) {
		head.replaceChildren(make("th", {className: "choose"}, make("span", {className: "unseen"}, "choose")), ...shown.map(c => {
			const th = make("th", {scope: "col", className: c.className ?? "", title: c.title}, make("button", {type: "button", onclick: () => {
				if (wanted.sort === c.key) wanted.down = !wanted.down;
				else [wanted.sort, wanted.down] = [c.key, c.key === "updated" || c.key === "progress"];
				limit = step;
				keep();
				now();
			}}, c.name));
			th.dataset.key = c.key;
			return th;
		}));
		for (const e of elements.values()) e.node.remove();
		elements.clear();
	}
	for (const th of head.children) {
		if (th.dataset.key === wanted.sort) th.setAttribute("aria-sort", wanted.down ? "descending" : "ascending");
		else th.removeAttribute("aria-sort");
	}
}

// ---- rows

function rowOf(r) {
	let e = elements.get(r.id);
	if (!e) {
		e = {stale: true, cells: {}};
		e.box = make("input", {type: "checkbox", onchange: () => {
			if (e.box.checked) chosen.add(r.id);
			else chosen.delete(r.id);
			drawChosen();
		}});
		e.link = make("a", {href: runPage([r.id]), className: "run-link"});
		e.folder = make("span", {className: "note folder"});
		e.open = make("button", {type: "button", className: "open", "aria-expanded": "false", onclick: () => toggle(r.id)}, "▸");
		e.status = make("span");
		e.warnings = make("span", {className: "warn note"});
		e.bar = make("progress", {max: 1});
		e.left = make("span", {className: "note"});
		e.metric = make("span", {className: "metric"});
		e.spark = make("canvas", {className: "spark", width: 1, height: 1});
		e.node = make("tr", {}, make("td", {className: "choose"}, e.box));
		for (const c of shownColumns()) {
			const cell = make("td", {className: c.className ?? ""});
			e.cells[c.key] = cell;
			e.node.append(cell);
		}
		e.cells.name.append(make("div", {className: "run-name"}, e.open, make("div", {}, e.link, e.folder)));
		e.cells.status.append(e.status, e.warnings);
		e.cells.progress.append(e.bar, e.left);
		e.cells.metric.append(make("div", {className: "result"}, e.metric, e.spark));
		elements.set(r.id, e);
	}
	if (!e.stale) return e;
	e.stale = false;
	const parent = r.id.includes("/") ? r.id.slice(0, r.id.lastIndexOf("/") + 1) : "";
	const last = r.id === "." ? r.name : r.id.slice(parent.length);
	put(e.link, last);
	put(e.folder, [parent, r.name !== last ? r.name : ""].filter(Boolean).join(" "));
	e.link.title = r.id;
	e.box.hidden = Boolean(r.sweep) || r.status === "unreadable";
	e.box.setAttribute("aria-label", `choose ${r.id}`);
	e.open.hidden = !r.sweep;
	e.open.setAttribute("aria-label", `grid of ${r.id}`);
	e.status.className = stateClass(r.status);
	put(e.status, stateWord(r.status));
	e.status.title = r.error ?? "";
	put(e.warnings, r.error ? r.error : r.status === "killed" ? "the process was killed" : r.warnings ? `⚠ ${r.warnings} warning${r.warnings > 1 ? "s" : ""}` : "");
	e.warnings.title = r.error ?? "";
	e.bar.value = r.progress;
	e.bar.setAttribute("aria-label", `${Math.floor(100 * r.progress)}%`);
	const percent = r.sweep ? `${r.done} of ${r.total}` : `${Math.floor(100 * r.progress)}%`;
	put(e.left, r.status === "running" && r.left ? `${percent}, ${duration(r.left)} left` : percent);
	const value = metric(r);
	put(e.metric, r.metric && !r.sweep ? `${r.metric} ${number(value)}` : "–");
	e.spark.hidden = !(r.curve?.length > 1);
	e.drawn = false;
	for (const c of shownColumns()) c.draw?.(e.cells[c.key], r);
	return e;
}

function toggle(id) {
	if (open.has(id)) open.delete(id);
	else open.add(id);
	now();
}

function close(id) {
	grids.get(id)?.grid.destroy();
	grids.get(id)?.node.remove();
	grids.delete(id);
	open.delete(id);
}

function gridOf(id) {
	let g = grids.get(id);
	if (!g) {
		const inside = make("div", {className: "grid-inside"});
		g = {node: make("tr", {className: "grid-row"}, make("td", {}, inside))};
		g.grid = showGrid(inside, id);
		grids.set(id, g);
	}
	return g.node;
}

function drawChosen() {
	const n = chosen.size;
	compare.hidden = n < 2;
	clearChosen.hidden = n === 0;
	put(compare, n > most ? `compare the first ${most} of ${n}` : `compare ${n} runs`);
	compare.href = runPage([...chosen].slice(0, most));
	for (const [id, e] of elements) {
		e.box.checked = chosen.has(id);
		e.node.setAttribute("aria-selected", String(chosen.has(id)));
	}
}

function draw() {
	const all = [...runs.values()];
	drawTools(all);
	drawHead();
	list = sorted(all.filter(tester()));
	const groups = new Map();
	for (const r of list) {
		const g = groupOf(r);
		if (!groups.has(g)) groups.set(g, []);
		groups.get(g).push(r);
	}
	const names = [...groups.keys()].sort((a, b) => a.localeCompare(b, undefined, {numeric: true}));
	const nodes = [];
	let left = limit;
	for (const name of names) {
		const rows = groups.get(name);
		if (left <= 0) break;
		if (wanted.group) nodes.push(groupHead(name, rows));
		for (const r of rows.slice(0, left)) {
			nodes.push(rowOf(r).node);
			const e = elements.get(r.id), isOpen = open.has(r.id);
			e.open.setAttribute("aria-expanded", String(isOpen));
			put(e.open, isOpen ? "▾" : "▸");
			if (isOpen) nodes.push(gridOf(r.id));
			else if (grids.has(r.id)) close(r.id);
		}
		left -= rows.length;
	}
	arrange(nodes);
	const span = visible();
	for (const n of nodes) {
		if (n.classList.contains("group") || n.classList.contains("grid-row")) n.firstChild.colSpan = span;
	}
	for (const r of list) {
		const e = elements.get(r.id);
		if (e && !e.drawn && e.node.isConnected) drawSpark(e, r);
	}
	drawChosen();
	more.hidden = list.length <= limit;
	put(more, `show more (${list.length - limit} of ${list.length} are not shown)`);
	put(count, !known ? "" : list.length === all.length ? `${all.length} ${all.length === 1 ? "entry" : "entries"}` : `${list.length} of ${all.length} entries`);
	empty.hidden = !known || list.length > 0;
	if (!empty.hidden) {
		empty.replaceChildren(all.length ? make("p", {}, "Nothing passes this filter.") : make("div", {},
			make("p", {}, "There are no runs here yet. They appear as soon as they begin; a first one:"),
			make("pre", {}, "spikealign examples minimal > minimal.yaml\nspikealign run minimal.yaml")));
	}
	table.hidden = !empty.hidden;
	if (list.length && !performance.getEntriesByName("first-row").length) performance.mark("first-row");
}

// drawSpark draws the small curve of a row that is in the page, where it has a width and colours.
function drawSpark(e, r) {
	e.drawn = true;
	if (e.spark.hidden) return;
	e.spark.style.width = e.spark.style.height = ""; // what the style sheet says
	const known = r.curve.filter(Number.isFinite), low = Math.min(...known);
	spark(e.spark, r.curve.map((_, k) => k), r.curve.map(v => v ?? NaN), low > 0 && Math.max(...known) >= 100 * low);
}

// visible is the number of columns that the page has room for.
const visible = () => [...head.children].filter(c => getComputedStyle(c).display !== "none").length;

// restyle draws again what depends on colours and widths.
function restyle() {
	for (const e of elements.values()) e.drawn = false;
	now();
}

// arrange makes the nodes those of the table, in that order; those that are in place are not touched, so that the focus
// stays where it is.
function arrange(nodes) {
	const there = new Set(nodes);
	for (const n of [...body.children]) if (!there.has(n)) n.remove();
	let at = body.firstChild;
	for (const n of nodes) {
		if (n === at) {
			at = at.nextSibling;
			continue;
		}
		const focus = n.contains(document.activeElement) ? document.activeElement : null;
		body.insertBefore(n, at);
		focus?.focus({preventScroll: true});
	}
}

const groupHeads = new Map();

function groupHead(name, rows) {
	let h = groupHeads.get(name);
	if (!h) {
		h = make("tr", {className: "group"}, make("th", {scope: "rowgroup"}));
		groupHeads.set(name, h);
	}
	const values = rows.map(metric).filter(Number.isFinite).sort((a, b) => a - b), metrics = new Set(rows.map(r => r.metric));
	const n = values.length, middle = n ? n % 2 ? values[(n - 1) / 2] : (values[n / 2 - 1] + values[n / 2]) / 2 : NaN;
	put(h.firstChild, `${name} · ${rows.length} ${rows.length === 1 ? "entry" : "entries"}` +
		(n > 1 && metrics.size === 1 ? ` · median ${rows[0].metric} ${number(middle)} [${number(values[0])} … ${number(values[n - 1])}]` : ""));
	return h;
}

// ---- acts

filter.addEventListener("input", () => {
	wanted.filter = filter.value;
	limit = step;
	keep();
	now();
});
groupBy.addEventListener("change", () => {
	wanted.group = groupBy.value;
	for (const id of [...open]) close(id);
	heading = "";
	keep();
	now();
});
clearChosen.addEventListener("click", () => {
	chosen.clear();
	drawChosen();
	filter.focus();
});
more.addEventListener("click", () => {
	limit += step;
	now();
});
new IntersectionObserver(seen => {
	if (seen.some(s => s.isIntersecting) && !more.hidden) more.click();
}, {rootMargin: "400px"}).observe(more);
addEventListener("keydown", event => {
	const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "") && document.activeElement.type !== "checkbox";
	if (event.key === "/" && !typing) {
		filter.focus();
		filter.select();
		event.preventDefault();
	}
	if (event.key === "Escape" && document.activeElement === filter && filter.value) {
		filter.value = "";
		filter.dispatchEvent(new Event("input"));
	}
	if ((event.key === "ArrowDown" || event.key === "ArrowUp") && document.activeElement?.classList.contains("run-link")) {
		const links = [...body.querySelectorAll(".run-link")], k = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
		links[k]?.focus();
		event.preventDefault();
	}
});
addEventListener("hashchange", () => {
	Object.assign(wanted, {filter: "", status: "", sort: "updated", down: true, group: ""}, read());
	filter.value = wanted.filter;
	heading = "";
	now();
});
setInterval(() => {
	for (const [id, e] of elements) {
		const r = runs.get(id);
		if (r && e.cells.updated) put(e.cells.updated, ago(r.updated));
	}
}, 20000);

themed(restyle);
for (const width of [1000, 640]) matchMedia(`(max-width: ${width}px)`).addEventListener("change", restyle);

starter(startButton);
draw();
