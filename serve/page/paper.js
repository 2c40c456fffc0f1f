// The figures of the paper: what was reproduced, with a verdict on each claim, and how to do it.

import {ago, ask, duration, make, moment, query, state, told, typed} from "./app.js";
import {begin, mayStart} from "./start.js";

const main = document.getElementById("main");
main.append(make("h1", {}, "The paper"), make("p", {},
	"T. Gierlich, A. Baumbach, A. F. Kungl, K. Max, M. A. Petrovici, ", make("i", {}, "Spike-based alignment learning solves the weight transport problem"), ", Nature Communications (2026). ",
	"Each figure is computed anew, and each of its claims gets a verdict with the number that was measured."));
const place = make("div");
main.append(place);

function claims(list) {
	const holds = list.filter(c => c.holds).length;
	return make("details", {open: list.length <= 4 || holds < list.length},
		make("summary", {}, make("span", {className: holds === list.length ? "status-done" : "status-failed"}, `${holds} of ${list.length} claims hold`)),
		make("ul", {className: "claims"}, list.map(c => make("li", {},
			make("p", {className: c.holds ? "status-done claim" : "status-failed claim"}, c.claim),
			make("p", {className: "note"}, "measured: ", make("b", {}, c.measured), "; needed: ", c.needed, c.reason ? ` (${c.reason})` : "")))));
}

function result(r) {
	const pictures = r.pictures.map(p => {
		const address = `api/file?${query({id: r.id, name: p})}`;
		return make("a", {href: address, className: "plate"}, make("img", {src: address, alt: `${r.id}: ${p}`, loading: "lazy"}));
	});
	return make("div", {className: "result-of"},
		make("p", {className: "note", title: moment(r.updated)}, r.status && r.status !== "done" ? [state(r.status), " · "] : null, [`${r.scale} scale`, ago(r.updated), r.wall ? `took ${duration(r.wall)}` : "", r.dir].filter(Boolean).join(", "), r.runs ? [" · ", make("a", {href: `/#${query({filter: r.id})}`}, "its runs")] : null),
		r.error ? make("p", {className: "error"}, r.error) : null, r.claims.length ? claims(r.claims) : null, pictures.length ? make("div", {className: "plates"}, pictures) : null);
}

async function draw() {
	let all, may;
	try {
		[all, may] = await Promise.all([ask("api/paper"), mayStart()]);
	} catch (e) {
		told(place, e);
		return;
	}
	place.replaceChildren(...all.map(f => {
		const said = make("span", {className: "note", role: "status"});
		const run = may ? make("button", {type: "button", className: "button", onclick: async () => {
			run.disabled = true;
			try {
				await begin(f.name);
				said.textContent = "It runs; the page Runs tells how far it is.";
			} catch (e) {
				run.disabled = false;
				said.textContent = e.message;
			}
		}}, "run at quick scale") : null;
		return make("section", {className: "card paper", id: f.name, "aria-label": f.name},
			make("h2", {}, f.name, " ", make("span", {className: "note"}, f.doc)),
			f.results.length ? f.results.map(result) : make("p", {className: "note"}, "Not reproduced here yet."),
			typed(f.command), run ? make("div", {className: "row"}, run, said) : null);
	}));
	if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}
draw();
