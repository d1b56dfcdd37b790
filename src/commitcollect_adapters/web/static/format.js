// Amounts in the reader's units, dates in the reader's time zone.

const KEY = "units", MILE = 1609.344, FOOT = .3048, DAY = 86400000;
const MILES = /^en-(US|GB|LR)\b/;

export function units() {
	try { return localStorage.getItem(KEY) ?? (MILES.test(navigator.language) ? "mi" : "km"); } catch { return "km"; }
}
export function setUnits(value) {
	try { localStorage.setItem(KEY, value); } catch { /* then it holds for this page */ }
}

const number = (value, digits = 0, roundingMode = "halfExpand") => new Intl.NumberFormat(undefined, { maximumFractionDigits: digits, roundingMode }).format(value);
export const whole = value => number(value);
export const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

export const distance = (meters, digits = 1) => units() === "mi" ? `${number(meters / MILE, digits)} mi` : `${number(meters / 1000, digits)} km`;
export const climb = (meters, rounding) => units() === "mi" ? `${number(meters / FOOT, 0, rounding)} ft` : `${number(meters)} m`;
// Of workouts; nothing tells none from one that is not known.
export const known = (show, amount) => amount ? show(amount) : "–";
export function time(seconds) {
	const minutes = Math.round(seconds / 60);
	return minutes < 60 ? `${minutes} min` : `${number(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, "0")}`;
}

// To the second: rounded, a goal would look reached before it is.
function exactTime(seconds) {
	const units = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
	return units.filter(([amount]) => amount).map(([amount, unit]) => `${number(amount)} ${unit}`).join(" ") || "0 min";
}

// A marathon is no 42.2 km where it is the goal.
function exactDistance(meters, rounding) {
	const [unit, name] = units() === "mi" ? [MILE, "mi"] : [1000, "km"];
	const digits = meters >= 100 * unit ? 1 : 2;
	return `${number(meters / unit, !rounding && name === "km" ? 3 : digits, rounding)} ${name}`;
}

const AMOUNTS = {
	DISTANCE_METERS: exactDistance, ELEVATION_METERS: climb, MOVING_TIME_SECONDS: exactTime, ACTIVITY_COUNT: value => count(value, "workout", "workouts"),
};
const MILE_UNITS = { DISTANCE_METERS: MILE, ELEVATION_METERS: FOOT };

// The metres of the roundest figure that is stored as the same ones: 1,000 ft are kept as 305 m, which are 1,001.
function asTyped(meters, unit) {
	const exact = meters / unit, digits = Math.floor(Math.log10(exact)) + 1;
	for (let exponent = digits; exponent > digits - 4; exponent--) {
		for (const step of [10 ** exponent, 5 * 10 ** (exponent - 1)]) {
			const figure = Math.round(exact / step) * step;
			if (Math.round(figure * unit) === meters) return figure * unit;
		}
	}
	return meters;
}
function asked(targetType, value) {
	const unit = MILE_UNITS[targetType];
	return AMOUNTS[targetType](unit && units() === "mi" ? asTyped(value, unit) : value);
}

const BUCKETS = { DAY: ["day", "days"], WEEK: ["week", "weeks"], MONTH: ["month", "months"] };
const countsBuckets = fold => fold?.kind === "REACHED_BUCKETS" || fold?.kind === "LONGEST_RUN";

// An amount of what an aim is counted in: metres, days of a streak, shares of a combination.
function amount({ targetType, totalTarget }, value, fold, rounding) {
	if (targetType === "ALL_OF") return `${number(100 * value / totalTarget, 0, rounding)} %`;
	if (countsBuckets(fold)) return count(value, ...BUCKETS[fold.bucket]);
	return value === totalTarget ? asked(targetType, value) : AMOUNTS[targetType](value, rounding);
}
export const target = (aim, fold) => amount(aim, aim.totalTarget, fold);
// Down, or a goal would look reached before it is; up, so that what is shown is enough.
export const progress = (aim, value, fold) => amount(aim, value, fold, "floor");
export const needed = (aim, value, fold) => amount(aim, value, fold, "ceil");
export const measured = (targetType, value) => targetType === "DISTANCE_METERS" ? distance(value) : (AMOUNTS[targetType] ?? String)(value);

function each(targetType, minimum) {
	return targetType === "ACTIVITY_COUNT" && minimum === 1 ? "" : ` with ${asked(targetType, minimum)}`;
}

function aimed(aim, fold) {
	const whole = target(aim, fold), climbing = aim.targetType === "ELEVATION_METERS" && !countsBuckets(fold) ? " of climbing" : "";
	switch (fold?.kind) {
		case "BEST_WORKOUT": return `${whole} in one workout`;
		case "BEST_WINDOW": return `${whole} in ${count(fold.length, ...BUCKETS[fold.bucket])}`;
		case "REACHED_BUCKETS": return `${whole}${each(aim.targetType, fold.minimum)}`;
		case "LONGEST_RUN": return `a streak of ${whole}${each(aim.targetType, fold.minimum)}`;
		default: return `${whole}${climbing}`;
	}
}

const SPORTS = { ANY: "any sport", RUN: "running", RIDE: "cycling", SWIM: "swimming", WALK: "walking", HIKE: "hiking", SKI: "skiing", ROW: "rowing", PADDLE: "paddling", SKATE: "skating", EBIKE: "e-bike", RACKET: "racket sports" };
export const sport = names => names.split(",").map(name => SPORTS[name] ?? name.replace(/(?<=[a-z])(?=[A-Z])/g, " ")).join(", ");
export const GROUPS = Object.keys(SPORTS);

export function aim(milestone) {
	const parts = milestone.goal?.allOf ?? [];
	if (!parts.length) return `${aimed(milestone, milestone.goal?.fold)} · ${sport(milestone.sport)}`;
	return parts.map(part => `${aimed(part, part.fold)}${part.sport === "ANY" ? "" : ` (${sport(part.sport)})`}`).join(" and ");
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
export const date = seconds => day.format(seconds * 1000);
export const dateAndTime = seconds => moment.format(seconds * 1000);

// The days of a goal that counts days are those of its own time zone, wherever the reader is.
function dayOf(timeZone) {
	try { return timeZone ? new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone }) : day; } catch { return day; }
}

export function period({ periodStartAtUtc, periodEndAtUtc, timeZone }) {
	const own = dayOf(timeZone), first = own.format(periodStartAtUtc * 1000);
	return periodEndAtUtc === null ? `from ${first}` : `${first} to ${own.format(periodEndAtUtc * 1000 - 1)}`;
}
export const month = number => new Intl.DateTimeFormat(undefined, { month: "long", timeZone: "UTC" }).format(Date.UTC(2026, number - 1, 15));
export const shortMonth = number => new Intl.DateTimeFormat(undefined, { month: "short", timeZone: "UTC" }).format(Date.UTC(2026, number - 1, 15));

// A browser may name a time zone that the host has not heard of; then days are those of UTC.
let isZoneKnown = true;
export const zone = () => isZoneKnown ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";
export const forgetZone = () => { isZoneKnown = false; };

// The days of a year, each as the API names it.
export function* days(year) {
	for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += DAY) yield { at, name: new Date(at).toISOString().slice(0, 10), weekday: (new Date(at).getUTCDay() + 6) % 7 };
}
export const calendarDay = at => new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeZone: "UTC" }).format(at);
