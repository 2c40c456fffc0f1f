// The laboratory of two neurons: settings on the one hand, figures of package lab on the other, which two workers
// compute (laboratory-worker.js). The newest settings win: what is under way for older ones is dropped.

import {show} from "./figure.js";

const at = id => document.getElementById(id);

// ---- workers

// load returns the compiled theory. Servers that send what ends in .gz as compressed content have unpacked it already.
async function load() {
	const answer = await fetch("wasm/laboratory.wasm.gz");
	if (!answer.ok) throw new Error(`wasm/laboratory.wasm.gz: ${answer.status} ${answer.statusText}`);
	let data = await answer.arrayBuffer();
	if (new DataView(data).getUint16(0) === 0x1f8b) {
		data = await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
	}
	return WebAssembly.compile(data);
}

const patience = 250; // milliseconds that newer settings wait for what is under way

// Desk is a worker with what it was asked. One request is under way at a time.
class Desk {
	constructor(module) {
		this.module = module;
		this.waiting = new Map();
		this.last = 0;
		this.start();
	}

	start() {
		this.worker = new Worker("laboratory-worker.js", {type: "module"});
		this.worker.addEventListener("message", event => {
			const {done} = this.waiting.get(event.data.id);
			this.waiting.delete(event.data.id);
			done(event.data.reply);
		});
		this.worker.addEventListener("error", event => fault([{Path: "", Message: event.message || "the worker cannot be started"}]));
		this.worker.postMessage(this.module);
		this.fresh = true; // nothing of before is on the desk
	}

	// text answers with the text of the reply, or null if it was dropped.
	text(request) {
		return new Promise(done => {
			const id = ++this.last;
			this.waiting.set(id, {done, since: performance.now()});
			this.worker.postMessage({id, request: JSON.stringify(request)});
		});
	}

	async ask(request) {
		const text = await this.text(request);
		return text === null ? null : JSON.parse(text);
	}

	// drop ends what has been under way for too long, with all that lies on the desk.
	drop() {
		const now = performance.now();
		if (![...this.waiting.values()].some(w => now - w.since > patience)) return;
		this.worker.terminate();
		const dropped = [...this.waiting.values()];
		this.waiting.clear();
		this.start();
		for (const w of dropped) w.done(null);
	}
}

// Newest runs a task for settings again whenever they are others, and never for two at once. The task asks over(), and
// ends early if there are newer ones.
class Newest {
	constructor(desk, task) {
		this.desk = desk;
		this.task = task;
		this.wanted = null;
		this.busy = false;
	}

	async want(settings) {
		this.wanted = settings;
		if (this.busy) {
			this.desk.drop();
			return;
		}
		this.busy = true;
		while (this.wanted !== null) {
			const now = this.wanted;
			this.wanted = null;
			await this.task(now, () => this.wanted !== null);
		}
		this.busy = false;
	}
}

const frame = () => new Promise(done => requestAnimationFrame(done));
const still = matchMedia("(prefers-reduced-motion: reduce)");

// ---- figures

const shown = {}, heights = {law: 190, curve: 170, shapes: 130};

function draw(name, figure, options) {
	at(name).classList.remove("stale");
	if (shown[name]) shown[name].update(figure, options);
	else shown[name] = show(at(name), figure, {wide: true, height: heights[name], ...options});
}

// ---- settings

const labels = {w12: ["W", "12"], w21: ["W", "21"], b1: ["b", "1"], b2: ["b", "2"], tau: ["τ"], dynamics: ["time"], psp: ["potential"], tau_syn: ["τ", "syn"],
	window: ["window"], window_tau: ["τ", "window"], span: ["plane up to"], rate_12: ["rate of W", "12"], rate_21: ["rate of W", "21"], epoch: ["epoch"], epochs: ["epochs"], seed: ["seed"]};
const groups = [["weights", "w12", "w21"], ["biases", "b1", "b2"], ["neurons", "tau", "dynamics", "psp", "tau_syn"], ["learning", "window", "window_tau"],
	["plane and walk", "span", "rate_12", "rate_21", "epoch", "epochs", "seed"]];
const folded = 4; // this group is closed at the beginning

let settings = []; // of lab.Describe
let values = {};   // the text of each
const fields = {}; // by name: the inputs

const make = (tag, props, ...children) => {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...children);
	return e;
};

// nice returns a round number near x.
function nice(x) {
	const power = 10 ** Math.floor(Math.log10(x));
	return power * [1, 2, 5, 10].find(k => k * power >= x * 0.999);
}

function label(name) {
	const [text, index] = labels[name] || [name];
	return make("label", {htmlFor: `set-${name}`}, text, ...index ? [make("sub", {}, index)] : []);
}

// control makes the inputs of a setting.
function control(d) {
	const row = make("div", {className: "control", title: d.doc}, label(d.name));
	if (d.words) {
		const select = make("select", {id: `set-${d.name}`}, ...d.words.map(w => make("option", {value: w}, w)));
		select.addEventListener("input", () => set({[d.name]: select.value}));
		row.append(select);
		fields[d.name] = [select];
		return row;
	}
	const low = d.doc.includes("0 or ") ? 0 : d.low, step = d.whole ? 1 : nice((d.high - low) / 500);
	const number = make("input", {id: `set-${d.name}`, type: "number", min: low, max: d.high, step: d.whole ? 1 : "any", required: true});
	number.addEventListener("input", () => set({[d.name]: number.value}));
	row.append(number);
	fields[d.name] = [number];
	if (d.high < 1e6) {
		const range = make("input", {type: "range", min: low, max: d.high, step});
		range.setAttribute("aria-label", d.doc);
		range.addEventListener("input", () => set({[d.name]: range.value}));
		row.append(range);
		fields[d.name].push(range);
	}
	const unit = low < d.low ? "0: τ" : (d.unit ?? "").replace("tau", "τ"); // 0 stands for tau
	if (unit) row.append(make("span", {className: "unit"}, unit));
	return row;
}

// text is the address of the values: those that are not the defaults.
const text = () => settings.filter(d => values[d.name] !== d.default).map(d => `${d.name}=${values[d.name]}`).join("&");

// tell shows the values in all inputs but the one that is being used.
function tell() {
	for (const [name, inputs] of Object.entries(fields)) {
		for (const input of inputs) {
			if (input !== document.activeElement || input.type === "range") input.value = values[name];
		}
	}
	const now = text();
	let doc = "";
	for (const b of at("presets").children) {
		b.setAttribute("aria-pressed", String(b.dataset.address === now));
		if (b.dataset.address === now) doc = b.title;
	}
	at("preset-doc").textContent = doc;
}

// set changes some of the settings.
function set(some) {
	Object.assign(values, some);
	tell();
	want();
}

// digits writes a number as the command does, with six digits.
const digits = x => (x !== 0 && Math.abs(x) < 1e-4 ? String(Number(x.toExponential(5)).toExponential()) : String(Number(x.toPrecision(6)))).replaceAll("-", "−");

// number writes a weight with the digits that a hand can choose.
const number = x => String(Number(Number(x).toFixed(2)));

function fault(problems) {
	const box = at("fault");
	box.hidden = !problems;
	if (!problems) return;
	box.replaceChildren(...problems.map(p => make("div", {}, p.Path ? make("b", {}, p.Path) : "", p.Path ? ": " : "", p.Message)));
}

// ---- what the settings show

let law, plane, slow; // Newest, each
let written;          // timer of the address
let wish = null;      // the settings of a walk that is wanted, until it is at its end

function want() {
	at("walk-state").textContent = "…"; // what stood there was about other settings
	law.want(text());
}

// address writes the settings where a link takes them from; browsers allow that some times a second only.
function address(text) {
	clearTimeout(written);
	written = setTimeout(() => history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search), 200);
}

async function seeLaw(desk, now) {
	const a = await desk.ask({op: "law", settings: now});
	if (!a) return;
	fault(a.faults);
	if (a.faults) {
		for (const name of ["law", "curve", "plane", "slow", "shapes"]) at(name).classList.add("stale");
		return;
	}
	address(now);
	draw("law", a.figure);
	at("verdict").textContent = `SAL: ${a.verdict}.`;
	at("warning").hidden = !a.warnings;
	at("warning").textContent = (a.warnings ?? []).join("; ");
	at("command").replaceChildren(...a.command.split(" ").flatMap(word => [make("span", {}, word), " "]));
	tabulate(a.numbers);
	plane.want(now);
	slow.want(now);
}

// tabulate shows numbers in the rows that there are.
function tabulate(numbers) {
	const table = at("numbers");
	while (table.rows.length > numbers.length) table.lastChild.remove();
	for (const [k, n] of numbers.entries()) {
		const row = table.rows[k] ?? table.appendChild(make("tr", {}, make("th", {scope: "row"}), make("td", {}), make("td", {className: "note"})));
		[n.name, `${digits(n.value)} ${n.unit ?? ""}`, n.doc].forEach((text, i) => {
			if (row.children[i].textContent !== text) row.children[i].textContent = text;
		});
		row.children[1].title = String(n.value);
	}
}

// ring is the handle of the curve: the difference of the weights, at their mean.
function ring() {
	const w12 = Number(values.w12), w21 = Number(values.w21), mean = (w12 + w21) / 2;
	return {
		handles: [{panel: 0, x: w12 - w21, y: 0, label: "difference of the weights", fixed: "y"}],
		onHandle: (_, x) => place(mean + x / 2, mean - x / 2),
	};
}

const bound = 4;
const within = x => Math.min(Math.max(x, -bound), bound);

// place moves the weights to a point of the plane.
function place(w12, w21) {
	set({w12: number(within(w12)), w21: number(within(w21))});
}

const point = () => ({
	handles: [{panel: 0, x: Number(values.w12), y: Number(values.w21), label: "weights"}],
	onHandle: (_, x, y) => place(x, y),
	onPoint: (_, x, y) => {
		place(x, y);
		wish = text();
	},
});

async function seePlane(desk, now, over) {
	for (const op of ["curve", "shapes"]) {
		const a = await desk.ask({op, settings: now});
		if (!a || over()) return;
		if (a.faults) at(op).classList.add("stale");
		else draw(op, a.figure, op === "curve" ? ring() : {});
	}
	const state = at("walk-state");
	let a = await desk.ask({op: "plane", settings: now});
	if (a && !over() && !a.figure) at("plane").classList.add("stale");
	for (; a && !over(); a = await desk.ask({op: "plane-on"})) {
		if (a.faults) {
			at("plane").classList.add("stale");
			state.textContent = a.faults.map(f => f.Message).join("; ");
			return;
		}
		if (a.figure) draw("plane", a.figure, point());
		state.textContent = a.done ? "" : `computing: ${Math.round(100 * a.share)} %`;
		if (a.done) break;
	}
	if (!a || over()) return;
	if (wish === now) await walk(desk, now, over);
}

async function walk(desk, now, over) {
	const begin = await desk.ask({op: "walk", settings: now});
	const epochs = Number(values.epochs), pace = still.matches ? epochs : Math.ceil(epochs / 150);
	for (let a = begin; a && !over();) {
		if (a.faults) {
			at("walk-state").textContent = a.faults.map(f => f.Message).join("; ");
			break;
		}
		a = await desk.ask({op: "walk-on", epochs: pace});
		if (!a || over()) break;
		if (a.figure) draw("plane", a.figure, point());
		at("walk-state").textContent = `epoch ${Math.round(a.share * epochs)} of ${epochs}: W₁₂ ${number(a.w12 ?? 0)}, W₂₁ ${number(a.w21 ?? 0)}`;
		if (a.done) break;
		await frame();
	}
	if (!over()) wish = null;
}

// ---- slow motion

const speed = 1.5; // tau in a second
let playing = false;

async function seeSlow(desk, now, over) {
	const a = await desk.ask({op: "epoch", settings: now});
	if (!a || a.faults || over()) return;
	at("time").max = a.length;
	await seeTime(desk);
}

async function seeTime(desk) {
	const time = Number(at("time").value);
	const a = await desk.ask({op: "epoch-at", time});
	if (!a || a.faults) return false;
	at("time-state").textContent = `${time.toFixed(1)} τ of ${at("time").max} τ`;
	draw("slow", a.figure);
	return true;
}

async function play(desk) {
	playing = !playing;
	at("play").textContent = playing ? "Pause" : "Play";
	if (!playing) return;
	const input = at("time");
	if (Number(input.value) >= Number(input.max)) input.value = 0;
	let time = Number(input.value);
	for (let last = await frame(); playing;) {
		const now = await frame();
		if (Math.abs(Number(input.value) - time) > 0.11) time = Number(input.value); // somebody has moved it
		time += Math.min(now - last, 100) / 1000 * speed;
		last = now;
		input.value = time;
		await seeTime(desk);
		if (time >= Number(input.max)) {
			playing = false;
			at("play").textContent = "Play";
		}
	}
}

// ---- the beginning

// read takes the settings from the address. What is wrong with them is told, and nothing runs.
let asked = 0;

async function read(desk) {
	const mine = ++asked;
	let hash = location.hash, a = null;
	try {
		hash = decodeURIComponent(hash);
	} catch { // then it is told as it is
	}
	while (!a && mine === asked) a = await desk.ask({op: "read", settings: hash});
	if (mine !== asked) return;
	if (a.faults) {
		fault(a.faults);
		return;
	}
	values = a.values;
	tell();
	want();
}

async function begin() {
	const module = await load();
	const theory = new Desk(module), field = new Desk(module);
	law = new Newest(theory, now => seeLaw(theory, now));
	plane = new Newest(field, (now, over) => seePlane(field, now, over));
	slow = new Newest(theory, (now, over) => seeSlow(theory, now, over));
	const a = await theory.ask({op: "describe"});
	settings = a.settings;
	for (const d of settings) values[d.name] = d.default;
	for (const [k, [title, ...names]] of groups.entries()) {
		const rows = names.map(name => control(settings.find(d => d.name === name)));
		at("form").append(make("details", {open: k !== folded}, make("summary", {}, title), ...rows));
	}
	at("presets").append(...a.presets.map(p => {
		const b = make("button", {type: "button", className: "button small", title: p.doc}, p.name);
		b.dataset.address = p.address;
		b.addEventListener("click", () => {
			history.pushState(null, "", p.address ? `#${p.address}` : location.pathname + location.search);
			read(theory);
		});
		return b;
	}));
	at("form").addEventListener("submit", event => event.preventDefault());
	at("walk").addEventListener("click", () => {
		wish = text();
		want();
	});
	at("play").addEventListener("click", () => play(theory));
	at("time").addEventListener("input", () => playing || seeTime(theory));
	addEventListener("hashchange", () => read(theory));
	addEventListener("popstate", () => read(theory));
	tell();
	await read(theory);
	globalThis.laboratory = {ask: request => theory.text(request)}; // for tests, and for who is curious
}

begin().catch(error => fault([{Path: "", Message: `the laboratory cannot begin: ${error.message}`}]));
