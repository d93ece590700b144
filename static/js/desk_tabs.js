// One desk a browser: two open tabs would ring twice and answer each other's calls.
//
// A tab that opens asks "is anybody there?"; the one that leads answers. Without an answer it leads.
// A tab that waits asks again now and then, so that it takes over when the leader was closed.

const ANSWER_MS = 350;
const ASK_AGAIN_MS = 3000;

/** `onLead` runs when this tab becomes the desk, `onFollow` when another one is. */
export function leadership(name, { onLead, onFollow }) {
  const me = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const channel = new BroadcastChannel(name);
  let leads = null;
  let timer = null;

  function lead() {
    clearTimeout(timer);
    if (leads === true) return;
    leads = true;
    channel.postMessage({ kind: "here", from: me });
    onLead();
  }

  function follow() {
    clearTimeout(timer);
    timer = setTimeout(ask, ASK_AGAIN_MS);
    if (leads === false) return;
    leads = false;
    onFollow();
  }

  function ask() {
    channel.postMessage({ kind: "anybody", from: me });
    clearTimeout(timer);
    // a little chance in it, so that two waiting tabs do not both find nobody
    timer = setTimeout(lead, ANSWER_MS * (1 + Math.random()));
  }

  channel.onmessage = ({ data }) => {
    if (data.from === me) return;
    if (data.kind === "anybody" && leads) channel.postMessage({ kind: "here", from: me });
    if (data.kind === "here" || data.kind === "taking-over") follow();
    if (data.kind === "leaving" && leads === false) ask();
  };
  addEventListener("pagehide", () => {
    if (leads) channel.postMessage({ kind: "leaving", from: me });
  });
  ask();
  return {
    takeOver() {
      channel.postMessage({ kind: "taking-over", from: me });
      lead();
    },
  };
}
