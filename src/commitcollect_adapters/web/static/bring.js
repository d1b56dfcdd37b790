// Bringing a history in: files with their progress and what was left out, and the connection to Strava.

import { call, send } from "./calls.js";
import { fill, get, make } from "./dom.js";
import * as format from "./format.js";

const ROWS_SHOWN = 200;
const POLL_MS = 400, AGAIN_MS = 3000;
const cards = new Map();
let last = Promise.resolve();

function card(key, name) {
	if (cards.has(key)) return cards.get(key);
	const bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of ${name}` });
	const text = make("p", {}), more = make("div", {});
	const made = { bar, text, more, root: make("div", { class: "import" }, make("strong", {}, name), bar, text, more) };
	get("imports").prepend(made.root);
	cards.set(key, made);
	return made;
}

export function told(found) {
	const { importId, file, state, read, taken, changed, parts, rejectedCount } = found;
	const made = card(importId, file), earned = parts ? `, ${format.count(parts, "part", "parts")} earned` : "";
	made.bar.hidden = state === "done" || state === "failed";
	made.bar.value = state === "reading" ? .1 : read ? .1 + .9 * taken / read : 1;
	if (state === "reading") made.text.textContent = `Reading: ${format.count(read, "workout", "workouts")} so far`;
	else if (state === "counting") made.text.textContent = `Counting: ${format.whole(taken)} of ${format.count(read, "workout", "workouts")}${earned}`;
	else if (state === "done" && !read && !rejectedCount) made.text.textContent = "There is no workout in this file.";
	else if (state === "done") made.text.textContent = `Done: ${format.count(read, "workout", "workouts")}, ${format.whole(changed)} of them new or changed${earned}${rejectedCount ? `; ${format.count(rejectedCount, "row", "rows")} left out` : ""}.`;
	else made.text.textContent = `Nothing was brought in${read ? " from here on" : ""}: ${found.error.startsWith(`${file}: `) ? found.error.slice(file.length + 2) : found.error}`;
	made.root.className = `import ${state}`;
	return made;
}

export const isOver = ({ state }) => state === "done" || state === "failed";

function toldInFull(found) {
	const made = told(found);
	made.more.replaceChildren(...leftOut(found), ...notes(found));
}

// Also of an import that another page began. A host of several processes may ask one that does not know it.
export async function finished(importId) {
	try { toldInFull(await call(`/imports/${importId}`)); } catch (failure) { if (failure.status !== 404) throw failure; }
}

function* leftOut({ rejected, rejectedCount }) {
	if (!rejected.length) return;
	const shown = rejected.slice(0, ROWS_SHOWN), rest = rejectedCount - shown.length;
	yield make("details", {}, make("summary", {}, `${format.count(rejectedCount, "row", "rows")} left out, and why`),
		make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rows that were not taken" }, make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Row"), make("th", { scope: "col" }, "Reason"))),
			make("tbody", {}, shown.map(({ row, reason }) => make("tr", {}, make("td", {}, row ?? "file"), make("td", {}, reason)))))),
		rest > 0 && make("p", { class: "soft" }, `and ${rest} more`));
}

function* notes({ warnings }) {
	if (warnings.length) yield make("details", {}, make("summary", {}, format.count(warnings.length, "note", "notes")), make("ul", {}, warnings.map(text => make("li", {}, text))));
}

async function bring(files) {
	for (const file of files) {
		const key = `upload ${file.name}`, sending = card(key, file.name);
		let made = sending;
		try {
			const begun = await send(file, share => { sending.bar.value = share * .1; sending.text.textContent = `Sending: ${Math.floor(share * 100)} %`; });
			sending.root.remove();
			made = told(begun);
			// On Lambda it ends before it is answered, and no other call may find it.
			if (isOver(begun)) toldInFull(begun);
			else await ended(begun.importId);
		} catch (failure) {
			made.bar.hidden = true;
			made.root.className = "import failed";
			made.text.textContent = failure.message;
		}
		cards.delete(key);
	}
}

// One file after the other, as one import of a person runs at a time, also where more are dropped meanwhile.
function queue(files) {
	last = last.then(() => bring(files));
}

async function ended(importId) {
	for (;;) {
		const found = await unlessAway(() => call(`/imports/${importId}`));
		if (found) told(found);
		if (found && isOver(found)) { toldInFull(found); return; }
		await new Promise(done => setTimeout(done, found ? POLL_MS : AGAIN_MS));
	}
}

// The import goes on while the host cannot be reached for a moment.
async function unlessAway(ask) {
	try { return await ask(); } catch (failure) {
		if (failure.status !== 0 && failure.status !== 503) throw failure;
		return null;
	}
}

export async function strava(isMadeUp) {
	const found = await call("/strava/status"), who = isMadeUp ? "a made-up Strava on this machine" : "Strava";
	const going = found.backfill && found.backfill.phase !== "DONE" ? " The history is on its way." : "";
	get("strava-state").textContent = found.connected ? `Connected to ${who}, athlete ${found.athleteId}.${going}` : `Not connected. ${isMadeUp ? "No app is set up here, so a made-up Strava stands in, with a made-up history." : "Strava sends each new workout by itself."}`;
	fill("strava-act", found.connected ? make("button", { type: "button", click: () => disconnect(isMadeUp) }, "Disconnect") : make("a", { class: "button", href: "/strava/connect" }, isMadeUp ? "Connect it" : "Connect Strava"));
}

async function disconnect(isMadeUp) {
	try { await call("/strava/connection", { method: "DELETE" }); } catch (failure) { get("strava-state").textContent = failure.message; return; }
	await strava(isMadeUp);
}

export function start() {
	const drop = get("drop"), input = get("file");
	const over = is => event => { event.preventDefault(); drop.classList.toggle("over", is); };
	for (const [name, is] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) drop.addEventListener(name, over(is));
	drop.addEventListener("drop", event => queue([...event.dataTransfer.files]));
	const chosen = () => { const files = [...input.files]; input.value = ""; queue(files); };
	input.addEventListener("change", chosen);
	// They may have been chosen while this page was still loading.
	if (input.files.length) chosen();
}
