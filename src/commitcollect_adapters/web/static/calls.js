// Calls the API. What it refuses becomes a sentence.

const SENTENCES = {
	missing_session: "You are signed out.", invalid_session: "Your session has ended; sign in again.",
	forbidden_origin: "This page may not do that.", import_running: "An import is under way; wait for its end.",
	file_too_large: "The file is larger than this host takes. Unpack it and bring its activities.csv.",
	file_empty: "The file is empty.", no_room: "There is no room for the file on this host.",
	too_many_workouts_for_mvp_recompute: "The period holds too many workouts to count at once; shorten it.",
	limit_exceeded: "That is more than one account may have.", too_many_milestones: "You have as many goals under way as one account may have.", athlete_already_connected: "This Strava athlete is connected to another account.",
	other_athlete_connected: "You are connected to another Strava athlete; disconnect that one first.",
	nothing_earned: "Nothing is earned yet.", mesh_changed: "The statue was redesigned since; these files are not here.",
	storage_unavailable: "The store is busy; try again in a moment.", busy: "This host is busy; try again in a moment.",
	strava_unavailable: "Strava does not answer; try again later.", strava_rate_limited: "Strava takes no more calls for now; try again later.",
	milestone_has_parts: "A part was earned meanwhile, so the goal was kept; look at it once more.", milestone_not_found: "This goal is not there any more; load the page again.",
	account_deleting: "This account is being deleted.", import_not_found: "This host was started anew and does not know the import any more; bring the file in again, which goes on where it ended.",
};
const UNREACHABLE = "This host does not answer. Is it still running, and are you online?";
const FIELDS = { totalTarget: "the amount", periodEndAtUtc: "the end: it comes after the start, and a goal of days cannot be much longer than a year", periodStartAtUtc: "the start", targets: "the amount", targetType: "the kind of goal", modelId: "the statue", sport: "the sport", name: "the name", timeZone: "the time zone" };

export class Refused extends Error {
	constructor(status, { error, status: code, field }) {
		super(SENTENCES[error ?? code] ?? (field && FIELDS[field] ? `Please check ${FIELDS[field]}.` : (status ? "That did not work; try again in a moment." : UNREACHABLE)));
		this.status = status;
		this.code = error ?? code;
		this.field = field;
	}
}

export async function call(path, { method = "GET", body, headers = {}, signal } = {}) {
	let reply;
	try {
		reply = await fetch(path, { method, signal, headers: body ? { "content-type": "application/json", ...headers } : headers, body: body && JSON.stringify(body) });
	} catch (failure) {
		if (failure.name === "AbortError") throw failure;
		throw new Refused(0, {});
	}
	if (reply.status === 204) return null;
	const document = await reply.json().catch(() => ({}));
	if (!reply.ok) throw new Refused(reply.status, document);
	return document;
}

// Sends a file and tells how much of it is there; fetch cannot.
export function send(file, progress) {
	return new Promise((done, failed) => {
		const request = new XMLHttpRequest();
		request.open("POST", `/imports?name=${encodeURIComponent(file.name)}`);
		request.setRequestHeader("content-type", "application/octet-stream");
		request.responseType = "json";
		request.upload.onprogress = event => progress(event.loaded / Math.max(event.total, 1));
		request.onload = () => request.status === 202 ? done(request.response) : failed(new Refused(request.status, request.response ?? {}));
		request.onerror = () => failed(new Refused(0, {}));
		request.send(file);
	});
}
