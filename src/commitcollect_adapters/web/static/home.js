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

const SETTLE_MS = 400;
const parameters = new URLSearchParams(location.search);
let isMadeUp = false, settling, source, version;

function failed(failure) {
	if (failure.status === 401) { location.assign("/"); return; }
	get("trouble").textContent = failure.message;
	get("trouble").hidden = false;
	if (!(failure instanceof Error && "code" in failure)) throw failure;
}

async function choose(milestoneId) {
	history.replaceState(null, "", milestoneId ? `/?milestone=${encodeURIComponent(milestoneId)}` : "/");
	// From the top, where the goal stands, and not from where the form or the button was.
	history.scrollRestoration = "manual";
	location.reload();
}

// Whatever changed in the ledger shows, once it is quiet for a moment.
function changed() {
	clearTimeout(settling);
	settling = setTimeout(async () => {
		try {
			await statue.refresh();
			change.show();
			await Promise.all([workouts.show(statue.current()), year.show().then(goal.suggest), bring.strava(isMadeUp)]);
		} catch (failure) { failed(failure); }
	}, SETTLE_MS);
}

function listen() {
	source = new EventSource("/events");
	source.addEventListener("ledger", event => {
		const now = JSON.parse(event.data).version, isNews = version !== undefined && now !== version;
		version = now;
		if (isNews) { statue.refresh().catch(failed); changed(); }
	});
	source.addEventListener("import", event => {
		const found = JSON.parse(event.data);
		bring.told(found);
		if (found.state === "done" || found.state === "failed") { bring.finished(found.importId).catch(failed); changed(); }
	});
}

// Asks for nothing more, as while the account goes away.
function leave() {
	source?.close();
	clearTimeout(settling);
}

async function signedIn(viewer) {
	get("signed-in").hidden = get("nav").hidden = false;
	get("email").textContent = viewer.email;
	const [{ statues }, { milestones }] = await Promise.all([call("/statues"), call("/milestones?limit=200")]);
	// What is put away stands last.
	milestones.sort((a, b) => Boolean(a.archivedAtUtc) - Boolean(b.archivedAtUtc) || b.createdAtUtc - a.createdAtUtc);
	await statue.show(milestones, parameters.get("milestone"), statues[0].modelId);
	get("milestone").addEventListener("change", event => choose(event.target.value));
	goal.start(statues, choose, failed);
	change.start(choose, failed);
	bring.start();
	workouts.start(failed);
	listen();
	await Promise.all([workouts.show(statue.current()), year.start(failed).then(goal.suggest), bring.strava(isMadeUp), account.show(failed, leave)]);
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
	else get("welcome").hidden = false;
	document.body.dataset.state = "ready";
	history.scrollRestoration = "auto";
}

start().catch(failed);
