// The live wall: one snapshot a second is pushed; this page only draws it.

import { clockTime, confirmed, duration, el, facts, post, realNow, simNow } from "./base.js";
import { listen } from "./live.js";

const texts = facts("wall-texts");
const maySteer = facts("may-steer");
const targets = facts("wall-targets");
/** Real seconds without a snapshot after which the figures are no longer the present. */
const STALE_S = 6;
/** Points kept for the chart: one every two seconds, ten minutes. */
const POINTS = 300;
const POINT_EVERY_MS = 2000;
const LONG_WAIT_S = 12;
const STORED = "sanshi-wall-history";

const byId = (id) => document.getElementById(id);
const known = (value) => value !== null && value !== undefined;
const number = new Intl.NumberFormat(document.documentElement.lang);
const text = (id, value) => { byId(id).textContent = known(value) ? (typeof value === "number" ? number.format(value) : value) : "–"; };
const percent = (value) => (known(value) ? `${(value * 100).toFixed(1)} %` : "–");

let snapshot = facts("wall-snapshot");
let receivedAt = realNow();
let history = readHistory();
let connected = false;

// --- drawing -------------------------------------------------------------------------------------

function draw() {
  const { lines = {}, waiting = [], last_minute: minute = {}, today = {}, campaigns = [] } = snapshot;
  const { list: here = [], counts = {} } = snapshot.agents || {};
  text("lines-in-use", lines.used);
  text("lines-limit", lines.limit);
  bar("lines-bar", lines.used, lines.limit);
  const busy = busyAgents();
  text("agents-busy", busy);
  text("agents-here", here.length);
  bar("agents-bar", busy, here.length);
  text("waiting-count", waiting.length);
  drawAbandonment(campaigns);
  text("opt-outs", today.opt_outs);
  text("conversations-today", today.conversations);
  text("placed-today", today.placed);
  for (const name of ["placed", "answered", "conversations"]) text(`minute-${name}`, minute[name]);
  drawStages(snapshot.stages || {});
  drawWaiting(waiting, new Map(campaigns.map((campaign) => [campaign.id, campaign.name])));
  drawAgents(here, counts.offline || 0);
  drawCampaigns(campaigns);
  const carrier = snapshot.carrier || {};
  const trouble = byId("carrier-trouble");
  trouble.hidden = carrier.ok !== false;
  trouble.textContent = texts.carrier_trouble + (carrier.failed_at ? ` (${clockTime(carrier.failed_at)})` : "");
  drawSwitches(snapshot.switches || [], campaigns);
  drawFreshness();
}

/** What the kill switch holds back. */
function drawSwitches(scopes, campaigns) {
  const note = byId("switched-off");
  note.hidden = scopes.length === 0;
  const names = scopes.map((scope) => {
    const campaign = campaigns.find((each) => scope === `campaign:${each.id}`);
    return campaign ? campaign.name : texts.switch_scopes[scope] || scope;
  });
  note.textContent = `${texts.switched_off} ${names.join(", ")}`;
}

const BUSY = ["reserved", "talking", "wrap_up"];
const busyAgents = () => ((snapshot.agents || {}).list || []).filter((agent) => BUSY.includes(agent.state)).length;

/** All campaigns of the day together; each has its own figure on its card. */
function drawAbandonment(campaigns) {
  const sum = (name) => campaigns.reduce((total, campaign) => total + (campaign[name] || 0), 0);
  const [consented, abandoned] = [sum("consented"), sum("abandoned")];
  const rate = consented ? abandoned / consented : null;
  text("abandonment-rate", percent(rate));
  text("abandonment-count", `${number.format(abandoned)} / ${number.format(consented)}`);
  text("abandonment-target", percent(targets.abandonment));
  const tone = rate === null || rate <= targets.abandonment ? "" : rate < targets.pause_at ? " warn" : " alert";
  byId("abandonment-stat").className = `stat${tone}`;
}

function bar(id, value, limit) {
  const element = byId(id);
  element.max = limit || 1;
  element.value = value || 0;
}

const rows = new Map();
function drawStages(stages) {
  const most = Math.max(1, ...Object.values(stages));
  for (const name of Object.keys(texts.stages)) {
    if (!rows.has(name)) {
      const row = el("li", { class: name }, el("span", {}, texts.stages[name]), el("progress", { "aria-hidden": "true" }), el("b", {}));
      rows.set(name, row);
      byId("stages").append(row);
    }
    const row = rows.get(name);
    row.children[1].max = most;
    row.children[1].value = stages[name] || 0;
    row.children[2].textContent = known(stages[name]) ? stages[name] : 0;
  }
}

function drawWaiting(waiting, names) {
  byId("waiting").replaceChildren(...(waiting.length
    ? waiting.map((each) => {
      const long = (simNow() - Date.parse(each.since)) / 1000 > LONG_WAIT_S;
      return el("div", { class: `waiting-row${long ? " long" : ""}` }, el("span", { class: `dot ${long ? "bad" : "warn"}` }),
        el("span", {}, names.get(each.campaign) || ""), el("time", { "data-since": each.since }, since(each.since)));
    })
    : [el("p", { class: "empty" }, texts.no_waiting)]));
}

const ORDER = ["talking", "reserved", "wrap_up", "ready", "break"];
function drawAgents(here, offline) {
  const sorted = [...here].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || String(a.name).localeCompare(String(b.name)));
  byId("agents").replaceChildren(...(sorted.length
    ? sorted.map((agent) => el("div", { class: `agent-tile ${agent.state}` }, el("b", { title: agent.name }, agent.name),
      el("time", { "data-since": agent.since || "" }, agent.since ? since(agent.since) : ""), el("small", {}, texts.agent_states[agent.state])))
    : [el("p", { class: "empty" }, texts.no_agents)]));
  const counts = ORDER.map((state) => [state, here.filter((agent) => agent.state === state).length]).filter(([, n]) => n);
  const tones = { talking: "info", reserved: "warn", wrap_up: "brand", ready: "ok", break: "" };
  byId("agent-legend").replaceChildren(...counts.map(([state, n]) => el("span", { class: `badge ${tones[state]}` }, `${texts.agent_states[state]} ${n}`)));
  byId("agents-offline").textContent = offline ? `+ ${offline} ${texts.more_offline}` : "";
}

function drawCampaigns(campaigns) {
  const box = byId("campaigns");
  // a card under the mouse is updated in place, so that a button never moves away
  const wanted = campaigns.map((campaign) => String(campaign.id)).join();
  if (box.dataset.shown !== wanted) {
    box.dataset.shown = wanted;
    box.replaceChildren(...(campaigns.length ? campaigns.map(campaignCard) : [el("p", { class: "card empty" }, texts.no_campaigns)]));
  }
  campaigns.forEach((campaign, index) => fillCampaign(box.children[index], campaign));
}

function campaignCard(campaign) {
  const buttons = maySteer
    ? ["pause", "resume", "stop"].map((step) => {
      const button = el("button", { type: "button", class: `btn small${step === "stop" ? " danger-soft" : ""}`, "data-step": step }, texts[step]);
      button.addEventListener("click", () => steer(campaign.id, step));
      return button;
    })
    : [];
  const figure = (name, label) => el("div", { "data-figure": name }, el("dt", {}, label), el("dd", {}));
  return el("article", { class: "card campaign" },
    el("div", { class: "card-head" }, el("h3", { class: "grow" }), el("span", { class: "badge" })),
    el("div", { class: "card-body" },
      el("div", {}, el("div", { class: "row between small" }, el("span", { class: "muted" })), el("progress", { class: "thick", max: "1", value: "0" })),
      el("dl", { class: "campaign-figures" }, figure("calling", texts.calling), figure("due", texts.due), figure("consented", texts.consented), figure("abandonment", texts.abandoned)),
      buttons.length ? el("div", { class: "actions" }, ...buttons) : null));
}

const TONES = { running: "ok", paused: "warn", ended: "", screened: "info" };
function fillCampaign(card, campaign) {
  card.querySelector("h3").textContent = campaign.name;
  const badge = card.querySelector(".badge");
  badge.className = `badge ${TONES[campaign.state] || ""}`;
  const cause = campaign.state === "paused" && campaign.pause_cause ? ` · ${texts.causes[campaign.pause_cause] || campaign.pause_cause}` : "";
  badge.textContent = (texts.campaign_states[campaign.state] || campaign.state) + cause;
  const open = (campaign.due || 0) + (campaign.calling || 0);
  const done = (campaign.settled || 0) + (campaign.blocked || 0) + (campaign.expired || 0);
  const progress = card.querySelector("progress");
  progress.max = open + done || 1;
  progress.value = done;
  card.querySelector(".muted").textContent = texts.settled_of
    .replace("{settled}", number.format(done)).replace("{listed}", number.format(open + done));
  for (const name of ["calling", "due", "consented"]) card.querySelector(`[data-figure=${name}] dd`).textContent = known(campaign[name]) ? number.format(campaign[name]) : "–";
  const abandoned = card.querySelector("[data-figure=abandonment]");
  abandoned.lastChild.textContent = campaign.consented ? percent(campaign.abandonment) : "–";
  abandoned.classList.toggle("alert", ["alert", "pause"].includes(campaign.verdict));
  const possible = { pause: campaign.state === "running", resume: campaign.state === "paused", stop: ["running", "paused"].includes(campaign.state) };
  for (const button of card.querySelectorAll("button")) button.hidden = !possible[button.dataset.step];
}

const since = (value) => duration((simNow() - Date.parse(value)) / 1000);

// --- is this the present? ------------------------------------------------------------------------

function drawFreshness() {
  // the snapshots come from the dialer's leader: when they stop, so has it
  const { ok, seen_at: seenAt } = snapshot.leader || {};
  const gone = ok === false;
  const since = gone && seenAt ? Math.min(receivedAt, Date.parse(seenAt)) : receivedAt;
  const silent = (realNow() - since) / 1000;
  const stale = silent > STALE_S;
  const box = byId("no-data");
  box.hidden = !(stale || gone);
  box.textContent = stale ? texts.no_data.replace("%s", Math.floor(silent)) : texts.not_running;
  byId("live-dot").className = `dot ${connected && !stale && !gone ? "ok" : "bad"}`;
}

// --- steering ------------------------------------------------------------------------------------

async function steer(id, step) {
  const campaign = snapshot.campaigns.find((each) => each.id === id);
  if (!(await confirmed(`${campaign ? `${campaign.name}: ` : ""}${texts.confirm[step]}`))) return;
  const box = byId("wall-note");
  try {
    const answer = await post(`/wall/campaigns/${id}/${step}/`);
    box.hidden = true;
    changed({ campaign: id, state: answer.state });
  } catch (error) {
    box.className = "note bad";
    box.textContent = (error.content && error.content.error) || texts.refused;
    box.hidden = false;
  }
}

function changed({ campaign, state }) {
  const found = (snapshot.campaigns || []).find((each) => each.id === campaign);
  if (found) { found.state = state; draw(); }
}

// --- the chart -----------------------------------------------------------------------------------

function readHistory() {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED) || "[]");
    return stored.filter(([at]) => Math.abs(at - realNow()) < POINTS * POINT_EVERY_MS);
  } catch { return []; }
}

function remember() {
  const last = history[history.length - 1];
  if (last && receivedAt - last[0] < POINT_EVERY_MS) return;
  history.push([receivedAt, (snapshot.lines || {}).used || 0, busyAgents(), snapshot.at]);
  history = history.slice(-POINTS);
  sessionStorage.setItem(STORED, JSON.stringify(history));
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const chart = window.echarts ? window.echarts.init(byId("chart"), null, { renderer: "svg" }) : null;

function drawChart() {
  if (!chart) return;
  const line = (name, index, tone, area) => ({
    name, type: "line", showSymbol: false, step: "end", lineStyle: { width: 2.2 }, color: tone, areaStyle: area ? { opacity: 0.12 } : undefined,
    data: history.map((point) => [point[0], point[index]]),
  });
  const clock = new Map(history.map((point) => [point[0], point[3]]));
  const nearest = (at) => { let best = null; for (const [key, sim] of clock) if (best === null || Math.abs(key - at) < Math.abs(best[0] - at)) best = [key, sim]; return best ? clockTime(best[1]) : ""; };
  const axis = { axisLine: { lineStyle: { color: colour("--line-strong") } }, axisLabel: { color: colour("--ink-3"), hideOverlap: true }, splitLine: { lineStyle: { color: colour("--line") } } };
  chart.setOption({
    animation: false, grid: { left: 36, right: 14, top: 34, bottom: 26 }, textStyle: { fontFamily: colour("--font") },
    legend: { top: 0, right: 0, textStyle: { color: colour("--ink-2") }, icon: "roundRect", itemHeight: 4, itemWidth: 16 },
    tooltip: { trigger: "axis", backgroundColor: colour("--card"), borderColor: colour("--line"), textStyle: { color: colour("--ink") }, axisPointer: { label: { formatter: ({ value }) => nearest(value) } } },
    xAxis: { type: "time", ...axis, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: nearest } },
    yAxis: { type: "value", minInterval: 1, ...axis, axisLine: { show: false } },
    series: [line(texts.lines, 1, "#13949b", true), line(texts.busy_agents, 2, "#2f80d6", false)],
  });
}

// --- what comes in -------------------------------------------------------------------------------

function receive(next) {
  snapshot = next;
  receivedAt = realNow();
  remember();
  draw();
  drawChart();
}

async function refetch() {
  const answer = await fetch("/wall/state/", { credentials: "same-origin" });
  if (answer.redirected) location.reload();
  else if (answer.ok) receive(await answer.json());
}

listen({
  events: { snapshot: receive, campaign: changed },
  onOpen() { connected = true; byId("live-badge").title = ""; refetch(); },
  onDown() { connected = false; byId("live-badge").title = texts.no_connection; drawFreshness(); },
});
setInterval(drawFreshness, 1000);
addEventListener("resize", () => chart && chart.resize());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawChart);
remember();
draw();
drawChart();
