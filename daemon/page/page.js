/* SPDX-License-Identifier: GPL-2.0-or-later */
"use strict";
const $ = (id) => document.getElementById(id);
const STATUS_MS = 1500, SERVERS_MS = 2000, TIMEOUT_MS = 8000, KEPT = 120, REAL_KEPT = 3000;
const SHOWN_VIPS = 12, SHOWN_QUORUMS = 8, SHOWN_EVENTS = 40, SHOWN_PROBLEMS = 60, FOLD_FROM = 25, SHOWN_ROWS = 120, SHOWN_CHANGES = 20, MANY_ROUTERS = 60, CHART_LEAST = 30;

/* --- elements: a section is described anew each time, and only what differs is changed, so that focus and selection stay --- */

const SVG = new Set(["svg", "polyline", "polygon"]);

function el(name, attributes, ...children) {
	const node = SVG.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {})) {
		if (value === true) node.setAttribute(key, "");
		else if (value !== false && value != null) node.setAttribute(key, value);
	}
	for (const child of children.flat(3)) {
		if (child != null && child !== false) node.append(child);
	}
	return node;
}

function morph(old, fresh) {
	if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
		old.replaceWith(fresh);
		return;
	}
	if (old.nodeType === Node.TEXT_NODE) {
		if (old.data !== fresh.data) old.data = fresh.data;
		return;
	}
	for (const { name } of [...old.attributes]) {
		if (!fresh.hasAttribute(name)) old.removeAttribute(name);
	}
	for (const { name, value } of fresh.attributes) {
		if (old.getAttribute(name) === value) continue;
		if (name === "style") old.style.cssText = value; // the policy lets no attribute be set
		else old.setAttribute(name, value);
	}
	fill(old, [...fresh.childNodes]);
}

function fill(parent, nodes) {
	const olds = [...parent.childNodes];
	nodes.forEach((node, i) => (i < olds.length ? morph(olds[i], node) : parent.append(node)));
	olds.slice(nodes.length).forEach((node) => node.remove());
}

const put = (id, ...nodes) => fill($(id), nodes.flat(3).filter((n) => n != null && n !== false)
	.map((n) => (typeof n === "string" ? document.createTextNode(n) : n)));

/* --- words and numbers --- */

const list = (value) => (Array.isArray(value) ? value : []);
const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || one + "s"}`;

function short(value) {
	let n = Number(value) || 0, unit = 0;
	while (n >= 999.5 && unit < 6) { n /= 1000; unit++; }
	return `${n >= 99.5 || (unit === 0 && Number.isInteger(n)) ? Math.round(n) : n.toPrecision(2).replace(/\.0$/, "")}${unit ? "\u00a0" : ""}${["", "k", "M", "G", "T", "P", "E"][unit]}`;
}
const bytes = (value) => { const text = short(value); return /[a-z]$/i.test(text) ? `${text}B` : `${text}\u00a0B`; };

function ago(seconds) {
	const s = Math.max(0, Number(seconds) || 0);
	if (s < 1) return `${Math.round(s * 1000)} ms`;
	if (s < 100) return `${Math.floor(s)} s`;
	if (s < 6000) return `${Math.floor(s / 60)} min`;
	if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
	return `${Math.floor(s / 86400)} days`;
}

const millis = (seconds) => (seconds >= 0.1 ? ago(seconds) : `${(seconds * 1000).toPrecision(2)} ms`);

function clock(ms) {
	const date = new Date(ms), day = date.toDateString() === new Date().toDateString() ? "" : `${date.toLocaleDateString("en-CA")} `;
	return day + date.toLocaleTimeString("en-GB");
}

const at = (address, port, end) => {
	const host = address.includes(":") ? `[${address}]` : address;
	return port ? `${host}:${port}${end > port ? `-${end}` : ""}` : address;
};

/* --- what is known --- */

const known = { status: null, servers: null, at: 0, silent: 0, why: "", events: [], uptime: null };
const totals = { connections: [], bytesIn: [], bytesOut: [], active: [], at: [] };
const histories = new Map();
const view = { words: "", bad: false, sort: "problems", down: false, open: new Map(), vips: new Set(), rows: [], all: [] };

function note(history, value) {
	history.push(value);
	if (history.length > KEPT) history.shift();
}

const checkOf = (server) => server.check || {};
const isDown = (server) => server.state === "down";
const SORRY = "sorry server", ANYWAY = "servers that are down";
const answering = (vs) => (vs.health || {}).answering || "";
const usable = (vs) => list(vs.servers).filter((s) => s.weight > 0 && !isDown(s)).length;

const lostQuorum = (vs) => ((vs.health || {}).quorum || { met: true }).met === false;

/* How bad a virtual server is: 2 nobody answers, 1 some don't, 0 fine. */
function badness(vs) {
	const able = usable(vs), all = list(vs.servers).length;
	if (vs.draining) return 0;
	if (able === 0 || answering(vs) === "nobody") return 2;
	return able < all || answering(vs) === SORRY || answering(vs) === ANYWAY || lostQuorum(vs) ? 1 : 0;
}

function learnServers(servers) {
	const sums = { connections: 0, bytesIn: 0, bytesOut: 0, active: 0 }, seen = new Set(), fresh = [];
	let reals = 0;
	for (const vs of list(servers.virtualServers)) reals += list(vs.servers).length;
	const keep = (key, value) => {
		seen.add(key);
		if (!histories.has(key)) histories.set(key, []);
		note(histories.get(key), value);
	};
	for (const vs of list(servers.virtualServers)) {
		const rates = vs.rates || {}, where = at(vs.address, vs.port, vs.portEnd), title = vs.name ? `${vs.namespace}/${vs.name}` : "(taking leave)";
		const key = `${vs.protocol} ${where}`;
		let active = 0, inactive = 0;
		for (const server of list(vs.servers)) { active += server.activeConnections; inactive += server.inactiveConnections; }
		const item = { key, vs, title, where, active, inactive, able: usable(vs), bad: badness(vs), rates };
		item.text = [title, vs.protocol, where, vs.router, vs.scheduler, vs.forwarding, stateOf(item).text,
			...list(vs.servers).map((s) => `${at(s.address, s.port)} ${serverState(s).text}`)].join(" ").toLowerCase();
		fresh.push(item);
		sums.connections += rates.connections || 0;
		sums.bytesIn += rates.bytesIn || 0;
		sums.bytesOut += rates.bytesOut || 0;
		sums.active += active;
		keep(key, rates.connections || 0);
		if (reals <= REAL_KEPT) list(vs.servers).forEach((s) => keep(`${key} ${at(s.address, s.port)}`, (s.rates || {}).connections || 0));
	}
	for (const key of histories.keys()) if (!seen.has(key)) histories.delete(key);
	note(totals.at, Date.now());
	for (const name of Object.keys(sums)) note(totals[name], sums[name]);
	view.all = fresh;
	known.servers = servers;
}

function stateOf(item) {
	const vs = item.vs;
	if (vs.draining) return { text: "draining", tone: "warn" };
	if (answering(vs) === SORRY) return { text: "sorry server", tone: "warn" };
	if (answering(vs) === ANYWAY) return { text: "all down", tone: "bad" };
	if (item.bad === 2) return { text: "no server", tone: "bad" };
	return item.bad ? { text: "degraded", tone: "warn" } : { text: "serving", tone: "good" };
}

function serverState(server) {
	const more = [server.stateSeconds == null ? "" : `for ${ago(server.stateSeconds)}`, server.reason,
		server.drainSecondsLeft == null ? "" : `at most ${ago(server.drainSecondsLeft)} more`].filter(Boolean).join(", ");
	if (isDown(server)) return { text: "down", tone: "bad", more };
	if (server.state !== "ready") return { text: server.state, tone: "warn", more };
	if (checkOf(server).state === "unknown") return { text: "unchecked", tone: "warn", more };
	if (server.weight === 0) return { text: "weight 0", tone: "warn", more };
	return { text: checkOf(server).state === "up" ? "up" : "ready", tone: "good", more };
}

/* --- charts --- */

function spark(history, attributes) {
	const count = (history || []).length, span = Math.max(CHART_LEAST, count) - 1; // the first minute fills a chart, four minutes at most
	const svg = el("svg", { viewBox: `0 0 ${span} 30`, preserveAspectRatio: "none", ...attributes });
	if (count < 2) return svg;
	const top = Math.max(...history, 1e-9), from = span + 1 - count;
	const points = history.map((value, i) => `${from + i},${(29 - 27 * value / top).toFixed(1)}`);
	svg.append(el("polygon", { points: `${from},30 ${points.join(" ")} ${span},30` }), el("polyline", { points: points.join(" ") }));
	return svg;
}

function drawRates() {
	const rows = [["New connections", "connections", (v) => `${short(v)}/s`, ""], ["Open connections", "active", short, ""],
		["From clients", "bytesIn", (v) => `${bytes(v)}/s`, ""], ["To clients", "bytesOut", (v) => `${bytes(v)}/s`, "out"]];
	put("rates", rows.map(([title, name, format, tone]) => {
		const history = totals[name], now = history[history.length - 1] || 0, top = Math.max(0, ...history);
		return el("div", { class: "chart", "data-name": name }, el("span", { class: "quiet" }, title), el("strong", {}, format(now)),
			spark(history, { class: `spark ${tone}`, role: "img", "aria-label": `${title}: now ${format(now)}, at most ${format(top)}` }),
			el("small", {}, el("span", {}, history.length > 1 ? `last ${ago((Date.now() - totals.at[0]) / 1000)}` : "now"), el("span", {}, `at most ${format(top)}`)));
	}));
}

/* --- problems --- */

function findProblems() {
	const status = known.status || {}, found = [];
	const add = (tone, subject, text) => text && found.push({ tone, subject, text });
	for (const router of list(status.routers)) {
		add("bad", `Virtual router ${router.name}`, router.problem || (router.state === "Initialize" && `takes no part: ${router.reason}`));
		if (router.state === "Active" && router.addressesPresent < router.addressesOwned)
			add("bad", `Virtual router ${router.name}`, `only ${router.addressesPresent} of its ${router.addressesOwned} addresses are on this machine`);
		if (router.leaving) add("warn", `Virtual router ${router.name}`, "waits for a successor");
	}
	for (const item of view.all) {
		if (item.bad === 2) add("bad", item.title, `${item.where} ${item.vs.protocol} has no server that takes connections`);
	}
	for (const source of list(status.sources)) {
		for (const problem of list(source.problems)) add(source.inStep ? "warn" : "bad", source.inStep ? "" : "Refused", problem);
		if (!source.inStep && !list(source.problems).length) add("bad", source.path, "is not in step; what was there before is in force");
	}
	for (const [name, tone] of [["ipvs", "bad"], ["nft", "bad"], ["kubeProxy", "bad"], ["stateDirectory", "warn"], ["capacity", "warn"], ["replication", "warn"], ["health", "warn"]])
		list((status[name] || {}).problems).forEach((problem) => add(tone, { ipvs: "IPVS", nft: "nftables", kubeProxy: "kube-proxy", stateDirectory: "State directory", capacity: "Capacity", replication: "Replication", health: "Health checks" }[name], problem));
	for (const sysctl of list(status.sysctls)) add("warn", "Kernel setting", sysctl.problem);
	for (const target of list((status.notifications || {}).targets)) add("warn", target.target, target.problem);
	for (const peer of list((status.replication || {}).peers)) {
		if (peer.state === "refused") add("warn", `Replication with ${peer.node || peer.address}`, peer.reason || "refused");
	}
	for (const item of view.all) {
		for (const server of item.bad === 1 ? list(item.vs.servers) : []) {
			if (isDown(server)) add("warn", item.title, `${at(server.address, server.port)} is down${server.reason ? `: ${server.reason}` : ""}`);
		}
	}
	return found.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === "bad" ? -1 : 1));
}

function drawProblems() {
	const found = findProblems(), rest = found.length - SHOWN_PROBLEMS;
	put("problem-list", found.length
		? el("ul", { class: "plain" }, found.slice(0, SHOWN_PROBLEMS).map((p) => el("li", { class: `problem ${p.tone}` }, p.subject && el("b", {}, p.subject), p.text)),
			rest > 0 && el("li", { class: "problem warn" }, `and ${rest.toLocaleString("en")} more`))
		: el("p", { class: "fine" }, "Nothing is wrong."));
	const name = (known.status || {}).node || "", routers = list((known.status || {}).routers);
	const worst = found.some((p) => p.tone === "bad") ? "bad" : found.length ? "warn" : "good";
	const active = routers.filter((r) => r.state === "Active").length;
	put("glance", el("a", { href: "#problems", class: `badge ${worst}` }, found.length ? plural(found.length, "problem") : "all well"),
		routers.length > 0 && el("a", { href: "#active", class: `badge ${active ? "good" : ""}` },
			routers.length === 1 ? routers[0].state : active ? `Active for ${active} of ${routers.length}` : "Active for none"));
	document.title = `${found.length ? `(${found.length}) ` : ""}Lintel ${name}`;
}

/* --- virtual routers --- */

const TONES = { Active: "good", Backup: "", Initialize: "bad" };

function vips(router) {
	const all = list(router.addresses), open = view.vips.has(router.name), shown = open ? all.slice(0, 500) : all.slice(0, SHOWN_VIPS);
	return [el("ul", { class: `vips mono ${router.state === "Active" ? "here" : ""}`, "aria-label": `Addresses of ${router.name}` }, shown.map((a) => el("li", {}, a))),
		all.length > SHOWN_VIPS && el("p", {}, el("button", { type: "button", "data-vips": router.name, "aria-expanded": String(open) },
			open ? (all.length > 500 ? `fewer (the first 500 of ${all.length.toLocaleString("en")})` : "fewer") : `all ${all.length.toLocaleString("en")} addresses`))];
}

/* The words are those of `lintel status`. */
const priorityText = (r) => (r.configuredPriority == null || r.configuredPriority === r.priority ? `Priority ${r.priority}`
	: el("strong", { class: "lowered" }, `Priority ${r.priority} instead of ${r.configuredPriority}`));

function groupText(r) {
	if (!r.syncGroup) return null;
	const others = list(known.status.routers).filter((o) => o !== r && o.syncGroup === r.syncGroup).map((o) => o.name);
	return el("p", { class: "group" }, `Sync group ${r.syncGroup}${others.length ? `, with ${others.join(", ")}` : ""}`, r.priorityFrom && `; has the priority of ${r.priorityFrom}`, ".");
}

/* What the priority depends on, and what each makes of it now: what is tracked, with its weight, and quorums that are lost. */
function influences(r) {
	const quorums = list(r.quorums).slice(0, SHOWN_QUORUMS), rows = [...list(r.tracks), ...quorums], rest = (r.quorumCount || 0) - quorums.length;
	if (!rows.length) return null;
	const change = (x) => (x.withdraws ? "keeps it out" : x.priorityChange ? `${x.priorityChange > 0 ? "+" : "−"}${Math.abs(x.priorityChange)}` : "0");
	const tone = (x) => (x.withdraws ? "bad" : x.priorityChange < 0 ? "warn" : x.state === "unknown" ? "" : "good");
	const verdict = (x) => (x.state == null ? (x.met ? "met" : "lost") : x.state === "number" ? String(x.number) : x.state);
	return el("table", { class: "small tracks" },
		el("thead", {}, el("tr", {}, ["Depends on", "Weight", "Counts"].map((title, i) => el("th", { scope: "col", class: i ? "n" : null }, title)))),
		el("tbody", {}, rows.map((x) => el("tr", {},
			el("td", {}, el("span", { class: `badge ${tone(x)}` }, verdict(x)), ` ${x.why}`,
				x.heldSeconds > 0 && el("span", { class: "quiet" }, `, which counts in ${ago(x.heldSeconds)} as it became bad ${plural(x.countedFlaps, "time")}`)),
			el("td", { class: "n" }, x.weight == null ? "–" : x.weight ? `${x.weight > 0 ? "+" : "−"}${Math.abs(x.weight)}` : "out"),
			el("td", { class: "n" }, change(x)))), rest > 0 && el("tr", {}, el("td", { colspan: 3 }, `and ${plural(rest, "quorum")} more`))));
}

function routerCard(r) {
	const followed = r.active ? `${r.active.address} is Active, priority ${r.active.priority}` : "";
	return el("article", { class: `card ${r.state.toLowerCase()}`, "data-router": r.name },
		el("header", {}, el("h3", {}, r.name), el("span", { class: `badge ${TONES[r.state] || ""}` }, r.state)),
		el("p", {}, `For ${ago(r.sinceSeconds)}, because ${r.reason}.`, followed && ` ${followed}.`),
		el("p", { class: "quiet" }, priorityText(r), `, VRID ${r.virtualRouterId}, ${r.interface}, every ${r.activeInterval}`,
			r.state === "Active" && ` · ${r.addressesPresent} of ${plural(r.addressesOwned, "address", "addresses")} here`),
		groupText(r), influences(r),
		r.preemptionSuspended && el("p", { class: "quiet" }, "Handed over by hand: preempts nobody."),
		vips(r),
		list(r.peers).length > 0 && el("table", { class: "small" },
			el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Peer"), el("th", { scope: "col", class: "n" }, "Priority"), el("th", { scope: "col", class: "n" }, "Heard"))),
			el("tbody", {}, r.peers.map((p) => el("tr", {}, el("td", { class: "mono" }, p.address), el("td", { class: "n" }, p.heardSecondsAgo == null ? "–" : String(p.priority)),
				el("td", { class: "n" }, p.heardSecondsAgo == null ? "never" : `${ago(p.heardSecondsAgo)} ago`))))));
}

function drawRouters() {
	const order = { Initialize: 0, Active: 1, Backup: 2 };
	const routers = list(known.status.routers).slice().sort((a, b) => !!b.problem - !!a.problem || order[a.state] - order[b.state] || (a.name < b.name ? -1 : 1));
	$("routers").classList.toggle("many", routers.length > MANY_ROUTERS);
	put("routers", routers.length ? routers.map(routerCard) : el("p", { class: "quiet" }, "No virtual routers are configured."));
}

/* --- what happened --- */

/* The last change of each server; that one was found up after the start is none. A server behind several services is told once. */
function serverChanges(now) {
	const found = new Map();
	for (const { vs, title } of view.all) {
		for (const server of list(vs.servers)) {
			const check = checkOf(server);
			if (check.sinceSeconds == null || check.state === "unknown" || (check.state === "up" && !(check.transitions > 1))) continue;
			found.set(`${check.type} ${check.target}`, { at: now - check.sinceSeconds * 1000, tone: check.state === "down" ? "bad" : "good", title,
				text: `${at(server.address, server.port)} ${check.state === "down" ? "went down" : "came up"}${check.why ? `: ${check.why}` : ""}` });
		}
	}
	return [...found.values()].sort((a, b) => b.at - a.at).slice(0, SHOWN_CHANGES);
}

function drawTimeline() {
	const events = known.events.slice(), now = known.at;
	for (const router of list(known.status.routers)) {
		for (const t of list(router.transitions)) {
			events.push({ at: now - t.secondsAgo * 1000, seconds: t.secondsAgo, tone: t.to === "Active" ? "good" : t.to === "Initialize" ? "bad" : "",
				title: router.name, text: `${t.from} → ${t.to}, because ${t.reason}${t.peer ? ` (${t.peer})` : ""}` });
		}
	}
	events.push(...serverChanges(now));
	events.sort((a, b) => b.at - a.at);
	put("timeline", events.length ? events.slice(0, SHOWN_EVENTS).map((e) => el("li", { class: e.tone || "" },
		el("time", { class: "quiet", datetime: new Date(Math.round(e.at / 1000) * 1000).toISOString() }, `${clock(Math.round(e.at / 1000) * 1000)}, ${ago((now - e.at) / 1000)} ago`),
		el("div", {}, el("b", {}, e.title), ` ${e.text}`))) : el("li", { class: "quiet" }, "Nothing since the daemon started."));
}

/* --- replication --- */

function drawReplication() {
	const r = known.status.replication || { on: false, why: "" };
	if (!r.on) {
		put("replication", el("p", { class: "card quiet" }, r.why ? `Off: ${r.why}.` : "Off. A takeover ends running connections."));
		return;
	}
	const head = (...names) => el("thead", {}, el("tr", {}, names.map((n, i) => el("th", { scope: "col", class: i > 1 ? "n" : null }, n))));
	const lag = (x) => (x.lagRecords || x.lagSeconds ? `${short(x.lagRecords)} records, ${ago(x.lagSeconds)}` : "none");
	const rows = [];
	for (const router of list(r.routers)) {
		rows.push(el("tr", {}, el("th", { scope: "row" }, router.router), el("td", {}, el("span", { class: `badge ${router.inStep ? "good" : "warn"}` }, router.step),
			router.source && ` from ${router.source}`, router.preemptionHeld && ", waits with preempting"), el("td", { class: "n" }, short(router.connections)), el("td", { class: "n" }, lag(router))));
		for (const peer of list(router.peers)) {
			rows.push(el("tr", {}, el("td", {}, `↳ ${peer.node}`), el("td", {}, el("span", { class: `badge ${peer.inStep ? "good" : "warn"}` }, peer.inStep ? "in step" : "behind")),
				el("td", { class: "n" }, ""), el("td", { class: "n" }, lag(peer))));
		}
	}
	const lost = Object.entries(r.notCarried || {});
	put("replication", el("div", { class: "card" },
		el("table", { class: "small" }, head("Virtual router", "In step", "Known", "Lag"), el("tbody", {}, rows)),
		el("table", { class: "small" }, head("Peer", "Channel", "Round trip", "Up"), el("tbody", {}, list(r.peers).map((p) => el("tr", {},
			el("th", { scope: "row" }, p.node || p.address, p.node && el("span", { class: "quiet mono" }, ` ${p.address}`)),
			el("td", {}, el("span", { class: `badge ${p.state === "established" ? "good" : p.state === "refused" ? "bad" : "warn"}` }, p.state), p.reason && ` ${p.reason}`),
			el("td", { class: "n" }, p.roundTripSeconds == null ? "–" : `${(p.roundTripSeconds * 1000).toFixed(1)} ms`), el("td", { class: "n" }, p.upSeconds == null ? "–" : ago(p.upSeconds)))))),
		r.rush?.times > 0 && el("p", { class: "quiet" }, `${r.rush.on ? "Many connections begin" : "No rush now"}: IPVS alone told of ${short(r.rush.connections)} in ${short(r.rush.times)} rushes.`),
		lost.length > 0 && el("p", { class: "quiet" }, `Can't be carried over: ${lost.map(([reason, n]) => `${short(n)} ${reason}`).join(", ")}.`)));
}

/* --- the daemon --- */

function drawDaemon() {
	const s = known.status, rows = [], reconcile = s.reconcile || {}, ipvs = s.ipvs || {}, health = s.health || {}, sysctls = list(s.sysctls);
	const row = (name, ...value) => rows.push(el("dt", {}, name), el("dd", {}, ...value));
	row("Runs", `lintel ${s.version}, process ${s.pid}, for ${ago(s.uptimeSeconds)}${s.realtime ? ", with real-time priority" : ", without real-time priority"}`);
	for (const source of list(s.sources)) {
		row("Wanted by", el("code", {}, source.path), source.path === "kubernetes" && ` at ${source.server}${(source.lease || {}).holder ? `, led by ${source.lease.holder}` : ""}`, " ",
			el("span", { class: `badge ${source.inStep ? "good" : "bad"}` }, source.inStep ? "in step" : "not in step"), source.loadedSecondsAgo == null ? "" : ` ${ago(source.loadedSecondsAgo)} ago`);
	}
	row("IPVS", ipvs.available ? `${ipvs.version}: ${plural(ipvs.services, "service")}, ${plural(ipvs.servers, "server")}, ${ipvs.draining} taking leave, ${ipvs.foreignServices} of others` : "not available");
	if (health.targets) {
		row("Health checks", `${plural(health.targets, "server")} checked, ${health.up} up`, health.down > 0 && `, ${health.down} down`,
			health.unknown > 0 && `, ${health.unknown} without verdict yet`, health.waiting > 0 && `; ${plural(health.waiting, "check")} due and waiting`,
			health.lateChecks > 0 && `; ${plural(health.lateChecks, "check")} began late`);
	}
	row("nftables", (s.nft || {}).inStep ? "in step" : "not in step");
	const capacity = s.capacity || {};
	if (capacity.trackedConnections != null) row("Tracked", `${plural(capacity.trackedConnections, "connection")} of at most ${capacity.trackedConnectionsMax.toLocaleString("en")}`);
	if ((s.kubeProxy || {}).mode && s.kubeProxy.mode !== "none") row("kube-proxy", s.kubeProxy.mode);
	row("Compared", reconcile.secondsAgo == null ? "not yet" : `${ago(reconcile.secondsAgo)} ago, in ${ago(reconcile.durationSeconds)}; repaired what others changed ${plural(reconcile.driftRepaired || 0, "time")}`);
	row("Kernel settings", sysctls.length ? `${sysctls.filter((x) => x.inForce).length} of ${sysctls.length} in force` : "none are needed");
	put("daemon", rows);
	$("node").textContent = s.node;
	$("facts").textContent = `up ${ago(s.uptimeSeconds)} · version ${s.version}`;
}

/* --- the table: only rows that are seen, and a screen more each way, are in the document --- */

const COLUMNS = [
	["name", "Service", "", (a) => a.title],
	["state", "State", "", (a) => stateOf(a).text],
	["details", "Details", "", null],
	["weight", "Servers", "n", (a) => a.able],
	["active", "Active", "n", (a) => a.active],
	["inactive", "Inactive", "n", (a) => a.inactive],
	["rate", "Conn/s", "n", (a) => a.rates.connections || 0],
	["in", "In", "n", (a) => a.rates.bytesIn || 0],
	["out", "Out", "n", (a) => a.rates.bytesOut || 0],
	["spark", "", "", null],
];

function drawHead() {
	fill($("table").tHead, [el("tr", {}, COLUMNS.map(([id, title, tone, value]) => {
		const sorted = view.sort === id ? (view.down ? "descending" : "ascending") : null;
		return el("th", { scope: "col", class: `c-${id} ${tone}`, "aria-sort": sorted },
			value ? el("button", { type: "button", "data-sort": id }, title, sorted ? (view.down ? " ▼" : " ▲") : "")
				: el("span", { class: title ? "plain" : "hidden" }, title || "Trend"));
	}))]);
}

const isOpen = (item) => view.open.get(item.key) ?? (view.openAll ?? view.all.length <= FOLD_FROM);

function arrange() {
	const words = view.words.toLowerCase().split(/\s+/).filter(Boolean);
	let items = view.all.filter((item) => (!view.bad || item.bad) && words.every((word) => item.text.includes(word)));
	const column = COLUMNS.find(([id]) => id === view.sort), sign = view.down ? -1 : 1;
	const names = (a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : a.key < b.key ? -1 : 1);
	if (!column) items.sort((a, b) => b.bad - a.bad || names(a, b));
	else items = items.map((item) => [column[3](item), item]).sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : names(a[1], b[1]))).map((pair) => pair[1]);
	view.rows = [];
	for (const item of items) {
		view.rows.push({ item });
		if (isOpen(item)) for (const server of list(item.vs.servers)) view.rows.push({ item, server });
	}
	$("server-count").textContent = known.servers ? (items.length === view.all.length ? `(${items.length.toLocaleString("en")})` : `(${items.length.toLocaleString("en")} of ${view.all.length.toLocaleString("en")})`) : "";
	$("table-note").textContent = !known.servers ? "" : !view.all.length ? "No virtual servers are configured." : !items.length ? "None matches the filter." : "";
	$("fold").textContent = items.some((item) => !isOpen(item)) ? "Show all real servers" : "Hide real servers";
	drawHead();
	drawRows();
}

/* What HAProxy's page calls the last check: how a server was found, and since when it is so. */
function details(server) {
	const check = checkOf(server), since = check.sinceSeconds == null ? "" : ` for ${ago(check.sinceSeconds)}`;
	if (server.drainSecondsLeft != null) return `at most ${ago(server.drainSecondsLeft)} more`;
	if (isDown(server)) return `${check.why || check.result || server.reason || "down"}${since && `,${since}`}`;
	if (server.state !== "ready") return server.reason || "";
	if (!check.type) return "not checked";
	if (check.state === "unknown") return `${check.type}: no verdict yet`;
	return `${check.type}${check.latencySeconds > 0 ? ` ${millis(check.latencySeconds)}` : ""}${since && `,${since}`}`;
}

function virtualRow({ item }, index) {
	const vs = item.vs, state = stateOf(item), open = isOpen(item);
	return el("tr", { class: "virtual", "aria-rowindex": index + 2 },
		el("td", { class: "c-name", title: `${item.title} ${item.where} ${vs.protocol}, ${vs.scheduler}, ${vs.forwarding}` },
			el("button", { class: "open", type: "button", "data-open": item.key, "aria-expanded": String(open), "aria-label": `Real servers of ${item.title} ${item.where}` }, open ? "▾" : "▸"),
			el("b", {}, item.title), el("span", { class: "quiet mono" }, ` ${vs.protocol} ${item.where}`)),
		el("td", { class: "c-state" }, el("span", { class: `badge ${state.tone}` }, state.text)),
		el("td", { class: "c-details quiet" }, [vs.scheduler, vs.forwarding, lostQuorum(vs) && "quorum lost"].filter(Boolean).join(", ")),
		el("td", { class: "c-weight n" }, `${item.able} of ${list(vs.servers).length}`),
		numbers(item.active, item.inactive, item.rates),
		el("td", { class: "c-spark" }, spark(histories.get(item.key), { class: "spark", "aria-hidden": "true" })));
}

const numbers = (active, inactive, rates) => [el("td", { class: "c-active n" }, short(active)), el("td", { class: "c-inactive n" }, short(inactive)),
	el("td", { class: "c-rate n" }, short(rates.connections)), el("td", { class: "c-in n" }, `${bytes(rates.bytesIn)}/s`), el("td", { class: "c-out n" }, `${bytes(rates.bytesOut)}/s`)];

function realRow({ item, server }, index) {
	const state = serverState(server), where = at(server.address, server.port);
	return el("tr", { class: "real", "aria-rowindex": index + 2 },
		el("td", { class: "c-name mono", title: `${where}, ${server.forwarding}` }, where),
		el("td", { class: "c-state", title: state.more || null }, el("span", { class: `badge ${state.tone}` }, state.text)),
		el("td", { class: "c-details quiet", title: state.more || null }, details(server)),
		el("td", { class: "c-weight n" }, `weight ${server.weight}`),
		numbers(server.activeConnections, server.inactiveConnections, server.rates || {}),
		el("td", { class: "c-spark" }, spark(histories.get(`${item.key} ${where}`), { class: "spark", "aria-hidden": "true" })));
}

function drawRows() {
	const table = $("table"), body = table.tBodies[0], count = view.rows.length;
	const height = view.rowHeight || 37, screen = innerHeight / height;
	const above = -(body.getBoundingClientRect().top) / height;
	const few = count <= SHOWN_ROWS;
	const from = few ? 0 : Math.max(0, Math.min(count, Math.floor(above - screen)));
	const to = few ? count : Math.max(from, Math.min(count, Math.ceil(above + 2 * screen)));
	const pad = (rows) => { const tr = el("tr", { class: "pad", "aria-hidden": "true" }, el("td", {})); tr.firstChild.style.height = `${rows * height}px`; return tr; };
	table.setAttribute("aria-rowcount", count + 1);
	fill(body, [pad(from), ...view.rows.slice(from, to).map((row, i) => (row.server ? realRow : virtualRow)(row, from + i)), pad(count - to)]);
	const seen = body.querySelector("tr:not(.pad)");
	const real = seen && seen.getBoundingClientRect().height;
	if (real && Math.abs(real - height) > 0.01) {
		view.rowHeight = real;
		drawRows();
	}
}

/* --- asking --- */

async function ask(path) {
	const abort = new AbortController(), timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
	try {
		const answer = await fetch(path, { signal: abort.signal, cache: "no-store" });
		if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
		return await answer.json();
	} finally {
		clearTimeout(timer);
	}
}

function drawSilent() {
	$("silent").hidden = !known.silent;
	document.body.classList.toggle("stale", !!known.silent);
	if (!known.silent) return;
	$("silent").textContent = `The daemon is not answering since ${clock(known.silent)} (${ago((Date.now() - known.silent) / 1000)}). `
		+ (known.status ? "What is below is from then." : "") + (known.status ? "" : "Nothing is known yet.");
	document.title = `(not answering) Lintel ${(known.status || {}).node || ""}`;
}

function learnStatus(status) {
	const now = Date.now();
	if (known.uptime != null && status.uptimeSeconds < known.uptime)
		known.events.push({ at: now - status.uptimeSeconds * 1000, title: "lintel", text: "was started anew", tone: "" });
	if (known.silent) known.events.push({ at: now, title: "lintel", text: `answers again, after ${ago((now - known.silent) / 1000)}`, tone: "good" });
	known.events = known.events.slice(-SHOWN_EVENTS);
	known.silent = 0;
	known.at = now;
	known.uptime = status.uptimeSeconds;
	known.status = status;
}

/* One question at a time of each kind; a large answer, which costs the daemon time, is asked for less often. */
async function follow(path, every, learn, draw, silence) {
	for (;;) {
		const begun = performance.now();
		if (!document.hidden) {
			try {
				learn(await ask(path));
				draw();
			} catch (error) {
				silence(error);
			}
		}
		const took = performance.now() - begun;
		await new Promise((resolve) => setTimeout(resolve, Math.max(every - took, 9 * (took - 100), 200)));
	}
}

function drawStatus() {
	drawSilent();
	drawProblems();
	drawRouters();
	drawTimeline();
	drawReplication();
	drawDaemon();
	drawRows();
}

/* --- people --- */

const THEMES = { "": "as the system", light: "light", dark: "dark" };
const dark = matchMedia("(prefers-color-scheme: dark)");

function chosenTheme() {
	try { return THEMES[localStorage.lintelTheme] ? localStorage.lintelTheme : ""; } catch { return view.theme || ""; }
}

function drawTheme() {
	const chosen = chosenTheme();
	document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
	$("theme").textContent = `Colours: ${THEMES[chosen]}`;
}

$("theme").addEventListener("click", () => {
	const names = Object.keys(THEMES);
	view.theme = names[(names.indexOf(chosenTheme()) + 1) % names.length];
	try { localStorage.lintelTheme = view.theme; } catch { /* kept for this page alone */ }
	drawTheme();
});
dark.addEventListener("change", drawTheme);
$("filter").addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["input", "change"]) $("words").addEventListener(kind, () => { view.words = $("words").value; arrange(); });
$("only-bad").addEventListener("change", () => { view.bad = $("only-bad").checked; arrange(); });
$("fold").addEventListener("click", () => {
	view.openAll = $("fold").textContent.startsWith("Show");
	view.open.clear();
	arrange();
});
document.addEventListener("click", (event) => {
	const button = event.target.closest("button");
	if (!button) return;
	const { sort, open, vips: router } = button.dataset;
	if (sort) {
		const text = sort === "name" || sort === "state";
		if (view.sort !== sort) [view.sort, view.down] = [sort, !text];
		else if (view.down !== text) view.down = text;
		else [view.sort, view.down] = ["problems", false];
		arrange();
	} else if (open) {
		view.open.set(open, button.getAttribute("aria-expanded") !== "true");
		arrange();
	} else if (router) {
		if (!view.vips.delete(router)) view.vips.add(router);
		drawRouters();
	}
});
let frame = 0;
const soon = () => { frame ||= requestAnimationFrame(() => { frame = 0; drawRows(); }); };
addEventListener("scroll", soon, { passive: true });
addEventListener("resize", () => { view.rowHeight = 0; soon(); });
new ResizeObserver(soon).observe(document.querySelector("main")); // what stands above has grown
setInterval(drawSilent, 1000);

drawTheme();
drawHead();
drawRates();
follow("/api/v1/status", STATUS_MS, learnStatus, drawStatus, () => { known.silent ||= Date.now(); drawSilent(); });
follow("/api/v1/servers", SERVERS_MS, learnServers, () => { drawRates(); arrange(); if (known.status) { drawProblems(); drawTimeline(); } }, () => {});
