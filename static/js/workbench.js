// The workbench: one source, and beside it what it means. Every change is checked after a pause.

import { el, facts, post } from "./base.js";
import { startChat } from "./workbench_chat.js";
import { Picture } from "./workbench_graph.js";
import { startVoice } from "./workbench_voice.js";
import { drawEverywhere, drawFindings, drawMatrix, drawNode, drawTests } from "./workbench_panels.js";

const bench = facts("workbench");
const T = bench.texts;
const find = (name) => document.querySelector(`[data-${name}]`);
const CHECK_AFTER_MS = 600;

const editor = CodeMirror.fromTextArea(document.getElementById("source"), {
  mode: "yaml", lineNumbers: true, lineWrapping: true, readOnly: !bench.writes, gutters: ["faults", "CodeMirror-linenumbers"],
  extraKeys: { "Ctrl-S": () => save(), "Cmd-S": () => save(), Tab: (cm) => cm.replaceSelection("  ") },
});
editor.setValue(bench.source);
editor.clearHistory();

const picture = new Picture(find("picture"), { texts: T, intents: bench.intents, choose });
const voice = startVoice({ place: find("voice"), addresses: bench.addresses, texts: T, writes: bench.writes, source: () => editor.getValue() });
let checked = null; // what the last readable source came to
let chosen = null;
let kept = bench.source;
let due = null;
let asked = 0;
let fitted = false;

// --- checking ------------------------------------------------------------------------------------

async function check() {
  const number = ++asked;
  verdict(T.checking, "");
  try {
    const found = await post(bench.addresses.check, { source: editor.getValue() });
    if (number !== asked) return;
    checked = found;
    showFaults([]);
    drawFindings(find("findings"), found.findings, T, show);
    verdict(found.findings.length ? `${T.findings}: ${found.findings.length}` : T.proven, found.findings.length ? "bad" : "ok");
    picture.draw(found.picture, new Map(found.findings.filter((one) => one.node).map((one) => [one.node, one.rule])));
    drawEverywhere(find("everywhere"), found.picture, bench, show);
    if (!fitted) picture.begin(); // now that the room beside it is taken
    fitted = true;
    drawMatrix(find("matrix"), found.matrix, bench, show);
    drawTests(find("tests"), found.dialogues, T);
    if (chosen && !found.picture.nodes.some((node) => node.name === chosen)) chosen = null;
    drawNode(find("node"), chosen, checked, bench, { show, change });
    voice.show(chosen);
    if (chosen) picture.mark(chosen);
  } catch (error) {
    if (number !== asked) return;
    if (error.status === 422) {
      showFaults(error.content.faults);
      verdict(T.unreadable, "bad");
    } else {
      verdict(T.check_failed, "warn");
    }
  }
}

function verdict(text, tone) {
  const badge = find("verdict");
  badge.className = `badge end ${tone}`;
  badge.textContent = text;
}

/** Faults of the document as a document: marked at their lines. */
function showFaults(faults) {
  editor.clearGutter("faults");
  if (!faults.length) return;
  const list = find("findings");
  list.replaceChildren(...faults.map((fault) => {
    const button = el("button", { type: "button", class: "finding" }, fault.line ? el("b", {}, T.line.replace("%s", fault.line)) : null,
      el("span", {}, fault.text, fault.place ? el("small", {}, el("code", {}, fault.place)) : null));
    button.addEventListener("click", () => goToLine(fault.line - 1));
    return el("div", {}, button, fault.raw
      ? el("details", { class: "small finding-raw" }, el("summary", { class: "muted" }, T.raw), el("code", { class: "told-raw", lang: "en" }, fault.raw))
      : null);
  }));
  for (const fault of faults) {
    if (fault.line) editor.setGutterMarker(fault.line - 1, "faults", el("span", { class: "fault", title: fault.text }, "●"));
  }
}

editor.on("change", () => {
  const changed = editor.getValue() !== kept;
  const button = find("save");
  if (button) button.disabled = !changed;
  const ask = find("ask");
  if (ask) ask.disabled = changed; // what is asked for is what is kept
  clearTimeout(due);
  due = setTimeout(check, CHECK_AFTER_MS);
});

// --- choosing a node -----------------------------------------------------------------------------

function choose(name) {
  chosen = name;
  drawNode(find("node"), chosen, checked, bench, { show, change });
  voice.show(chosen);
  picture.mark(name);
  if (name) goToNode(name);
}

/** From a finding, a badge or a cell of the matrix: the node everywhere. */
function show(name) {
  choose(name);
  picture.reveal(name);
  openTab("node");
}

function goToNode(name) {
  const pattern = new RegExp(`^\\s+["']?${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["']?:`);
  let inNodes = false;
  for (let line = 0; line < editor.lineCount(); line += 1) {
    const text = editor.getLine(line);
    if (/^nodes:/.test(text)) inNodes = true;
    else if (/^\S/.test(text)) inNodes = false;
    else if (inNodes && pattern.test(text)) return goToLine(line);
  }
  return undefined;
}

function goToLine(line) {
  if (line < 0) return;
  editor.setCursor({ line, ch: 0 });
  editor.scrollIntoView({ line, ch: 0 }, 120);
  const mark = editor.addLineClass(line, "background", "line-shown");
  setTimeout(() => editor.removeLineClass(mark, "background", "line-shown"), 1600);
}

/** A form's value goes into the source; the rest of it stays as it was written. */
async function change(path, value) {
  const answer = await post(bench.addresses.change, {
    source: editor.getValue(), path: JSON.stringify(path), value: JSON.stringify(value),
  });
  const place = editor.getScrollInfo();
  editor.setValue(answer.source);
  editor.scrollTo(place.left, place.top);
  clearTimeout(due);
  await check();
}

// --- keeping -------------------------------------------------------------------------------------

async function save() {
  const source = editor.getValue();
  if (!bench.writes || source === kept) return;
  try {
    const answer = await post(bench.addresses.save, { source });
    kept = source;
    location.href = answer.address;
  } catch (error) {
    if (error.status === 422) showFaults(error.content.faults);
    else verdict(T.save_failed, "bad");
  }
}

find("save")?.addEventListener("click", save);
window.addEventListener("beforeunload", (event) => {
  if (bench.writes && editor.getValue() !== kept) event.preventDefault();
});

// --- tabs, zoom, funnel --------------------------------------------------------------------------

const tabs = [...document.querySelectorAll(".bench-side [role=tab]")];
function openTab(name) {
  for (const tab of tabs) {
    const open = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(open));
    tab.tabIndex = open ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !open;
  }
}
for (const [place, tab] of tabs.entries()) {
  tab.addEventListener("click", () => openTab(tab.id.replace("tab-", "")));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
openTab("chat");

for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => picture.zoom(button.dataset.zoom));
}
find("funnel").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  if (!on) return picture.paint(null);
  const answer = await fetch(bench.addresses.funnel, { credentials: "same-origin" });
  return picture.paint(answer.ok ? await answer.json() : null);
});

startChat({
  log: find("chat-log"), form: find("chat-form"), input: find("chat-input"), restart: find("restart"),
  aloud: find("aloud"), canTransfer: find("can-transfer"), quick: find("quick"),
  address: bench.addresses.chat, texts: T, intents: bench.intents, source: () => editor.getValue(),
  reached: (name) => picture.follow(name),
});
check();
