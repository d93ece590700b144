// What every page shares: the clock (simulated in the sandbox), posting, confirmation, texts.

export function facts(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

const page = facts("page-facts") || { real: new Date().toISOString(), anchors: null };
// the browser's clock may be wrong: time runs from the server's reading at the page's making
const skew = Date.parse(page.real) - Date.now();

export function realNow() {
  return Date.now() + skew;
}

/** Business time in milliseconds: simulated in the sandbox, else real. */
export function simNow() {
  if (!page.anchors) return realNow();
  const { anchor_real, anchor_sim, speed } = page.anchors;
  return Date.parse(anchor_sim) + speed * (realNow() - Date.parse(anchor_real));
}

/** Simulated seconds a real second. */
export function speed() {
  return page.anchors ? page.anchors.speed : 1;
}

const locale = document.documentElement.lang || "zh-hans";
const dateTime = new Intl.DateTimeFormat(locale, {
  timeZone: page.time_zone || undefined, month: "short", day: "numeric", weekday: "short",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
const clockOnly = new Intl.DateTimeFormat(locale, {
  timeZone: page.time_zone || undefined, hour: "2-digit", minute: "2-digit", hour12: false,
});
const dayAndClock = new Intl.DateTimeFormat(locale, {
  timeZone: page.time_zone || undefined, month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", hour12: false,
});

export const clockTime = (value) => clockOnly.format(new Date(value));
export const dayTime = (value) => dayAndClock.format(new Date(value));

/** Seconds as m:ss or h:mm:ss. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

export function csrfToken() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  return field ? field.value : "";
}

/** POST form fields (or a FormData with files); the answer's JSON (or null). Throws an Error with `status` when refused. */
export async function post(address, fields = {}) {
  const body = fields instanceof FormData ? fields : new URLSearchParams();
  for (const [name, value] of body === fields ? [] : Object.entries(fields)) {
    if (value !== null && value !== undefined) body.set(name, value);
  }
  const answer = await fetch(address, {
    method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
    credentials: "same-origin",
  });
  const type = answer.headers.get("content-type") || "";
  const content = type.includes("json") ? await answer.json() : null;
  if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { status: answer.status, content });
  return content;
}

/** An element with a class, text and children; `null` children are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Ask before doing; resolves to true or false. */
export function confirmed(text) {
  const dialog = document.getElementById("confirm-dialog");
  document.getElementById("confirm-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// <form data-confirm="…">: submitted only after a yes
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  const submitter = event.submitter;
  confirmed(form.dataset.confirm).then((yes) => {
    if (!yes) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter || undefined);
    delete form.dataset.confirmed;
  });
});

// a form that came back: begin where the first mistake is
document.querySelector("[aria-invalid='true']")?.focus();

function tick() {
  for (const clock of document.querySelectorAll("[data-sim-clock]")) {
    clock.textContent = dateTime.format(new Date(simNow()));
  }
  // <time data-since="ISO business time">: how long ago
  for (const timer of document.querySelectorAll("[data-since]")) {
    if (timer.dataset.since) {
      timer.textContent = duration((simNow() - Date.parse(timer.dataset.since)) / 1000);
    }
  }
}

tick();
setInterval(tick, 250);
