// The desk's telephone over Twilio's Voice SDK for JavaScript (2.x).
//
// What it needs, and this installation brings once it dials through Twilio: the SDK as
// static/vendor/twilio/twilio.min.js (global `Twilio`), and GET /desk/voice-token/ answering
// {"token"}: an access token with a voice grant, incoming allowed, for the agent's user name as
// identity. Until both are there its status is `missing`.

const TOKEN_ADDRESS = "/desk/voice-token/";
/** A token lives an hour; it is renewed on a timer, because the SDK's warning fires only once. */
const RENEW_MS = 45 * 60 * 1000;

export function twilioPhone(settings, on) {
  let device = null;
  let renewal = null;

  async function token() {
    const answer = await fetch(TOKEN_ADDRESS, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return (await answer.json()).token;
  }

  return {
    mayType: false,
    async start() {
      if (typeof window.Twilio === "undefined") {
        on.status("missing");
        return;
      }
      on.status("starting");
      try {
        device = new window.Twilio.Device(await token(), { codecPreferences: ["opus", "pcmu"] });
      } catch {
        on.status("trouble");
        return;
      }
      device.on("registered", () => on.status("ready"));
      device.on("unregistered", () => on.status("trouble"));
      device.on("error", () => on.status("trouble"));
      device.on("incoming", (call) => {
        // the agent has accepted at the desk before the server rings this browser
        call.on("accept", () => on.connected());
        call.on("disconnect", () => on.ended());
        call.on("cancel", () => on.ended());
        call.accept();
      });
      await device.register();
      renewal = setInterval(async () => {
        try { device.updateToken(await token()); } catch { on.status("trouble"); }
      }, RENEW_MS);
    },
    stop() {
      clearInterval(renewal);
      if (device) device.destroy();
      device = null;
    },
    async say() {},
  };
}
