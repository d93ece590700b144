// A worker: the timers of a hidden tab are throttled, a worker's are not. It tells the server that
// this desk is open, and the page what the server answered.

let timer = null;

onmessage = ({ data }) => {
  clearInterval(timer);
  if (!data) return; // stop
  const ping = async () => {
    try {
      const answer = await fetch(data.address, {
        method: "POST", headers: { "X-CSRFToken": data.token, Accept: "application/json" },
        credentials: "same-origin",
      });
      postMessage(answer.redirected ? { signedOut: true } : { ok: answer.ok, ...(answer.ok ? await answer.json() : {}) });
    } catch {
      postMessage({ ok: false });
    }
  };
  ping();
  timer = setInterval(ping, data.every_ms);
};
