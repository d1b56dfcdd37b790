// Brings the page to life: who is signed in, what is theirs, and what happens meanwhile.

import * as account from "./account.js";
import * as bring from "./bring.js";
import { call } from "./calls.js";
import * as change from "./change.js";
import { get } from "./dom.js";
import * as format from "./format.js";
import * as goal from "./goal.js";
import * as statue from "./statue.js";
import * as workouts from "./workouts.js";
import * as year from "./year.js";

const SETTLE_MS = 400, AGAIN_MS = 5000;
const ended = new Set();
const parameters = new URLSearchParams(location.search);
let isMadeUp = false, later, settling, source, version;

function failed(failure) {
	if (failure.status === 401) { location.assign("/"); return; }
	get("trouble").textContent = failure.message;
	get("trouble").dataset.of = "reader";
	get("trouble").hidden = false;
	if (!(failure instanceof Error && "code" in failure)) throw failure;
}

function failedToUpdate(failure) {
	failed(failure);
	get("trouble").dataset.of = "update";
}

async function choose(milestoneId) {
	history.replaceState(null, "", milestoneId ? `/?milestone=${encodeURIComponent(milestoneId)}` : "/");
	// From the top, where the goal stands, and not from where the form or the button was.
	history.scrollRestoration = "manual";
	location.reload();
}

// Trouble has been read once the reader goes on; that of an update is over with the next one that succeeds.
for (const name of ["click", "change"]) document.addEventListener(name, () => { get("trouble").hidden = true; }, true);

// Whatever changed in the ledger shows, once it is quiet for a moment.
function changed() {
	clearTimeout(settling);
	settling = setTimeout(async () => {
		try {
			await statue.refresh();
			change.show();
			await Promise.all([workouts.show(statue.current()), year.show().then(goal.suggest), bring.strava(isMadeUp)]);
			if (get("trouble").dataset.of === "update") get("trouble").hidden = true;
		} catch (failure) { failedToUpdate(failure); }
	}, SETTLE_MS);
}

function listen() {
	source?.close();
	source = new EventSource("/events");
	source.addEventListener("ledger", event => {
		const now = JSON.parse(event.data).version, isNews = version !== undefined && now !== version;
		version = now;
		if (isNews) { statue.refresh().catch(failedToUpdate); changed(); }
	});
	source.addEventListener("import", event => {
		const found = JSON.parse(event.data);
		bring.told(found);
		if (!bring.isOver(found) || ended.has(found.importId)) return;
		// Each stream tells of the newest import once more.
		ended.add(found.importId);
		bring.finished(found.importId).catch(failedToUpdate);
		changed();
	});
	// Browsers connect again by themselves unless the answer is no stream, as while a host is busy or starts.
	source.addEventListener("error", () => {
		if (source.readyState === EventSource.CLOSED) later = setTimeout(listenAgain, AGAIN_MS);
	});
}

async function listenAgain() {
	try {
		await call("/session");
		listen();
	} catch (failure) {
		if (failure.status === 401) failed(failure);
		else later = setTimeout(listenAgain, AGAIN_MS);
	}
}

// Pages that are not seen hold no connection: a browser has six for a host, and a seventh tab would wait for ever.
function rest() {
	if (document.hidden) silence();
	else listen();
}

function silence() {
	source?.close();
	clearTimeout(later);
}

// Asks for nothing more, as while the account goes away.
function leave() {
	silence();
	clearTimeout(settling);
}

async function goals() {
	const found = [];
	let after = "";
	do {
		const { milestones, next } = await call(`/milestones?limit=200${after}`);
		found.push(...milestones);
		after = next && `&after=${encodeURIComponent(next)}`;
	} while (after);
	return found;
}

async function signedIn(viewer) {
	get("signed-in").hidden = get("nav").hidden = false;
	get("email").textContent = viewer.email;
	const [{ statues }, milestones] = await Promise.all([call("/statues"), goals()]);
	// What is put away stands last.
	milestones.sort((a, b) => Boolean(a.archivedAtUtc) - Boolean(b.archivedAtUtc) || b.createdAtUtc - a.createdAtUtc);
	await statue.show(milestones, parameters.get("milestone"), statues[0]?.modelId);
	get("milestone").addEventListener("change", event => choose(event.target.value));
	goal.start(statues, choose, failed);
	change.start(choose, failed);
	bring.start();
	workouts.start(failed);
	rest();
	document.addEventListener("visibilitychange", rest);
	await Promise.all([workouts.show(statue.current()), year.start(failed).then(goal.suggest), bring.strava(isMadeUp), account.show(failed, leave)]);
}

function welcome() {
	get("welcome").hidden = false;
	get("gone").hidden = !parameters.has("gone");
	// Said once.
	if (parameters.has("gone")) history.replaceState(null, "", "/");
}

function inUnits() {
	get("units").value = format.units();
	get("units").addEventListener("change", event => {
		format.setUnits(event.target.value);
		if (get("signed-in").hidden) return;
		statue.paint();
		goal.label();
		Promise.all([workouts.show(statue.current()), year.show()]).catch(failed);
	});
}

async function start() {
	inUnits();
	const [viewer, host] = await Promise.all([call("/viewer"), call("/info")]);
	isMadeUp = host.stravaIsMadeUp;
	get("host").textContent = `${host.name} ${host.version}`;
	if (viewer.signedIn) await signedIn(viewer);
	else welcome();
	document.body.dataset.state = "ready";
	history.scrollRestoration = "auto";
}

start().catch(failed);
