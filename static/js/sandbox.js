// The sandbox page: what the carrier is doing, and what it shall do wrong.

import { el, facts, post } from "./base.js";

const texts = facts("sandbox-texts");
const byId = (id) => document.getElementById(id);
const LOOK_EVERY_MS = 1500;

function drawCalls({ live, calls }) {
  byId("call-count").textContent = live;
  if (!calls.length) {
    byId("calls").replaceChildren(el("p", { class: "empty" }, texts.no_calls));
    return;
  }
  byId("calls").replaceChildren(el("table", { class: "table compact" }, el("tbody", {}, calls.map((call) => el("tr", {},
    el("td", { class: "mono nowrap" }, call.to),
    el("td", {}, el("span", { class: `badge ${call.conference ? "info" : call.status === "in-progress" ? "ok" : ""}` }, texts.statuses[call.status] || call.status)),
    el("td", { class: "call-said" }, call.said.map((line) => el("div", {}, el("b", {}, `${texts[line.who] || line.who}: `), line.text))))))));
}

const faultList = byId("fault-list");
function drawFaults(faults) {
  if (faultList.children.length || !faults) return; // drawn once: somebody may be typing
  for (const [name, value] of Object.entries(faults)) {
    const input = el("input", { type: "number", name, id: `fault-${name}`, value: String(value), step: "1", min: "0", max: "1000" });
    faultList.append(el("div", { class: "fault" }, el("label", { for: `fault-${name}` }, texts.faults[name] || name), input));
  }
}

byId("faults").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = {};
  for (const input of faultList.querySelectorAll("input")) fields[input.name] = input.value;
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
    drawCalls(content);
    drawFaults(content.faults);
  } catch {
    byId("call-count").textContent = "–";
    byId("calls").replaceChildren(el("p", { class: "empty" }, texts.no_carrier));
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, LOOK_EVERY_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
