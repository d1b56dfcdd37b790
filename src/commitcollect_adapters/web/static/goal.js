// The form for a new goal, with what it would be worth at once.

import { call } from "./calls.js";
import { fill, get, option } from "./dom.js";
import * as format from "./format.js";

const isInMiles = () => format.units() === "mi";
const KINDS = {
	distance: { name: "Distance", unit: () => isInMiles() ? "miles" : "km", amount: 1000, target: amount => `distance=${amount}${isInMiles() ? "mi" : "km"}` },
	climb: { name: "Climbing", unit: () => isInMiles() ? "feet" : "metres", amount: 20000, target: amount => `elevation=${amount}${isInMiles() ? "ft" : "m"}` },
	time: { name: "Moving time", unit: () => "hours", amount: 100, target: amount => `time=${amount}h` },
	count: { name: "Workouts", unit: () => "workouts", amount: 52, isWhole: true, target: amount => `count=${amount}` },
	days: { name: "Active days", unit: () => "days", amount: 120, isWhole: true, isOfDays: true, target: amount => `days=${amount}` },
	streak: { name: "A streak of days", unit: () => "days in a row", amount: 30, isWhole: true, isOfDays: true, target: amount => `streak=${amount}d` },
};
const WAIT_MS = 350;
let timer, asking, named = {}, isTouched = false, isFromTouched = false;

const midnight = (text, more = 0) => {
	const [year, month, day] = text.split("-").map(Number), at = new Date(2000, 0, 1);
	// Given to the constructor, the year 26 would be 1926.
	at.setFullYear(year, month - 1, day + more);
	return Math.floor(at.getTime() / 1000);
};

function wish() {
	const kind = KINDS[get("kind").value], amount = Number(get("amount").value);
	if (!(amount > 0) || !get("from").value || kind.isWhole && !Number.isInteger(amount)) return null;
	// In words and with the time zone, so that a card or another program shows what was chosen here: miles, and these days.
	const body = { modelId: get("model").value, sport: get("sport").value, periodStartAtUtc: midnight(get("from").value), targets: [kind.target(amount)], timeZone: format.zone() };
	if (get("until").value) body.periodEndAtUtc = midnight(get("until").value, 1);
	return body;
}

// Suggests to begin with a year that has workouts.
export function suggest(year) {
	if (!isFromTouched) get("from").value = `${year}-01-01`;
	ask();
}

export function label() {
	const kind = KINDS[get("kind").value];
	get("amount-label").textContent = `How much, in ${kind.unit()}`;
	get("amount").step = kind.isWhole ? "1" : "any";
	get("amount").min = kind.isWhole ? "1" : ".001";
	get("until-help").textContent = `The last day still counts; without one ${kind.isOfDays ? "the goal ends where a goal of days has to, as shown below" : "the goal stays open"}.`;
	if (!isTouched) get("amount").value = kind.amount;
	ask();
}

function ask() {
	clearTimeout(timer);
	timer = setTimeout(preview, WAIT_MS);
}

async function preview() {
	const body = wish();
	asking?.abort();
	if (!body) { get("preview").textContent = ""; return; }
	asking = new AbortController();
	try {
		const found = await call("/milestones/preview", { method: "POST", body, signal: asking.signal });
		get("preview").textContent = worth(found) + ended(body, found);
	} catch (failure) {
		if (failure.name !== "AbortError") get("preview").textContent = failure.message;
	}
}

function worth({ partsEarned, partsTotal, partsEarnedAtUtc: days, countedWorkouts }) {
	if (!countedWorkouts) return "None of your workouts counts towards it so far.";
	const counted = `${format.count(countedWorkouts, "workout counts", "workouts count")} towards it`;
	if (!partsEarned) return `${counted}. You would begin without a part.`;
	const last = partsEarned > 1 ? `, the latest on ${format.date(days.at(-1))}` : "";
	return `You would have ${partsEarned} of ${partsTotal} parts, the first on ${format.date(days[0])}${last}. ${counted}.`;
}

// Days are kept one by one, so a goal of days that was given no end has one nevertheless.
function ended({ periodEndAtUtc: asked }, found) {
	return asked || found.periodEndAtUtc === null ? "" : ` It would last as long as a goal of days can: ${format.period(found)}.`;
}

export function start(statues, created, failed) {
	fill("model", statues.map(each => option(each.modelId, each.year ? `${each.name} ${each.year}` : each.name)));
	fill("kind", Object.entries(KINDS).map(([value, { name }]) => option(value, name)));
	fill("sport", format.GROUPS.map(name => option(name, format.sport(name))));
	get("from").addEventListener("input", () => { isFromTouched = true; });
	get("amount").addEventListener("input", () => { isTouched = true; });
	get("kind").addEventListener("change", () => { isTouched = false; label(); });
	get("goal-form").addEventListener("input", ask);
	get("goal-form").addEventListener("submit", async event => {
		event.preventDefault();
		const body = wish(), button = get("goal-form").querySelector("[type=submit]");
		if (!body) return;
		button.disabled = true;
		try {
			// Named, so that a repeated press makes one goal.
			const made = await call("/milestones", { method: "POST", body, headers: { "idempotency-key": keyOf(body) } });
			await created(made.milestoneId);
		} catch (failure) { failed(failure); }
		button.disabled = false;
	});
	label();
}

// Of this form as it stands: the same goal may be set again another day, also once the first has another name.
function keyOf(body) {
	const text = JSON.stringify(body);
	if (named.text !== text) named = { text, key: crypto.randomUUID() };
	return named.key;
}
