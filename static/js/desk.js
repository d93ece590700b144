// An agent's desk. The server's state is the truth: every push and every answer leads to `show`.

import { csrfToken, dayTime, duration, el, facts, post, simNow } from "./base.js";
import { leadership } from "./desk_tabs.js";
import { listen } from "./live.js";
import { softphone } from "./softphone.js";

const OFFER_S = 12;
const PING_EVERY_MS = 3000;
const texts = facts("desk-texts");
const byId = (id) => document.getElementById(id);
const switchButton = byId("switch");
const customerArea = byId("customer");

let state = facts("desk-state");
let shown = ""; // which transfer in which state is on the screen
let captions = []; // what was heard in this talk, {who, text}
let busy = false;
let stopListening = null;
let worker = null;
let titleBefore = document.title;

// --- showing -------------------------------------------------------------------------------------

function show(next) {
  if (!next || !next.agent) return;
  const before = state;
  state = next;
  const { agent, transfer } = state;
  byId("desk-bar").dataset.state = agent.state;
  const situation = situationOf(agent, transfer);
  byId("state-name").textContent = texts.states[situation];
  byId("state-hint").textContent = texts.hints[situation];
  byId("state-timer").dataset.since = agent.since || "";
  if (!agent.since) byId("state-timer").textContent = "";
  const mayBreak = agent.state === "ready";
  switchButton.textContent = mayBreak ? texts.go_break : texts.go_ready;
  switchButton.classList.toggle("success", !mayBreak);
  switchButton.hidden = !["offline", "ready", "break"].includes(agent.state) || Boolean(transfer);
  tellWhatHappened(before.transfer, transfer, state.not_reached);
  showCustomer();
  showCallbacks();
}

/** What the bar says: the agent's state, or more exactly what is going on. */
function situationOf(agent, transfer) {
  if (!transfer) return agent.state;
  if (transfer.agent_first && ["offered", "accepted"].includes(transfer.state)) return `first_${transfer.state}`;
  return transfer.state === "offered" ? "offered" : agent.state;
}

function showCustomer() {
  const { transfer } = state;
  const key = transfer ? [transfer.id, transfer.state, transfer.accepted_early, transfer.call_state, transfer.transcript.length].join() : state.agent.state;
  if (key === shown) return;
  shown = key;
  document.title = titleBefore;
  if (!transfer) {
    captions = [];
    const idle = byId("idle-template").content.cloneNode(true);
    part(idle, "title").textContent = texts.states[state.agent.state];
    part(idle, "hint").textContent = texts.hints[state.agent.state];
    customerArea.replaceChildren(idle);
    return;
  }
  const pop = byId("customer-template").content.cloneNode(true);
  fillPop(pop, transfer);
  const form = customerArea.querySelector("form.wrap-up");
  if (transfer.state === "wrap_up" && form && form.dataset.transfer === transfer.id) {
    // the call's end is told after the talk's: what the agent has written meanwhile stays, and so
    // does the cursor
    for (const other of [...customerArea.children]) if (other !== form) other.remove();
    customerArea.append(pop);
  } else {
    customerArea.replaceChildren(...(transfer.state === "wrap_up" ? [wrapUpForm(transfer), pop] : [pop]));
  }
  lookAtTheNewest();
  if (["reserved", "offered"].includes(transfer.state)) {
    document.title = `● ${texts.bands[transfer.state]}`;
    if (!transfer.accepted_early) ring();
  }
}

/** The last words said are in view, and the button that is wanted next has the focus. */
function lookAtTheNewest() {
  const list = customerArea.querySelector(".transcript");
  if (list) list.scrollTop = list.scrollHeight;
  const first = customerArea.querySelector(".btn.success");
  if (first && !isTyping()) first.focus();
}

function fillPop(pop, transfer) {
  const { customer } = transfer;
  pop.querySelector(".pop").dataset.state = transfer.state;
  const early = transfer.state === "reserved" && transfer.accepted_early;
  part(pop, "band").textContent = transfer.agent_first ? bandOfFirst(transfer) : texts.bands[early ? "early" : transfer.state];
  const timer = part(pop, "timer");
  if (transfer.state === "connected") timer.dataset.since = transfer.connected_at;
  part(pop, "countdown").hidden = transfer.state !== "offered";
  part(pop, "initial").textContent = (customer.name || "?").slice(0, 1);
  part(pop, "name").textContent = customer.name || "–";
  part(pop, "number").textContent = customer.number_masked;
  part(pop, "badges").replaceChildren(...[
    texts.gender[customer.gender],
    customer.age_band && `${customer.age_band} ${texts.years}`,
    texts.segment[customer.segment] || customer.segment,
  ].filter(Boolean).map((text) => el("span", { class: "badge" }, text)));
  part(pop, "product").textContent = productName(transfer);
  part(pop, "wish").replaceChildren(wishes(transfer.wish), ...promise(transfer));
  part(pop, "do").replaceChildren(...lines(transfer.do, texts.do));
  part(pop, "dont").replaceChildren(...lines(transfer.dont, texts.dont));
  const said = [...transfer.transcript, ...captions];
  part(pop, "transcript").replaceChildren(...(said.length ? said.map(line) : [el("li", { class: "muted" }, texts.nothing_said)]));
  part(pop, "actions").replaceChildren(...actionsOf(transfer, early));
  const say = part(pop, "say");
  say.hidden = !(transfer.state === "connected" && phone.mayType);
  say.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = say.elements.text.value.trim();
    say.elements.text.value = "";
    if (text) phone.say(text).catch(() => note(texts.refused, "bad"));
  });
}

function actionsOf(transfer, early) {
  const at = `/desk/transfers/${transfer.id}`;
  const button = (kind, text, key, act) => {
    const made = el("button", { class: `btn big ${kind}`, type: "button" }, text, key && el("kbd", {}, key));
    made.addEventListener("click", act);
    return made;
  };
  if (transfer.state === "offered" || (transfer.state === "reserved" && !early)) {
    const usual = transfer.state === "offered" ? texts.accept : texts.accept_early;
    const accept = transfer.agent_first ? texts.first.accept : usual;
    return [
      button("success", accept, "Enter", () => act(`${at}/accept/`)),
      button("", texts.decline, "Esc", () => act(`${at}/reject/`)),
    ];
  }
  if (transfer.agent_first && transfer.state === "accepted") {
    return [button("danger", texts.first.stop, null, () => act(`${at}/hang-up/`))];
  }
  if (transfer.state === "connected") {
    return [
      button("danger-soft", texts.opt_out, "F8", noteOptOut),
      button("danger", texts.hang_up, null, () => act(`${at}/hang-up/`)),
    ];
  }
  return [];
}

/** Where a call stands for which the agent comes first. */
function bandOfFirst({ state: where, call_state: call, kind }) {
  if (where === "offered") return kind === "callback" ? texts.first.offered : texts.first.offered_by_hand;
  if (where === "accepted") return ["ringing", "answered"].includes(call) ? texts.first.ringing : texts.first.connecting;
  return texts.bands[where];
}

/** When this was promised, and what a colleague noted then. */
function promise({ promised_at: at, note: noted }) {
  const rows = [at && [texts.first.promised, dayTime(at)], noted && [texts.first.note, noted]].filter(Boolean);
  if (!rows.length) return [];
  return [el("dl", { class: "kv" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "strong" }, value)]))];
}

function wishes(wish) {
  if (typeof wish === "string" && wish) return el("p", {}, wish);
  const entries = Object.entries(wish || {}).filter(([, value]) => value);
  if (!entries.length) return el("p", { class: "muted" }, texts.nothing_noted);
  return el("dl", { class: "kv" }, entries.flatMap(([name, value]) => [
    el("dt", {}, texts.slots[name] || name),
    el("dd", { class: "strong" }, readable(String(value))),
  ]));
}

/** What a script keeps, for people: an instant, a band of money in ten thousands (5to20w), or text. */
function readable(value) {
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return dayTime(value);
  const band = /^(?:(lt|gt)(\d+)|(\d+)to(\d+))w$/.exec(value);
  if (!band) return value;
  const money = (tenThousands) => new Intl.NumberFormat(document.documentElement.lang).format(tenThousands * 10000);
  return band[1] ? `${band[1] === "lt" ? "<" : ">"} ${money(band[2])}` : `${money(band[3])} – ${money(band[4])}`;
}

function productName(transfer) {
  const english = document.documentElement.lang.startsWith("en");
  return (english && transfer.product_en) || transfer.product || "–";
}

const lines = (own, usual) => (own && own.length ? own : usual).map((text) => el("li", {}, text));

function line({ who, text, now }) {
  return el("li", { class: `${who}${now ? " now" : ""}` }, el("small", {}, texts.who[who] || who), text);
}

function showCallbacks() {
  const booked = state.callbacks || [];
  byId("callbacks").replaceChildren(...(booked.length
    ? booked.map(callbackRow)
    : [el("p", { class: "muted card-body" }, texts.no_callbacks)]));
}

function callbackRow(each) {
  const late = each.state === "booked" && Date.parse(each.due_at) < simNow();
  const moved = each.due_at !== each.promised_at;
  const remarks = [
    each.state === "calling" && texts.being_called,
    each.state === "booked" && moved && `${texts.moved_to} ${dayTime(each.due_at)}`,
    each.attempts && `${texts.tries}: ${each.attempts}`,
    each.why,
    each.too_late && texts.after_the_end,
  ].filter(Boolean);
  const call = el("button", { class: "btn small", type: "button" }, texts.call_now);
  call.disabled = state.agent.state !== "ready" || Boolean(state.transfer);
  call.addEventListener("click", () => act(`/desk/callbacks/${each.id}/call/`));
  return el("div", { class: `callback${late ? " late" : ""}` },
    el("div", { class: "grow" },
      el("div", {}, el("time", { class: "num strong" }, dayTime(each.promised_at)), " ", each.customer),
      el("div", { class: "muted small" }, each.campaign),
      remarks.length ? el("div", { class: "small remark" }, remarks.join(" · ")) : null),
    each.state === "booked" ? call : null);
}

function tellWhatHappened(before, after, notReached) {
  if (!before || (after && after.id === before.id)) return;
  if (before.agent_first) {
    if (["offered", "accepted"].includes(before.state)) tellWhyNot(before, notReached);
    return;
  }
  if (["accepted"].includes(before.state)) note(texts.customer_hung_up, "warn");
  if (before.state === "offered" && !busy) note(texts.missed, "warn");
}

/** The agent waited in vain, or the offer was withdrawn: why. */
function tellWhyNot(before, notReached) {
  if (!notReached || notReached.id !== before.id) {
    if (!busy) note(texts.missed, "warn");
    return;
  }
  const withdrawn = notReached.cause === "customer_wants_no_calls" && texts.first.withdrawn;
  const nobody = notReached.cause === "agent_dropped" && texts.first.nobody_came;
  const outcome = texts.first.outcomes[notReached.outcome];
  note([withdrawn || nobody || outcome || texts.first.not_reached, notReached.why].filter(Boolean).join(" "), "warn", 10000);
}

let noteTimer = null;
function note(text, kind = "info", forMs = 6000) {
  const box = byId("desk-note");
  box.className = `note ${kind}`;
  box.textContent = text;
  box.hidden = false;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => { box.hidden = true; }, forMs);
}

const part = (root, name) => root.querySelector(`[data-part=${name}]`);

setInterval(() => {
  const { transfer } = state;
  const bar = customerArea.querySelector("[data-part=countdown]");
  if (!transfer || transfer.state !== "offered" || !bar) return;
  const left = Math.max(0, (Date.parse(transfer.offer_ends_at) - simNow()) / 1000);
  bar.value = Math.min(OFFER_S, left);
  customerArea.querySelector("[data-part=timer]").textContent = duration(Math.ceil(left));
}, 100);

// --- doing ---------------------------------------------------------------------------------------

async function act(address, fields = {}) {
  if (busy) return null;
  busy = true;
  try {
    const answer = await post(address, fields);
    show(answer);
    if (answer.answer === "gone") note(texts.gone, "warn");
    return answer;
  } catch (error) {
    if (error.status === 404) note(texts.gone, "warn");
    else note((error.content && error.content.error) || texts.refused, "bad");
    if (error.content && error.content.agent) show(error.content);
    else refetch();
    return null;
  } finally {
    busy = false;
  }
}

let fetching = false;
let fetchAgain = false;
async function refetch() {
  // pushes come in bursts: one request at a time, and one more if something came meanwhile
  if (fetching) { fetchAgain = true; return; }
  fetching = true;
  try {
    const answer = await fetch("/desk/state/", { credentials: "same-origin" });
    if (answer.redirected) location.reload();
    else if (answer.ok) show(await answer.json());
  } catch { /* the stream's own trouble tells the agent */ }
  fetching = false;
  if (fetchAgain) { fetchAgain = false; refetch(); }
}

switchButton.addEventListener("click", () => {
  const wanted = state.agent.state === "ready" ? "break" : "ready";
  audio(); // a browser lets a page ring only after the user has touched it
  act("/desk/presence/", { state: wanted });
});

const optOutKey = () => `opt-out-${state.transfer ? state.transfer.id : ""}`;

function noteOptOut() {
  if (!state.transfer || !["connected", "wrap_up"].includes(state.transfer.state)) return;
  sessionStorage.setItem(optOutKey(), "1");
  note(texts.opt_out_noted, "warn", 10000);
  const form = customerArea.querySelector("form.wrap-up");
  if (form) checkOptOut(form);
}

function checkOptOut(form) {
  form.elements.opt_out.checked = true;
  form.querySelector("input[value=opt_out]").checked = true;
}

function wrapUpForm(transfer) {
  const fragment = byId("wrap-up-template").content.cloneNode(true);
  const form = fragment.querySelector("form");
  form.dataset.transfer = transfer.id;
  const callback = form.elements.callback_at;
  callback.value = inputTime(simNow() + 24 * 3600 * 1000);
  form.addEventListener("change", () => {
    const chosen = form.elements.disposition.value;
    part(form, "callback").hidden = chosen !== "callback";
    if (chosen === "opt_out" || chosen === "complaint") form.elements.opt_out.checked = true;
  });
  if (sessionStorage.getItem(optOutKey())) checkOptOut(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    if (fields.disposition !== "callback") delete fields.callback_at;
    const answer = await act(`/desk/transfers/${transfer.id}/wrap-up/`, fields);
    if (answer) { sessionStorage.removeItem(`opt-out-${transfer.id}`); note(texts.saved, "ok", 2500); }
  });
  return fragment;
}

/** A time as <input type=datetime-local> wants it, in the bank's zone. */
function inputTime(milliseconds) {
  const zone = facts("page-facts").time_zone;
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
  }).formatToParts(new Date(milliseconds)).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

// --- keys ----------------------------------------------------------------------------------------

function isTyping() {
  const focused = document.activeElement;
  return Boolean(focused && focused.matches("input:not([type=radio], [type=checkbox]), textarea, select"));
}

document.addEventListener("keydown", (event) => {
  const { transfer } = state;
  if (!transfer || byId("desk").hidden || event.isComposing) return;
  const at = `/desk/transfers/${transfer.id}`;
  const open = transfer.state === "offered" || (transfer.state === "reserved" && !transfer.accepted_early);
  const form = customerArea.querySelector("form.wrap-up");
  if (event.key === "F8") {
    event.preventDefault();
    noteOptOut();
  } else if (event.key === "Enter" && event.ctrlKey && form) {
    event.preventDefault();
    form.requestSubmit();
  } else if (isTyping() || event.ctrlKey || event.altKey || event.metaKey || event.repeat) {
    return;
  } else if (event.key === "Enter" && open) {
    event.preventDefault();
    act(`${at}/accept/`);
  } else if (event.key === "Escape" && open) {
    act(`${at}/reject/`);
  } else if (form && /^[1-9]$/.test(event.key)) {
    const choice = form.querySelector(`input[data-key="${event.key}"]`);
    if (choice) { choice.checked = true; choice.dispatchEvent(new Event("change", { bubbles: true })); }
  }
});

// --- sound ---------------------------------------------------------------------------------------

let sound = null;
function audio() {
  if (!sound && window.AudioContext) sound = new AudioContext();
  return sound;
}

function ring() {
  const context = sound;
  if (!context || context.state !== "running") return;
  for (const [delay, pitch] of [[0, 660], [0.18, 880]]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.12, context.currentTime + delay);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + delay + 0.35);
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + delay);
    tone.stop(context.currentTime + delay + 0.4);
  }
}

// --- the voice -----------------------------------------------------------------------------------

const phone = softphone(facts("softphone-settings"), {
  status(name) {
    const badge = byId("phone-status");
    badge.textContent = texts.phone[name];
    badge.className = `badge ${{ ready: "ok", trouble: "bad", missing: "bad" }[name] || ""}`;
  },
  connected() { refetch(); },
  ended() { refetch(); },
  caption({ who, text }) {
    const said = { who, text, now: true };
    captions.push(said);
    const list = customerArea.querySelector(".transcript");
    if (list) { list.append(line(said)); list.scrollTop = list.scrollHeight; }
  },
});

// --- being the desk, or not ----------------------------------------------------------------------

function startWork() {
  byId("other-tab").hidden = true;
  byId("desk").hidden = false;
  lookAtTheNewest();
  phone.start();
  worker = new Worker(new URL("./desk_ping.js", import.meta.url));
  worker.onmessage = ({ data }) => {
    if (data.signedOut) location.reload();
    // set offline behind our back (a laptop slept): say so
    if (data.ok && data.state !== state.agent.state) {
      if (data.state === "offline" && state.agent.state !== "offline") note(texts.away, "warn", 15000);
      refetch();
    }
  };
  worker.postMessage({ address: "/desk/ping/", token: csrfToken(), every_ms: PING_EVERY_MS });
  stopListening = listen({
    events: { offer: refetch, transfer: refetch, presence: refetch },
    onOpen() { byId("connection-status").hidden = true; refetch(); },
    onDown() {
      byId("connection-status").textContent = texts.no_connection;
      byId("connection-status").hidden = false;
    },
  });
}

function stopWork() {
  byId("other-tab").hidden = false;
  byId("desk").hidden = true;
  phone.stop();
  if (worker) worker.terminate();
  if (stopListening) stopListening();
  worker = stopListening = null;
}

const tabs = leadership(`sanshi-desk-${state.agent.id}`, { onLead: startWork, onFollow: stopWork });
byId("take-over").addEventListener("click", () => tabs.takeOver());
show(state);
