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

const stream = new EventSource(`${live.address}?ticket=${encodeURIComponent(live.ticket)}`);
stream.addEventListener("open", (event) => {
  if (event.data !== undefined) catchUp(); // the server's word that the subscription stands
});
for (const event of ["screening", "state", "campaign", "list"]) {
  stream.addEventListener(event, again);
}
