// Shows the host's own description of its API.

import { call } from "./calls.js";
import { fill, get, make } from "./dom.js";

const written = schema => make("pre", { tabindex: 0 }, JSON.stringify(schema, null, 2));

function answer([status, { description, content }]) {
	const schema = content?.["application/json"]?.schema;
	return make("li", {}, make("strong", {}, status), ` ${description}`, schema && !schema.$ref && make("details", {}, make("summary", {}, "What it holds"), written(schema)));
}

function operation(path, [method, { summary, parameters, requestBody, responses, security }]) {
	const body = requestBody?.content["application/json"]?.schema;
	return make("section", { class: "card" },
		make("h2", {}, make("code", {}, `${method.toUpperCase()} ${path}`)),
		make("p", {}, summary, security.length ? " Needs a session." : ""),
		parameters.length > 0 && make("ul", {}, parameters.map(each => make("li", {}, make("code", {}, each.name), ` ${each.description ?? "in the path"}`))),
		body && make("details", {}, make("summary", {}, "What to send"), written(body)),
		make("h3", {}, "Answers"), make("ul", {}, Object.entries(responses).map(answer)));
}

const described = await call("/openapi.json");
get("about").textContent = described.info.description;
fill("operations", Object.entries(described.paths).flatMap(([path, each]) => Object.entries(each).map(one => operation(path, one))));
document.body.dataset.state = "ready";
