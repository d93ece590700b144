// A draft's beginning: said at once when it lies in the past. Submitting asks the server again.

import { facts, simNow } from "./base.js";

const field = document.getElementById("begins");
const told = document.getElementById("begins-past");
const submit = document.getElementById("submit");
const mistakes = submit.disabled && told.hidden; // what keeps it from being submitted besides
const timeZone = facts("page-facts").time_zone || undefined;
// "2026-11-27 09:30", which sorts as the field's own value does
const local = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });

function look() {
  const past = field.value !== "" && field.value.replace("T", " ") <= local.format(simNow());
  told.hidden = !past;
  field.closest(".field").classList.toggle("wrong", past);
  // what is submitted is what is kept: a beginning that was only typed waits for "Save"
  const unsaved = field.value !== field.defaultValue;
  document.getElementById("begins-unsaved").hidden = past || !unsaved;
  submit.disabled = mistakes || past || unsaved;
}

field.addEventListener("input", look);
setInterval(look, 5000);
