// The switch between light and dark colours, for the bar of every page. A classic script in the head, so that the choice
// holds before anything is painted: <script src="theme.js"></script>.
"use strict";
{
	const root = document.documentElement;
	const names = {auto: "as the system", light: "light", dark: "dark"};
	const read = () => {
		try {
			return localStorage.getItem("theme");
		} catch { // a browser may refuse to keep anything
			return null;
		}
	};
	let theme = names[read()] ? read() : "auto";
	const apply = () => {
		if (theme === "auto") delete root.dataset.theme;
		else root.dataset.theme = theme;
	};
	apply();
	document.addEventListener("DOMContentLoaded", () => {
		const bar = document.querySelector(".bar");
		if (!bar) return;
		const button = document.createElement("button");
		button.type = "button";
		button.className = "button small theme";
		const tell = () => {
			button.textContent = {auto: "◐", light: "☼", dark: "☾"}[theme];
			button.title = `Colours: ${names[theme]}`;
			button.setAttribute("aria-label", button.title);
		};
		button.addEventListener("click", () => {
			const all = Object.keys(names);
			theme = all[(all.indexOf(theme) + 1) % all.length];
			try {
				localStorage.setItem("theme", theme);
			} catch { // then it holds for this page
			}
			apply();
			tell();
		});
		tell();
		bar.append(button);
	});
	// The other pages that are open follow.
	addEventListener("storage", event => {
		if (event.key === "theme") {
			theme = names[event.newValue] ? event.newValue : "auto";
			apply();
		}
	});
}
