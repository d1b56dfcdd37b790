// Renames a goal, puts it away or takes it out again, and deletes it.

import { call } from "./calls.js";
import { get } from "./dom.js";
import * as format from "./format.js";
import { current } from "./statue.js";

const path = () => `/milestones/${encodeURIComponent(current().milestoneId)}`;

// Says what stands in the way of `act`, or goes on to the goal with this id.
async function changing(act, failed, then) {
	const buttons = get("change").querySelectorAll("button");
	for (const button of buttons) button.disabled = true;
	try { then(await act()); } catch (failure) { failed(failure); }
	for (const button of buttons) button.disabled = false;
}

function lost({ partsEarned, partsTotal }) {
	const parts = partsEarned ? `The ${format.count(partsEarned, "part", "parts")} of ${partsTotal} that you earned for it will be gone for good. To keep them, put it away instead.` : "No part has been earned for it.";
	return `${parts} Your workouts stay.`;
}

export function show() {
	const milestone = current();
	get("change").hidden = !milestone;
	if (!milestone) return;
	if (document.activeElement !== get("goal-name")) get("goal-name").value = milestone.name ?? "";
	get("archive").textContent = milestone.archivedAtUtc === null ? "Put it away" : "Take it out again";
}

export function start(chosen, failed) {
	const edit = body => changing(() => call(path(), { method: "PATCH", body }), failed, ({ milestoneId }) => chosen(milestoneId));
	get("rename").addEventListener("submit", event => { event.preventDefault(); edit({ name: get("goal-name").value }); });
	get("archive").addEventListener("click", () => edit({ isArchived: current().archivedAtUtc === null }));
	get("remove").addEventListener("click", () => {
		get("remove-what").textContent = lost(current());
		get("remove-sure").returnValue = "";
		get("remove-sure").showModal();
	});
	get("remove-sure").addEventListener("close", () => {
		if (get("remove-sure").returnValue !== "delete") return;
		// What the dialog told goes; a part that has been earned since is asked about again.
		changing(() => call(`${path()}?withParts=${current().partsEarned > 0}`, { method: "DELETE" }), failed, () => chosen(null));
	});
	show();
}
