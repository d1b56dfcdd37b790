// Makes elements. Text is only ever set as text, so that nothing of a workout's name becomes HTML.

export const get = id => document.getElementById(id);

export function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === "function") element.addEventListener(key, value);
		else if (value === true) element.setAttribute(key, "");
		else if (value !== false && value != null) element.setAttribute(key, value);
	}
	element.append(...children.flat().filter(child => child != null && child !== false));
	return element;
}

export const option = (value, text) => make("option", { value }, text);

export function fill(id, ...children) {
	get(id).replaceChildren(...children.flat().filter(child => child != null && child !== false));
}
