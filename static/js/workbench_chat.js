// Trying a script out by talking to it. The conversation's state lives here; the server keeps none.

import { el, post } from "./base.js";

const RESULTS = ["connected", "no_agent", "no_answer", "rejected", "failed"];

export function startChat({ log, form, input, restart, aloud, canTransfer, quick, address, texts, intents, source, reached }) {
  let state = "";
  let over = false;
  let busy = false;

  async function say(words, shown = words) {
    if (busy) return;
    if (over || !state) return begin();
    busy = true;
    log.append(bubble("customer", shown || texts.silence));
    try {
      take(await post(address, { source: source(), state, said: words, can_transfer: canTransfer.checked ? "1" : "0" }));
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
    }
    return undefined;
  }

  async function begin() {
    busy = true;
    log.replaceChildren();
    over = false;
    state = "";
    try {
      take(await post(address, { source: source(), state: "" }));
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
    }
  }

  function take(step) {
    state = step.state;
    over = step.ended;
    if (step.trace.matched !== "begin") log.append(reason(step));
    if (step.held) log.append(el("div", { class: "note warn chat-held" }, step.held));
    for (const line of step.said) {
      log.append(bubble("robot", line.text, line.node));
      speak(line.text);
    }
    if (step.waits && !step.ended) log.append(waiting());
    if (step.ended) log.append(ending(step));
    reached(step.node);
    log.scrollTop = log.scrollHeight;
  }

  /** Which layer took the answer, how sure it was, and where that led. */
  function reason({ trace, slots, effects }) {
    const parts = [
      `${texts.layer}: ${trace.layer || "–"} → ${trace.matched}`,
      trace.intent ? `${intents[trace.intent] || trace.intent} ${trace.score.toFixed(2)}` : "",
      trace.rule ? trace.rule : "",
      trace.path.length ? trace.path.join(" → ") : "",
      Object.keys(slots).length ? `${texts.slots}: ${Object.entries(slots).map(([name, value]) => `${name}=${value}`).join(", ")}` : "",
      effects.length ? `${texts.effects}: ${effects.join(", ")}` : "",
    ].filter(Boolean);
    const top = trace.top.map(([name, score]) => `${intents[name] || name} ${score.toFixed(2)}`).join(" · ");
    return el("div", { class: "chat-why", title: top || null }, parts.map((part) => el("span", {}, part)));
  }

  function bubble(who, text, node) {
    return el("div", { class: `bubble ${who}` }, el("span", { class: "visually-hidden" }, `${texts[who]}: `), text, node ? el("small", {}, node) : null);
  }

  function waiting() {
    const buttons = RESULTS.map((result) => {
      const button = el("button", { type: "button", class: "btn small" }, result);
      button.addEventListener("click", () => say(`!${result}`));
      return button;
    });
    return el("div", { class: "chat-why" }, el("span", {}, texts.transfer), buttons);
  }

  function ending(step) {
    return el("div", { class: "chat-end" }, texts.ended.replace("%s", step.outcome || "–"), step.grade ? ` · ${texts.grade} ${step.grade}` : "");
  }

  function complain(error) {
    const faults = error.content?.faults?.map((fault) => `${fault.line ? `${texts.line.replace("%s", fault.line)}: ` : ""}${fault.text}`).join(" ");
    const text = error.status === 409 ? texts.gone : faults ? `${texts.unreadable}: ${faults}` : texts.check_failed;
    log.append(el("div", { class: "note bad" }, text));
    if (error.status === 409) over = true;
  }

  function speak(text) {
    if (!aloud.checked || !("speechSynthesis" in window)) return;
    const line = new SpeechSynthesisUtterance(text);
    line.lang = /[\u4e00-\u9fff]/.test(text) ? "zh-CN" : "en-US";
    window.speechSynthesis.speak(line);
  }

  if (!("speechSynthesis" in window)) aloud.closest("label").hidden = true;
  aloud.addEventListener("change", () => window.speechSynthesis?.cancel());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = input.value.trim();
    input.value = "";
    if (words || over) say(words);
  });
  quick.addEventListener("click", (event) => {
    const button = event.target.closest("[data-say]");
    if (button) say(button.dataset.say);
  });
  restart.addEventListener("click", begin);
  begin();
}
