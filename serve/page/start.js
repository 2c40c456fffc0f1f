// Starting experiments from the page, where the server allows it: spikealign serve --allow-run.

import {ago, ask, make, order, put, runPage, told} from "./app.js";

let allowed = null;

// mayStart asks once whether experiments can be started, and returns what can be, with the token for it.
export function mayStart() {
	allowed ??= ask("api/started").then(a => a.allowed ? a : null, () => null);
	return allowed;
}

// begin starts one and returns {id, run}.
export async function begin(offer, name = "", set = []) {
	const a = await mayStart();
	return order("api/start", a.token, {offer, name, set});
}

// starter makes a button open the dialog, and shows it where something can be started.
export async function starter(button) {
	const may = await mayStart();
	if (!may) return;
	button.hidden = false;
	let timer = 0;
	const which = make("select", {id: "start-offer"});
	for (const [command, label] of [["run", "experiments"], ["sweep", "sweeps"], ["reproduce", "figures of the paper"]]) {
		which.append(make("optgroup", {label}, may.offers.filter(o => o.command === command).map(o => make("option", {value: o.name}, o.name))));
	}
	const about = make("p", {className: "note"});
	const name = make("input", {type: "text", pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,79}", autocomplete: "off", spellcheck: false});
	const set = make("textarea", {rows: 3, spellcheck: false, placeholder: "training.epochs=200"});
	const answer = make("div", {role: "status"}), jobs = make("div");
	const go = make("button", {type: "submit", className: "button main"}, "Start");
	const offered = () => may.offers.find(o => o.name === which.value);
	const tell = () => {
		const o = offered();
		put(about, o.doc + (o.time ? `; about ${o.time.replace("*", "")}` : ""));
		name.placeholder = o.name;
		name.disabled = set.disabled = o.command === "reproduce";
	};
	which.addEventListener("change", tell);
	const form = make("form", {className: "start-form", onsubmit: async event => {
		event.preventDefault();
		go.disabled = true;
		try {
			const started = await begin(which.value, name.value.trim(), set.value.split("\n").map(l => l.trim()).filter(Boolean));
			answer.replaceChildren(make("p", {}, "Started: it appears in the table as ", make("b", {}, started.run), "."));
			await look();
		} catch (e) {
			told(answer, e);
		}
		go.disabled = false;
	}},
	make("label", {className: "field wide"}, make("span", {}, "experiment"), which), about,
	make("label", {className: "field wide"}, make("span", {}, "name of its folder"), name),
	make("label", {className: "field wide"}, make("span", {}, "changes, path=value, one a line"), set),
	make("div", {className: "row"}, go));
	const close = make("button", {type: "button", className: "button", onclick: () => dialog.close()}, "Close");
	const dialog = make("dialog", {"aria-label": "start a run"}, make("h2", {}, "Start a run"), form, answer, jobs, make("p", {}, close));
	document.body.append(dialog);

	async function look() {
		const a = await ask("api/started").catch(() => null);
		if (!a) return;
		const states = {waiting: "waiting", running: "running", done: "done", failed: "failed", stopped: "interrupted"};
		jobs.replaceChildren(...a.jobs.map(j => make("div", {className: "job"},
			make("div", {className: "row"}, make("span", {className: `status-${states[j.state]}`}, j.state),
				j.run && j.state !== "waiting" ? make("a", {href: runPage([j.run])}, j.run) : make("span", {}, j.run ?? j.name),
				make("span", {className: "note"}, ago(j.began)),
				j.state === "running" || j.state === "waiting" ? make("button", {type: "button", className: "button small", onclick: async () => {
					await order("api/stop", may.token, {id: j.id}).catch(e => told(answer, e));
					look();
				}}, "stop") : null),
			make("code", {className: "note"}, j.command),
			j.said && j.state === "failed" ? make("pre", {}, j.said) : null)));
	}
	button.addEventListener("click", () => {
		dialog.showModal();
		tell();
		look();
		timer = setInterval(look, 2000);
	});
	dialog.addEventListener("close", () => clearInterval(timer));
}
