// Who is signed in, and where.

import { call } from "./calls.js";
import { fill, get, make } from "./dom.js";
import * as format from "./format.js";

const KNOWN = [[/Edg\//, "Edge"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS = [[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]];
const named = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

function browser(agent) {
	const program = named(KNOWN, agent), system = named(SYSTEMS, agent);
	return program ? `${program}${system ? ` on ${system}` : ""}` : agent.slice(0, 60) || "a browser that does not say which";
}

export async function show(failed, leave) {
	const { sessions } = await call("/sessions");
	const end = async (path, isThis) => {
		try {
			await call(path, { method: "DELETE" });
			if (isThis) location.assign("/"); else await show(failed, leave);
		} catch (failure) { failed(failure); }
	};
	fill("sessions", sessions.map(({ sessionId, isThis, createdAtUtc, lastSeenAtUtc, userAgent }) => make("li", {},
		make("span", {}, make("strong", {}, browser(userAgent)), isThis ? " (this one)" : ""),
		make("span", { class: "soft" }, `since ${format.date(createdAtUtc)}, last seen ${format.dateAndTime(lastSeenAtUtc)}`),
		!isThis && make("button", { type: "button", click: () => end(`/sessions/${sessionId}`, isThis) }, "Sign out there"))));
	get("delete").onclick = () => { get("sure").returnValue = ""; get("sure").showModal(); };
	get("sure").onclose = () => { if (get("sure").returnValue === "delete") remove(failed, leave); };
	get("elsewhere").hidden = sessions.length < 2;
	get("elsewhere").onclick = () => end("/sessions", false);
}

async function remove(failed, leave) {
	get("delete").disabled = true;
	leave();
	try {
		await call("/account", { method: "DELETE" });
		location.assign("/?gone");
	} catch (failure) {
		get("delete").disabled = false;
		failed(failure);
	}
}
