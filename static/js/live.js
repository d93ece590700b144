// One stream of pushed events: a ticket, server-sent events, and coming back after a break.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/**
 * Listen to what this user may hear. `events` maps an event's name to a function of its data;
 * `onOpen` runs at every (re)connection, the moment to fetch the state anew; `onDown` when the
 * stream is lost. Returns a function that stops.
 */
export function listen({ events, onOpen, onDown, query = "" }) {
  let source = null;
  let stopped = false;
  let wait = FIRST_WAIT_MS;
  let timer = null;

  async function connect() {
    try {
      const answer = await fetch(`/live-ticket/${query}`, { credentials: "same-origin" });
      if (answer.redirected) { location.reload(); return; } // signed out
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      open((await answer.json()).url);
    } catch {
      retry();
    }
  }

  function open(url) {
    if (stopped) return;
    source = new EventSource(url);
    source.addEventListener("open", (event) => {
      // the browser's own "open" has no data; the server's says that the subscription stands
      if (event.data === undefined) return;
      wait = FIRST_WAIT_MS;
      if (onOpen) onOpen();
    });
    for (const [name, handle] of Object.entries(events)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    // whatever went wrong (server gone, ticket too old): a fresh ticket and a new connection
    source.onerror = () => { source.close(); retry(); };
  }

  function retry() {
    if (stopped) return;
    if (onDown) onDown();
    clearTimeout(timer);
    timer = setTimeout(connect, wait * (0.7 + 0.6 * Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    if (source) source.close();
  };
}
