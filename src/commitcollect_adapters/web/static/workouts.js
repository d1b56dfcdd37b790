// The workouts: what counted towards the goal, how much, and why the others did not.

import { call } from "./calls.js";
import { fill, get, make } from "./dom.js";
import * as format from "./format.js";

const REASONS = {
	deleted: "deleted", flagged: "flagged at Strava", before_start: "before the goal began", after_end: "after the goal ended",
	other_sport: "another sport", nothing_to_count: "without anything that the goal counts",
};
const PAGE = 25;
let milestone, next = null;

function row(workout) {
	const day = make("time", { datetime: new Date(workout.startDateUtc * 1000).toISOString() }, format.date(workout.startDateUtc));
	const name = make("td", {}, workout.activityName || format.sport(workout.sportType), workout.activityName ? make("span", { class: "soft small" }, ` ${format.sport(workout.sportType)}`) : "");
	const counts = workout.isCounted === undefined ? "" : workout.isCounted ? make("span", { class: "yes" }, "✓ ", counted(workout)) : make("span", { class: "soft" }, REASONS[workout.reason] ?? workout.reason);
	const cells = [format.known(format.distance, workout.distanceMeters), format.known(format.climb, workout.totalElevationGainMeters), format.known(format.time, workout.movingTimeSeconds)];
	return make("tr", {}, make("td", { class: "day" }, day), name, cells.map(text => make("td", { class: "number" }, text)), make("td", {}, counts));
}

function counted(workout) {
	const parts = workout.effects.length ? workout.effects : [{ targetType: milestone.targetType, amount: workout.amount }];
	return parts.map(({ targetType, amount }) => format.measured(targetType, amount)).join(", ");
}

export async function show(of) {
	milestone = of;
	next = null;
	const found = milestone ? await call(`/milestones/${encodeURIComponent(milestone.milestoneId)}/explain?limit=${PAGE}`) : await call(`/activities/recent?limit=${PAGE}`);
	fill("workout-rows", found.workouts.map(row));
	get("counted").textContent = milestone ? summary(found) : found.workouts.length ? "Your newest workouts. Set a goal to see what counts." : "None yet. Bring your history in above.";
	get("workout-table").hidden = !found.workouts.length;
	goOn(found);
}

function summary({ counted: number, excluded }) {
	if (number === null) return `Your newest workouts, and what counts towards ${format.aim(milestone)}. There are too many to count them all here.`;
	const others = Object.entries(excluded).map(([reason, count]) => `${format.whole(count)} ${REASONS[reason] ?? reason}`);
	if (!number && !others.length) return "None yet. Bring your history in above.";
	return `${format.count(number, "workout counts", "workouts count")} towards ${format.aim(milestone)}${others.length ? `; not counted: ${others.join(", ")}` : ""}.`;
}

function goOn(found) {
	next = found.next ?? null;
	get("more").hidden = next === null;
}

export function start(failed) {
	get("more").addEventListener("click", async () => {
		get("more").disabled = true;
		try {
			const of = milestone, found = await call(`/milestones/${encodeURIComponent(of.milestoneId)}/explain?limit=${PAGE}&after=${encodeURIComponent(next)}`);
			// Shown anew meanwhile, from the newest on: these rows would stand in the wrong place.
			if (of !== milestone) return;
			get("workout-rows").append(...found.workouts.map(row));
			goOn(found);
		} catch (failure) { failed(failure); } finally { get("more").disabled = false; }
	});
}
