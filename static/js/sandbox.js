// The sandbox page: what the carrier is doing, and what it shall do wrong.

import { el, facts, post } from "./base.js";

const texts = facts("sandbox-texts");
const byId = (id) => document.getElementById(id);
const LOOK_EVERY_MS = 1500;
const SHOWN = 50;

const inFlight = (call) => !["completed", "busy", "no-answer", "failed", "canceled"].includes(call.status);

function drawCalls(calls) {
  const live = calls.filter(inFlight);
  byId("call-count").textContent = live.length;
  if (!live.length) {
    byId("calls").replaceChildren(el("p", { class: "empty" }, texts.no_calls));
    return;
  }
  byId("calls").replaceChildren(el("table", { class: "table compact" }, el("tbody", {}, live.slice(0, SHOWN).map((call) => el("tr", {},
    el("td", { class: "mono nowrap" }, masked(call.to)),
    el("td", {}, el("span", { class: `badge ${call.status === "in-progress" ? "ok" : ""}` }, texts.statuses[call.status] || call.status)),
    el("td", {}, call.persona ? el("span", { class: "badge brand" }, call.persona) : null),
    el("td", { class: "call-said" }, said(call)))))));
}

function said(call) {
  const who = (name) => texts[{ robot: "robot", customer: "customer", agent: "agent" }[name]] || name;
  const lines = call.said || call.lines || call.transcript || [];
  const last = Array.isArray(lines) ? lines.slice(-2) : [{ who: "robot", text: String(lines) }];
  return last.map((line) => el("div", {}, el("b", {}, `${who(line.who)}: `), line.text));
}

/** A number as screens show it: the middle is nobody's business. */
const masked = (number) => (/^\+?\d{8,}$/.test(number || "") ? `${number.slice(0, -8)}****${number.slice(-4)}` : number || "");

const faultList = byId("fault-list");
function drawFaults(faults) {
  if (faultList.children.length || !faults) return; // drawn once: somebody may be typing
  for (const [name, value] of Object.entries(faults)) {
    if (typeof value !== "number" && typeof value !== "boolean") continue;
    const input = typeof value === "boolean"
      ? el("input", { type: "checkbox", name, id: `fault-${name}`, checked: value })
      : el("input", { type: "number", name, id: `fault-${name}`, value: String(value), step: "any", min: "0" });
    faultList.append(el("div", { class: "fault" }, el("label", { for: `fault-${name}` }, texts.faults[name] || name), input));
  }
}

byId("faults").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = {};
  for (const input of faultList.querySelectorAll("input")) fields[input.name] = input.type === "checkbox" ? Number(input.checked) : input.value;
  const note = byId("fault-note");
  try {
    await post("/sandbox/faults/", fields);
    note.className = "note ok";
    note.textContent = texts.saved;
  } catch (error) {
    note.className = "note bad";
    note.textContent = (error.content && error.content.error) || texts.no_carrier;
  }
  note.hidden = false;
});

let timer = null;
async function look() {
  try {
    const answer = await fetch("/sandbox/carrier/");
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.error);
    const calls = content.calls;
    drawCalls(Array.isArray(calls) ? calls : calls.calls || []);
    drawFaults(content.faults && content.faults.faults ? content.faults.faults : content.faults);
  } catch {
    byId("call-count").textContent = "–";
    byId("calls").replaceChildren(el("p", { class: "empty" }, texts.no_carrier));
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, LOOK_EVERY_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
