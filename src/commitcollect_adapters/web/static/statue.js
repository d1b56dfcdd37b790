// The statue with its goal, its parts and its files. The viewer draws what stands here.

import { call } from "./calls.js";
import { fill, get, make, option } from "./dom.js";
import * as format from "./format.js";

const FILES = [
	["3mf?layout=plates", "To print: plates", "3MF, one for each printer bed", true], ["stl", "To print: parts", "STL, one file each, zipped", true],
	["glb", "3D model", "GLB, for other programs", true], ["png", "Card to share", "PNG", false], ["svg", "Card to share", "SVG, sharp at any size", false],
	["html", "This statue as a page", "one file that needs nothing else", false],
];
const models = new Map();
let viewer, shown, view;

export const model = id => models.get(id) ?? models.set(id, call(`/statues/${encodeURIComponent(id)}`)).get(id);
export const current = () => view?.milestone;

export async function show(milestones, wanted, modelId) {
	const milestone = milestones.find(each => each.milestoneId === wanted) ?? milestones[0];
	view = milestone && await call(`/milestones/${encodeURIComponent(milestone.milestoneId)}`);
	shown = await model(milestone?.modelId ?? modelId);
	choices(milestones, milestone);
	paint();
	if (viewer) return;
	get("stage").dataset.mesh = `/statues/${encodeURIComponent(shown.modelId)}/mesh`;
	viewer = import("./viewer.js");
}

export async function refresh() {
	if (!view) return;
	view = await call(`/milestones/${encodeURIComponent(view.milestone.milestoneId)}`);
	paint();
}

function choices(milestones, chosen) {
	get("which").hidden = milestones.length < 2;
	fill("milestone", milestones.map(each => option(each.milestoneId, `${each.name || `${format.aim(each)} · ${format.period(each)}`}, ${each.partsEarned} of ${each.partsTotal} parts${each.archivedAtUtc ? ", put away" : ""}`)));
	if (chosen) get("milestone").value = chosen.milestoneId;
}

export function paint() {
	const milestone = view?.milestone, awards = new Map(view?.awards.map(award => [award.partIndex, award]));
	const title = shown.year ? `${shown.name} ${shown.year}` : shown.name, fold = milestone?.goal?.fold;
	const names = shown.parts.filter(part => awards.has(part.partIndex)).map(part => part.partName);
	const count = `${awards.size} of ${shown.partsTotal} parts earned`;
	get("statue-name").textContent = title;
	get("aim").textContent = milestone ? `${milestone.name ? `${milestone.name}: ` : ""}${format.aim(milestone)} · ${format.period(milestone)}` : "Set a goal below, and its parts will be yours to earn.";
	get("count").textContent = milestone ? `${count}: ${format.progress(milestone, milestone.progressValue, fold)} of ${format.target(milestone, fold)}` : "";
	get("to-go").textContent = milestone?.remainingToNextPart != null ? `The next part is ${format.needed(milestone, milestone.remainingToNextPart, fold)} away.${milestone.isOver ? " The period is over; only what comes in late can still count." : ""}` : milestone?.completedAtUtc ? `Complete since ${format.date(Math.max(...view.awards.map(award => award.earnedAtUtc)))}.` : "";
	fill("steps", shown.parts.map(part => make("i", { class: awards.has(part.partIndex) ? "earned" : null })));
	get("statue").setAttribute("aria-label", `${title}, a statue. ${count}${names.length ? `: ${names.join(", ")}` : ""}.`);
	const still = `/statues/${encodeURIComponent(shown.modelId)}/picture?solid=${[...awards.keys()].join(",")}${get("stage").dataset.state === "failed" ? "#smooth" : ""}`;
	if (get("still").getAttribute("src") !== still && get("stage").className !== "live") get("still").src = still;
	parts(milestone, awards, fold);
	files(milestone, awards.size);
}

function parts(milestone, awards, fold) {
	const before = new Set([...get("parts").querySelectorAll(".earned")].map(item => item.dataset.part));
	const open = get("parts").querySelector("details[open]")?.parentElement.dataset.part;
	const next = shown.parts.find(part => !awards.has(part.partIndex))?.partIndex;
	fill("parts", shown.parts.map(part => {
		const award = awards.get(part.partIndex), kind = award ? "earned" : milestone && part.partIndex === next ? "next" : "later";
		const threshold = milestone && Math.ceil(part.partIndex * milestone.totalTarget / milestone.partsTotal);
		const state = award ? format.date(award.earnedAtUtc) : milestone ? `at ${format.needed(milestone, threshold, fold)}` : "";
		return make("li", { class: kind, "data-part": part.partIndex, "data-from": part.direction.join(" ") },
			make("details", { name: "part", open: String(part.partIndex) === open, toggle: event => event.target.open && award && workout(event.target, award) },
				make("summary", {}, make("span", { class: "mark" }), make("span", { class: "name" }, part.partName), make("span", { class: "unseen" }, award ? "earned " : milestone ? "not yet, " : ""), make("span", { class: "state" }, state)),
				make("dl", {}, facts(part, award, milestone, threshold, fold))));
	}));
	get("parts").dispatchEvent(new Event("parts"));
	const fresh = shown.parts.filter(part => awards.has(part.partIndex) && !before.has(String(part.partIndex)));
	if (viewer && fresh.length) get("news").textContent = `Earned: ${fresh.map(part => part.partName).join(", ")}`;
}

function facts(part, award, milestone, threshold, fold) {
	const told = [];
	if (award) told.push(["Earned", `${format.dateAndTime(award.earnedAtUtc)}, at ${format.progress(milestone, award.progressValueAtAward, fold)}`], ["By", "…", "by"]);
	else if (milestone) told.push(["Threshold", format.needed(milestone, threshold, fold)]);
	told.push(["Goes onto", part.attachPoint.replaceAll("_", " ")], ["Size", `${part.sizeMm.join(" × ")} mm`], ["Print", `about ${part.grams} g, ${part.needsSupports ? "with" : "without"} supports`]);
	return told.flatMap(([label, text, name]) => [make("dt", {}, label), make("dd", { class: name }, text)]);
}

// Which workout earned a part; asked for when its card is opened.
async function workout(card, award) {
	const place = card.querySelector(".by");
	if (!place || place.textContent !== "…") return;
	const found = await call(`/activities/${award.source}/${encodeURIComponent(award.activityId)}`).catch(() => null);
	place.textContent = found ? `${found.activityName || format.sport(found.sportType)}, ${format.distance(found.distanceMeters)}` : "a workout that is no longer here";
}

function files(milestone, earned) {
	get("downloads").hidden = !milestone;
	if (!milestone) return;
	const base = `/milestones/${encodeURIComponent(milestone.milestoneId)}/files/`;
	fill("files", FILES.filter(([, , , printed]) => earned || !printed).map(([kind, name, about]) =>
		make("li", {}, make("a", { href: base + kind, download: true }, name), " ", make("span", { class: "soft" }, about))),
		!earned && make("li", { class: "soft" }, "Parts to print appear here once they are earned."));
}
