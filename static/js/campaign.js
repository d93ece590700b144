// The campaign page: fetched anew when something about the campaign changed, at most once a second.

const live = JSON.parse(document.getElementById("live").textContent);
const shown = () => document.querySelector("[data-campaign-state]").textContent;
let due = null;

function again() {
  due ??= setTimeout(() => location.reload(), 1000);
}

// What changed between the rendering and the subscription was pushed to nobody: look once.
async function catchUp() {
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-campaign-state]");
  if (fresh && fresh.textContent !== shown()) again();
}

// A screening in progress moves its bar; workers report out of order, so it never moves back.
function moveBar({ done, planned }) {
  const bar = document.querySelector("[data-progress]");
  const text = document.querySelector("[data-progress-text]");
  const percent = planned ? Math.floor((100 * done) / planned) : 0;
  if (!bar || !text || percent < bar.value) return;
  bar.value = percent;
  const shown = (n) => n.toLocaleString(document.documentElement.lang || undefined);
  text.textContent = text.dataset.progressText
    .replace("{done}", shown(done))
    .replace("{planned}", shown(planned));
}

const stream = new EventSource(`${live.address}?ticket=${encodeURIComponent(live.ticket)}`);
stream.addEventListener("open", (event) => {
  if (event.data !== undefined) catchUp(); // the server's word that the subscription stands
});
stream.addEventListener("progress", (event) => moveBar(JSON.parse(event.data)));
for (const event of ["screening", "state", "campaign", "list"]) {
  stream.addEventListener(event, again);
}
