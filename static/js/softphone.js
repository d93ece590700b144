// The desk's telephone, behind one interface whichever network carries the voice:
//
//   const phone = softphone(settings, { status, caption, connected, ended });
//   phone.start();  phone.stop();
//   phone.mayType  → whether words can be typed instead of spoken
//   phone.say(text)                      (only with mayType)
//
// `status` is one of starting, ready, trouble, missing. The server decides who is connected with
// whom; a driver only brings the voice, or its captions, into this browser.

import { twilioPhone } from "./softphone_twilio.js";

export function softphone(settings, on) {
  return settings.driver === "twilio" ? twilioPhone(settings, on) : sandboxPhone(settings, on);
}

/** The sandbox carrier: no audio but captions, pushed by the carrier itself. */
function sandboxPhone(settings, on) {
  const base = `${settings.carrier}/_carrier/clients/${encodeURIComponent(settings.identity)}`;
  let source = null;

  return {
    mayType: true,
    start() {
      on.status("starting");
      source = new EventSource(`${base}/stream`);
      source.onopen = () => on.status("ready");
      source.onerror = () => on.status("trouble"); // the browser tries again by itself
      source.addEventListener("incoming", () => on.status("ready"));
      source.addEventListener("connected", () => on.connected());
      source.addEventListener("caption", (event) => on.caption(JSON.parse(event.data)));
      source.addEventListener("ended", () => on.ended());
    },
    stop() {
      if (source) source.close();
      source = null;
    },
    async say(text) {
      // text/plain: a plain request, so that no preflight is needed at another origin
      await fetch(`${base}/say`, { method: "POST", body: JSON.stringify({ text }), headers: { "Content-Type": "text/plain" } });
    },
  };
}
