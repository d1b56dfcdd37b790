// Draws the statue with WebGL2 alone: earned parts solid, the others as ghosts.
// The page has the list of parts; without WebGL2 it and a still picture remain.

const get = id => document.getElementById(id);
const stage = get("stage"), canvas = get("statue"), list = get("parts"), spinButton = get("spin");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const LENS = 3.4, ROOM = 1.05, FLIGHT_MS = 1100, STAGGER_MS = 130, TURN_PER_MS = .00022, REFRESH_MS = 4000, CLICK_PX = 4;
const AXES = [0, 1, 2];
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

const VERTEX = `#version 300 es
layout(location=0) in vec3 p; layout(location=1) in vec3 n; layout(location=2) in vec4 c;
uniform mat4 camera; uniform vec4 place; uniform vec3 shift; out vec3 N, P; out float O;
void main() { P = p * place.w + place.xyz + shift; N = n; O = c.r; gl_Position = camera * vec4(P, 1.); }`;

// kind: 0 a ghost, 1 a solid part, 2 a part's number for picking, 3 the shadow on the ground.
const FRAGMENT = `#version 300 es
precision highp float; in vec3 N, P; in float O; out vec4 o;
uniform vec3 eye, rgb, ghost, number; uniform float kind, metal, open, glow;
void main() {
	if (kind == 2.) { o = vec4(number, 1.); return; }
	if (kind == 3.) { o = vec4(0., 0., 0., .5 * pow(max(1. - length(P.xy) / metal, 0.), 1.5)); return; }
	vec3 n = normalize(N), v = normalize(eye - P);
	float rim = 1. - max(dot(n, v), 0.);
	if (kind == 0.) { float a = min(.1 + .05 * n.z + .5 * pow(rim, 2.2) + .3 * glow, 1.); o = vec4(ghost * a, a); return; }
	vec2 e = normalize(eye.xy), r = vec2(-e.y, e.x);
	vec3 key = normalize(vec3(e * .75 - r * .7, .95)), fill = normalize(vec3(e * .2 + r, .2)), back = normalize(vec3(r * .5 - e, .6));
	float ao = max(O * O * .8 + O * .3, open), k = max(dot(n, key) * .88 + .12, 0.) * smoothstep(-.1, .7, max(O, open));
	vec3 sky = mix(vec3(.17, .13, .11), vec3(.34, .38, .44), .5 + .5 * n.z) * ao;
	vec3 c = rgb * (k * vec3(1.35, 1.25, 1.08) + max(dot(n, fill), 0.) * ao * vec3(.2, .27, .4) + sky);
	c += mix(vec3(.22), rgb * 1.8, metal) * pow(max(dot(n, normalize(key + v)), 0.), 42.) * k;
	c += max(dot(n, back), 0.) * rim * rim * ao * vec3(.5, .58, .66) + glow * (.1 + rim) * vec3(.9, .7, .3);
	c = c * (2.51 * c + .03) / (c * (2.43 * c + .59) + .14);
	o = vec4(pow(clamp(c, 0., 1.), vec3(1. / 2.2)), 1.);
}`;

// A GLB as CommitCollect writes it: one node for each part, one primitive for each of its colours.
function parse(buffer) {
	const size = new DataView(buffer).getUint32(12, true);
	const { accessors, bufferViews, materials, meshes, nodes } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, size)));
	const stream = index => {
		const { byteOffset, byteLength, byteStride = 0 } = bufferViews[accessors[index].bufferView];
		return { ...accessors[index], byteStride, data: new DataView(buffer, 28 + size + byteOffset, byteLength) };
	};
	return nodes.filter(node => node.mesh !== undefined).map(node => ({
		index: node.extras.partIndex, place: [...node.translation, node.scale[0]], shift: [0, 0, 0], landed: 1,
		surfaces: meshes[node.mesh].primitives.map(({ attributes, indices, material }) => {
			const { baseColorFactor, metallicFactor } = materials[material].pbrMetallicRoughness;
			return { rgb: baseColorFactor.slice(0, 3), metal: metallicFactor, corners: stream(indices),
				streams: [attributes.POSITION, attributes.NORMAL, attributes.COLOR_0].map(stream) };
		}) }));
}

// Points enough to know what the statue covers from any side.
function measure(parts) {
	const points = parts.flatMap(({ place, surfaces: [{ streams: [{ data, count, byteStride }] }] }) => {
		const every = Math.ceil(count / 150);
		return Array.from({ length: Math.floor(count / every) }, (_, k) =>
			AXES.map(i => data.getInt16(k * every * byteStride + 2 * i, true) * place[3] + place[i]));
	});
	const heights = points.map(point => point[2]), ground = Math.min(...heights), tall = Math.max(...heights) - ground;
	return { points, ground, tall };
}

// Puts all on the graphics card; again after the context was lost.
function upload(gl, parts) {
	const program = gl.createProgram();
	for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
		const shader = gl.createShader(type);
		gl.shaderSource(shader, source); gl.compileShader(shader); gl.attachShader(program, shader);
	}
	gl.linkProgram(program); gl.useProgram(program);
	const array = (streams, corners) => {
		const vao = gl.createVertexArray();
		gl.bindVertexArray(vao);
		streams.forEach(({ data, componentType, byteStride, type }, place) => {
			gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
			gl.enableVertexAttribArray(place); gl.vertexAttribPointer(place, type === "VEC4" ? 4 : 3, componentType, place > 0, byteStride, 0);
		});
		if (corners) { gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, corners.data, gl.STATIC_DRAW); }
		return vao;
	};
	for (const surface of parts.flatMap(part => part.surfaces)) surface.vao = array(surface.streams, surface.corners);
	const square = new Float32Array([-1, -1, 0, 1, -1, 0, -1, 1, 0, 1, 1, 0]);
	return { ground: array([{ data: square, componentType: gl.FLOAT, byteStride: 0 }]), at: name => gl.getUniformLocation(program, name) };
}

function start(gl, parts) {
	const size = measure(parts), earned = new Set(), touches = new Map();
	const home = () => ({ yaw: canvas.clientWidth < canvas.clientHeight ? .95 : .62, pitch: .13, zoom: 1 });
	const wish = home(), view = home();
	let card = upload(gl, parts), spinning, asked = 0, before = 0, chosen = 0, width, height, travelled;

	const ask = () => { asked ||= requestAnimationFrame(frame); };
	const spin = on => { spinning = on; spinButton.textContent = on ? "Stop turning" : "Turn"; ask(); };
	const turn = (dx, dy) => { wish.yaw -= dx; wish.pitch = clamp(wish.pitch + dy, -.2, 1.3); spin(false); };
	const zoom = factor => { wish.zoom = clamp(wish.zoom * factor, .6, 5); ask(); };
	const reset = () => { view.yaw %= 2 * Math.PI; Object.assign(wish, home()); spin(false); };
	const set = (name, ...values) => gl[`uniform${values.length}f`](card.at(name), ...values);

	// Moves what moves; true while there is more.
	function step(now, passed) {
		if (spinning) wish.yaw += passed * TURN_PER_MS;
		const share = calm.matches ? 1 : 1 - Math.exp(-passed / 90);
		let moving = spinning;
		for (const name in view) {
			const rest = wish[name] - view[name], near = Math.abs(rest) < 1e-4;
			view[name] += near ? rest : rest * share; moving ||= !near;
		}
		for (const part of parts.filter(each => each.landed < 1)) {
			part.landed = calm.matches ? 1 : clamp((now - part.leaves) / FLIGHT_MS, 0, 1);
			part.shift = part.from.map(each => each * size.tall * .5 * (1 - part.landed) ** 3);
			moving = true;
		}
		return moving;
	}

	// Looks at the middle, from as near as everything fits.
	function camera() {
		const yaw = view.yaw - Math.PI / 2, cy = Math.cos(yaw), sy = Math.sin(yaw), cp = Math.cos(view.pitch), sp = Math.sin(view.pitch);
		const back = [cp * cy, cp * sy, sp], right = [-sy, cy, 0], up = [-sp * cy, -sp * sy, cp], aspect = width / height;
		const seen = size.points.map(point => [right, up, back].map(axis => dot(axis, point)));
		const mid = i => { const all = seen.map(each => each[i] * (1 + each[2] / size.tall / 4)); return (Math.min(...all) + Math.max(...all)) / 2; };
		const x = mid(0), y = mid(1);
		const distance = Math.max(...seen.map(each => each[2] + LENS * ROOM * Math.max(Math.abs(each[0] - x) / aspect, Math.abs(each[1] - y)))) / view.zoom;
		const eye = AXES.map(i => back[i] * distance + right[i] * x + up[i] * y), near = distance * .2, far = distance * 3;
		const rows = [[right, LENS / aspect], [up, LENS], [back, 1]].map(([axis, scale]) => [...axis, -dot(axis, eye)].map(each => each * scale));
		const flat = (far + near) / (near - far), deep = 2 * far * near / (near - far);
		const matrix = [0, 1, 2, 3].flatMap(i => [rows[0][i], rows[1][i], rows[2][i] * flat + (i > 2 && deep), -rows[2][i]]);
		gl.uniformMatrix4fv(card.at("camera"), false, matrix);
		set("eye", ...eye);
	}

	function put(part, kind) {
		set("kind", kind); set("place", ...part.place); set("shift", ...(kind ? part.shift : [0, 0, 0]));
		set("number", part.index / 255, part.index * 37 % 256 / 255, 1);
		set("glow", part.index === chosen || part.landed < 1 ? part.landed / 2 : 0);
		for (const { rgb, metal, vao, corners } of part.surfaces) {
			set("rgb", ...rgb); set("metal", metal); gl.bindVertexArray(vao);
			gl.drawElements(gl.TRIANGLES, corners.count, corners.componentType, 0);
		}
	}

	function clear() {
		gl.viewport(0, 0, width, height); gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
		gl.enable(gl.DEPTH_TEST); gl.depthFunc(gl.LEQUAL); gl.enable(gl.CULL_FACE); gl.disable(gl.BLEND);
		camera();
	}

	function draw() {
		const ghosts = parts.filter(part => !earned.has(part.index) || part.landed < 1);
		clear();
		set("ghost", ...getComputedStyle(canvas).getPropertyValue("--ghost").trim().split(" ")); set("open", ghosts.length && .45);
		parts.filter(part => earned.has(part.index) && part.landed).forEach(part => put(part, 1));
		gl.enable(gl.BLEND); gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA); gl.depthMask(false);
		set("kind", 3); set("metal", size.tall * .4); set("place", 0, 0, size.ground, size.tall * .4); set("shift", 0, 0, 0);
		gl.bindVertexArray(card.ground); if (earned.size) gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4); gl.depthMask(true);
		// Depth first, so that only the front of a ghost is blended, not its inside.
		for (const visible of [false, true]) { gl.colorMask(visible, visible, visible, visible); ghosts.forEach(part => put(part, 0)); }
	}

	function frame(now) {
		asked = 0;
		const scale = Math.min(devicePixelRatio, 2);
		width = Math.round(canvas.clientWidth * scale); height = Math.round(canvas.clientHeight * scale);
		if (gl.isContextLost() || !width || !height) return;
		if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
		const moving = step(now, Math.min(now - before, 100));
		before = now;
		draw();
		stage.dataset.state = moving ? "moving" : "still";
		if (moving) ask();
	}

	// Draws numbers as colours and reads one; the picture is back before it is shown.
	function partAt(x, y) {
		const box = canvas.getBoundingClientRect(), pixel = new Uint8Array(4);
		clear(); parts.forEach(part => put(part, 2));
		gl.readPixels((x - box.left) * width / box.width, height - (y - box.top) * height / box.height, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
		draw();
		// Where parts meet their numbers blend: the second byte is wrong.
		return pixel[2] === 255 && pixel[1] === pixel[0] * 37 % 256 ? pixel[0] : 0;
	}

	const item = index => list.querySelector(`[data-part="${index}"]`);
	function choose(index) {
		for (const each of list.querySelectorAll("details")) each.open = false;
		if (!item(index)) return;
		item(index).firstElementChild.open = true; item(index).scrollIntoView({ block: "nearest" });
	}

	// Lets parts fly in that the list calls earned and do not stand yet; their names.
	function gather() {
		const fresh = parts.filter(({ index }) => !earned.has(index) && item(index).className === "earned"), now = performance.now();
		fresh.forEach((part, order) => {
			earned.add(part.index);
			Object.assign(part, { landed: 0, leaves: now + order * STAGGER_MS, from: item(part.index).dataset.from.split(" ").map(Number) });
		});
		ask();
		return fresh.map(({ index }) => item(index).querySelector(".name").textContent);
	}

	async function refresh() {
		const reply = document.hidden || await fetch("").catch(() => 0), open = chosen;
		const page = reply.ok && new DOMParser().parseFromString(await reply.text(), "text/html");
		if (!page || page.title === document.title) return;
		document.title = page.title; canvas.ariaLabel = page.getElementById("statue").ariaLabel;
		for (const id of ["goal", "parts"]) get(id).innerHTML = page.getElementById(id).innerHTML;
		get("news").textContent = `Earned: ${gather().join(", ")}`;
		choose(open);
	}

	const on = (target, names, handler, options) => names.split(" ").forEach(name => target.addEventListener(name, handler, options));
	on(canvas, "pointerdown", e => { canvas.setPointerCapture(e.pointerId); touches.set(e.pointerId, e); travelled = 0; });
	on(canvas, "pointermove", e => {
		const was = touches.get(e.pointerId), other = [...touches.values()].find(each => each.pointerId !== e.pointerId);
		if (!was) return;
		const dx = e.clientX - was.clientX, dy = e.clientY - was.clientY;
		touches.set(e.pointerId, e);
		travelled += Math.hypot(dx, dy);
		if (travelled < CLICK_PX) return;
		const apart = each => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY) + 1;
		if (other) zoom(apart(e) / apart(was));
		turn(dx * .007, dy * .007);
	});
	on(canvas, "pointerup pointercancel", e => {
		if (touches.delete(e.pointerId) && e.type === "pointerup" && travelled < CLICK_PX) choose(partAt(e.clientX, e.clientY));
	});
	on(canvas, "wheel", e => { if (document.activeElement === canvas || e.ctrlKey) { e.preventDefault(); zoom(Math.exp(-e.deltaY * .001)); } }, { passive: false });
	const keys = { ArrowLeft: () => turn(.15, 0), ArrowRight: () => turn(-.15, 0), ArrowUp: () => turn(0, .1), ArrowDown: () => turn(0, -.1),
		"+": () => zoom(1.2), "-": () => zoom(1 / 1.2), Home: reset, Escape: () => choose(0), " ": () => spin(!spinning) };
	on(canvas, "keydown", e => { if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); keys[e.key](); } });
	on(canvas, "webglcontextlost", e => { e.preventDefault(); stage.dataset.state = "lost"; });
	on(canvas, "webglcontextrestored", () => { card = upload(gl, parts); ask(); });
	on(spinButton, "click", () => spin(!spinning));
	on(get("reset"), "click", reset);
	on(list, "parts", gather);
	on(list, "focusin", e => { if (e.target.matches("summary:focus-visible")) choose(e.target.closest("li").dataset.part); });
	on(list, "toggle", () => { chosen = +list.querySelector("[open]")?.parentElement.dataset.part; ask(); }, true);
	on(calm, "change", () => spin(spinning && !calm.matches));
	on(matchMedia("(prefers-color-scheme: dark)"), "change", ask);
	new ResizeObserver(ask).observe(canvas);
	if ("live" in document.body.dataset) setInterval(refresh, REFRESH_MS);
	stage.className = "live";
	gather(); spin(!calm.matches);
}

try {
	const gl = canvas.getContext("webgl2", { antialias: true });
	if (!gl) throw new Error("there is no WebGL2");
	const reply = await fetch(stage.dataset.mesh);
	if (!reply.ok) throw new Error(`the mesh is missing (${reply.status})`);
	start(gl, parse(await reply.arrayBuffer()));
} catch (failure) {
	stage.dataset.state = "failed";
	stage.querySelector("img").src += "#smooth";
	get("help").textContent = `The picture stands still: ${failure.message}. The list tells what is earned.`;
}
