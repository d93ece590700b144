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

const persona = (name) => texts.personas[name] || name || texts.as_drawn;
const personaList = byId("people-persona");
let drawnPeople = "";
function drawPeople({ personas, everybody, chosen }) {
  const drawn = JSON.stringify([everybody, chosen]);
  if (drawn === drawnPeople) return; // a button must not vanish under the pointer
  drawnPeople = drawn;
  if (!personaList.children.length) personaList.append(...["", ...personas].map((name) => el("option", { value: name }, persona(name))));
  const all = everybody ? [{ customer: "", to: texts.everybody, persona: everybody }] : [];
  byId("people-chosen").replaceChildren(...[...all, ...chosen].map((one) => {
    const undo = el("button", { type: "button", class: "btn small" }, texts.undo);
    undo.addEventListener("click", () => send("/sandbox/people/", { customer: one.customer, persona: "" }, byId("people-note")));
    return el("div", { class: "fault" }, el("span", {}, `${one.customer} ${one.to}: ${persona(one.persona)}`), one.customer || one === all[0] ? undo : null);
  }));
}

async function send(address, fields, note) {
  try {
    const answer = await post(address, fields);
    if (answer && answer.people) drawPeople(answer.people);
    note.className = "note ok";
    note.textContent = texts.saved;
  } catch (error) {
    note.className = "note bad";
    note.textContent = (error.content && error.content.error) || texts.no_carrier;
  }
  note.hidden = false;
}

byId("faults").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = {};
  for (const input of faultList.querySelectorAll("input")) fields[input.name] = input.value;
  send("/sandbox/faults/", fields, byId("fault-note"));
});

byId("people").addEventListener("submit", (event) => {
  event.preventDefault();
  send("/sandbox/people/", { customer: byId("people-customer").value, persona: personaList.value }, byId("people-note"));
});

let timer = null;
async function look() {
  try {
    const answer = await fetch("/sandbox/carrier/");
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.error);
    drawCalls(content);
    drawFaults(content.faults);
    drawPeople(content.people);
  } catch {
    byId("call-count").textContent = "–";
    byId("calls").replaceChildren(el("p", { class: "empty" }, texts.no_carrier));
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, LOOK_EVERY_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
