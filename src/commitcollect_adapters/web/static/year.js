// A year as a calendar of shades, and its totals by month and sport.

import { call } from "./calls.js";
import { fill, get, make, option } from "./dom.js";
import * as format from "./format.js";

const SVG = "http://www.w3.org/2000/svg", CELL = 13, LEFT = 4, TOP = 16;
const STEPS_SECONDS = [1, 1800, 3600, 7200];
let year = new Date().getFullYear(), isChosen = false;

function svg(name, attributes, text) {
	const element = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
	if (text) element.append(text);
	return element;
}

function heat(found) {
	const days = [...format.days(found.year)], first = days[0].weekday;
	const label = `Calendar of ${found.year}: training on ${format.count(Object.keys(found.days).length, "day", "days")}. The tables below tell the months and sports.`;
	const picture = svg("svg", { role: "img", "aria-label": label, viewBox: `0 0 ${LEFT + 54 * CELL} ${TOP + 7 * CELL}`, width: LEFT + 54 * CELL, height: TOP + 7 * CELL });
	days.forEach(({ at, name, weekday }, number) => {
		const totals = found.days[name], column = Math.floor((number + first) / 7);
		const level = totals ? Math.max(1, STEPS_SECONDS.filter(step => totals.movingTimeSeconds >= step).length) : 0;
		const cell = svg("rect", { class: `level${level}`, x: LEFT + column * CELL, y: TOP + weekday * CELL, width: CELL - 2, height: CELL - 2, rx: 2 });
		cell.append(svg("title", {}, `${format.calendarDay(at)}: ${totals ? told(totals) : "nothing"}`));
		picture.append(cell);
		if (name.endsWith("-01")) picture.append(svg("text", { x: LEFT + column * CELL, y: TOP - 5 }, format.shortMonth(Number(name.slice(5, 7)))));
	});
	fill("heat", picture);
}

const told = ({ workouts, distanceMeters, movingTimeSeconds }) => `${format.count(workouts, "workout", "workouts")}, ${format.distance(distanceMeters)}, ${format.time(movingTimeSeconds)}`;

function table(id, first, rows) {
	const head = [first, "Workouts", "Distance", "Climb", "Moving"].map((text, place) => make("th", { scope: "col", class: place ? "number" : null }, text));
	fill(id, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows.map(([name, totals]) => make("tr", {}, make("th", { scope: "row" }, name),
		[totals.workouts, format.known(meters => format.distance(meters, 0), totals.distanceMeters), format.known(format.climb, totals.totalElevationGainMeters), format.known(format.time, totals.movingTimeSeconds)].map(text => make("td", { class: "number" }, text))))));
}

async function read() {
	const ask = () => call(`/activities/years/${year}?timeZone=${encodeURIComponent(format.zone())}`);
	return ask().catch(failure => {
		if (failure.field !== "timeZone") throw failure;
		format.forgetZone();
		return ask();
	});
}

export async function show() {
	const found = await read();
	const [oldest = year, newest = year] = found.years;
	// Until the reader chooses, a year that has something to show.
	if (!isChosen && !found.total.workouts && newest < year) { year = newest; return show(); }
	const last = Math.max(newest, new Date().getFullYear(), year);
	fill("which-year", Array.from({ length: last - Math.min(oldest, year) + 1 }, (_, place) => option(last - place, String(last - place))));
	get("which-year").value = year;
	const climbed = found.total.totalElevationGainMeters;
	get("year-total").textContent = found.total.workouts ? `${told(found.total)}${climbed ? `, ${format.climb(climbed)} of climbing` : ""}.` : "No workouts in this year.";
	heat(found);
	table("months", "Month", found.months.map(each => [format.month(each.month), each]));
	table("sports", "Sport", found.sports.map(each => [format.sport(each.sportType), each]));
	return year;
}

export function start(failed) {
	get("which-year").addEventListener("change", event => { isChosen = true; year = Number(event.target.value); show().catch(failed); });
	return show();
}
