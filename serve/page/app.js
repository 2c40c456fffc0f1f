// What the pages of `spikealign serve` share: elements, questions to the server, words for numbers and states. Text from
// the server only ever becomes text nodes.

// make returns an element. Of the properties, those with a capital or in the element are set as such (className, onclick,
// value), others as attributes; children are nodes or text.
export function make(tag, properties = {}, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (value === undefined || value === null || value === false) continue;
		if (name in e && name !== "list") e[name] = value;
		else e.setAttribute(name, value === true ? "" : value);
	}
	e.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
	return e;
}

// put gives an element a text, if it has another one.
export function put(e, text) {
	if (e.textContent !== text) e.textContent = text;
}

// query spells parameters, of which some may be lists.
export function query(parameters) {
	const q = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters)) {
		for (const v of Array.isArray(value) ? value : [value]) {
			if (v !== undefined && v !== null && v !== "") q.append(name, v);
		}
	}
	return q.toString();
}

// ask returns the server's answer, or throws an Error with what it says.
export async function ask(path, parameters = {}, options = {}) {
	let answer;
	try {
		answer = await fetch(`${path}?${query(parameters)}`, options);
	} catch (e) {
		if (e.name === "AbortError") throw e;
		throw new Error("the server does not answer; is spikealign serve still running?");
	}
	const text = await answer.text();
	let value;
	try {
		value = JSON.parse(text);
	} catch {
		throw new Error(`the server answers ${answer.status}`);
	}
	if (!answer.ok) throw new Error(value.error ?? `the server answers ${answer.status}`);
	return value;
}

export const order = (path, token, value) =>
	ask(path, {}, {method: "POST", headers: {"Content-Type": "application/json", "X-Spikealign-Token": token}, body: JSON.stringify(value)});

// follow calls changed(rows, gone) with the table of runs and whatever changes in it, and connected(false) while the
// server is not heard. It returns the table, a Map by id.
export function follow(changed, connected) {
	const table = new Map();
	let source = null, last = "", timer = 0;
	const begin = () => {
		clearTimeout(timer);
		if (source) return;
		source = new EventSource(`api/events?${query({since: last})}`);
		source.addEventListener("runs", event => {
			last = event.lastEventId;
			connected(true);
			const c = JSON.parse(event.data), gone = new Set(c.gone ?? []), rows = c.rows ?? [];
			if (c.all) {
				const there = new Set(rows.map(r => r.id));
				for (const id of table.keys()) if (!there.has(id)) gone.add(id);
			}
			for (const id of gone) table.delete(id);
			for (const r of rows) table.set(r.id, r);
			changed(rows, gone, table);
		});
		source.addEventListener("error", () => {
			connected(false);
			if (source?.readyState === EventSource.CLOSED) { // refused: a browser does not try again by itself
				end();
				timer = setTimeout(begin, 5000);
			}
		});
	};
	const end = () => {
		source?.close();
		source = null;
	};
	// A browser has six connections to a server, for all pages together: those that nobody sees give theirs back.
	document.addEventListener("visibilitychange", () => {
		clearTimeout(timer);
		if (document.visibilityState === "visible") begin();
		else timer = setTimeout(end, 3000);
	});
	addEventListener("pagehide", end);
	addEventListener("pageshow", event => event.persisted && begin());
	begin();
	return table;
}

// ---- words

// number is a value with at most five digits.
export function number(v) {
	if (v === null || v === undefined || !Number.isFinite(v)) return "–";
	if (v === 0) return "0";
	const size = Math.abs(v);
	if (size >= 1e6 || size < 1e-3) return v.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e").replace("-", "−").replace("e-", "e−");
	return String(Number(v.toPrecision(5))).replace("-", "−");
}

// duration is a time in seconds, in words.
export function duration(s) {
	if (!Number.isFinite(s) || s < 0) return "–";
	if (s < 9.95) return `${s.toFixed(1)} s`;
	const seconds = Math.round(s), minutes = Math.round(s / 60), hours = Math.round(s / 3600); // of which the larger units are whole
	if (seconds < 120) return `${seconds} s`;
	if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
	if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// ago is how long a moment is past.
export function ago(text) {
	const t = Date.parse(text);
	if (!(t > 0)) return "–";
	const s = Math.max(0, (Date.now() - t) / 1000);
	if (s < 60) return "just now";
	if (s < 7200) return `${Math.round(s / 60)} min ago`;
	if (s < 172800) return `${Math.round(s / 3600)} h ago`;
	return new Date(t).toLocaleDateString(undefined, {year: "numeric", month: "short", day: "numeric"});
}

export const moment = text => Date.parse(text) > 0 ? new Date(text).toLocaleString() : "–";

export function bytes(n) {
	if (n < 1000) return `${n} B`;
	if (n < 1e6) return `${(n / 1e3).toPrecision(3)} kB`;
	return n < 1e9 ? `${(n / 1e6).toPrecision(3)} MB` : `${(n / 1e9).toPrecision(3)} GB`;
}

const states = {running: "running", done: "done", failed: "failed", interrupted: "interrupted", killed: "interrupted", pending: "waiting", queued: "waiting"};

// stateClass is the class that shows a status; a killed run can be resumed as an interrupted one can.
export const stateClass = status => `status-${states[status] ?? "failed"}`;
export const stateWord = status => ({killed: "interrupted", pending: "waiting"})[status] ?? status;
export const stateGroup = status => states[status] ?? "failed";

// state is an element with a status.
export function state(status) {
	return make("span", {className: stateClass(status)}, stateWord(status));
}

// told shows an error in an element, as text.
export function told(e, error) {
	e.replaceChildren(make("p", {className: "error", role: "alert"}, error.message ?? String(error)));
}

// typed is a command to type, with a button that copies it.
export function typed(text) {
	const copy = make("button", {type: "button", className: "button small", title: "copy the command", onclick: async () => {
		try {
			await navigator.clipboard.writeText(text);
			put(copy, "copied");
		} catch { // pages without https may not
			const range = document.createRange();
			range.selectNodeContents(code);
			getSelection().removeAllRanges();
			getSelection().addRange(range);
			put(copy, "selected");
		}
		setTimeout(() => put(copy, "copy"), 1500);
	}}, "copy");
	const code = make("code", {}, text);
	return make("div", {className: "typed"}, make("pre", {tabIndex: 0}, code), copy);
}

// address is that of the page of runs.
export const runPage = ids => `run.html?${query({id: ids})}`;

// colour of a scale of CSS, a list of colours between which the value 0 to 1 lies.
export function scaleColour(name, at) {
	const colours = getComputedStyle(document.documentElement).getPropertyValue(name).trim().split(/\s+/);
	const k = Math.min(Math.max(at, 0), 1) * (colours.length - 1), i = Math.min(Math.floor(k), colours.length - 2);
	const part = c => [1, 3, 5].map(n => parseInt(c.slice(n, n + 2), 16));
	const [a, b] = [part(colours[i]), part(colours[i + 1])];
	return a.map((v, n) => Math.round(v + (b[n] - v) * (k - i)));
}

// themed calls back when the colours change.
export function themed(f) {
	new MutationObserver(f).observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", f);
}
