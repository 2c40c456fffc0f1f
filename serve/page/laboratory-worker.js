// The theory, compiled from Go (lab/wasm), in a thread of its own: sliders never wait for it. The first message is the
// compiled module; each further one, {id, request}, is answered by {id, reply}, both texts of JSON (lab.Desk.Answer).

import "./wasm/wasm_exec.js";

const started = new Promise(done => {
	addEventListener("message", async event => {
		const go = new Go();
		const instance = await WebAssembly.instantiate(event.data, go.importObject);
		go.run(instance);
		done();
	}, {once: true});
});

addEventListener("message", async event => {
	if (event.data instanceof WebAssembly.Module) return;
	await started;
	postMessage({id: event.data.id, reply: spikealign(event.data.request)});
});
