// What the lines of the chosen node sound like: play, record, upload, remove.

import { confirmed, el, post } from "./base.js";

const LONGEST_MS = 30_000;
const RATE = 16_000;

/** `source()` gives the text that is worked on; show(name) draws a node's lines, null the others. */
export function startVoice({ place, addresses, texts: T, writes, source }) {
  const player = new Audio();
  let known = { source: null, content: null };
  let shown = null;
  let recorder = null;

  async function show(name) {
    shown = name;
    const text = source();
    if (known.source !== text) {
      try {
        known = { source: text, content: await post(addresses.voice, { source: text }) };
      } catch {
        known = { source: null, content: null }; // the check says what is wrong with the source
      }
    }
    draw();
  }

  function draw() {
    if (!known.content) return place.replaceChildren();
    const mine = known.content.pieces.filter((piece) => (shown ? piece.place.startsWith(`nodes.${shown}.`) : !piece.place.startsWith("nodes.")));
    const spliced = mine.some((piece) => piece.line.includes("{{"));
    return place.replaceChildren(
      el("h4", {}, shown ? T.voice : T.voice_everywhere),
      ...(mine.length ? mine.map(row) : [el("p", { class: "small muted" }, T.voice_none)]),
      spliced ? el("p", { class: "small muted" }, T.voice_values) : "",
    );
  }

  function row(piece) {
    const kept = piece.recording;
    const heard = kept ? kept.heard : piece.made;
    const state = kept ? ["ok", T.voice_recorded.replace("%s", kept.seconds)]
      : piece.made ? ["info", T.voice_made]
      : ["", known.content.service ? T.voice_later : T.voice_say];
    const note = el("small", { class: "muted", role: "status" }, kept?.who || "");
    const box = el("div", { class: "voice-piece" },
      el("small", { class: "muted" }, label(piece.place)),
      el("q", {}, piece.text),
      el("div", { class: "row wrap" }, el("span", { class: `badge ${state[0]}` }, state[1]), note),
      piece.stale && !kept ? el("p", { class: "note warn small" }, T.voice_stale.replace("%s", piece.stale.text)) : null,
    );
    const tell = (text) => { note.textContent = text; };
    const buttons = [
      heard && button(T.voice_play, () => { player.src = heard; player.play().catch(() => tell(T.voice_failed)); }),
      writes && recordButton(piece, box, tell),
      writes && uploadButton(piece, tell),
      writes && kept && button(T.remove, () => remove(kept, tell), T.voice_remove),
    ];
    box.append(el("div", { class: "row wrap" }, buttons.flat()));
    return box;
  }

  /** "nodes.open.say" is its line, "faq.ask_price" an answer. */
  function label(where) {
    const parts = where.split(".");
    const [layer, name, key, rest] = parts;
    const places = T.voice_places;
    if (layer === "nodes") return [places[key] || key, rest].filter(Boolean).join(" · ");
    return [places[layer] || layer, name].join(" · ");
  }

  async function send(address, fields, tell) {
    const text = source();
    const form = new FormData();
    form.set("source", text);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    try {
      known = { source: text, content: await post(address, form) };
      draw();
    } catch (error) {
      tell(error.content?.text || T.voice_failed);
    }
  }

  async function remove(kept, tell) {
    if (await confirmed(T.voice_sure)) await send(kept.remove, {}, tell);
  }

  function uploadButton(piece, tell) {
    const input = el("input", { type: "file", accept: "audio/wav,audio/x-wav,audio/mpeg,.wav,.mp3", hidden: true });
    input.addEventListener("change", () => input.files[0] && send(addresses.record, { text: piece.text, audio: input.files[0] }, tell));
    return [button(T.voice_upload, () => input.click()), input];
  }

  function recordButton(piece, box, tell) {
    const control = button(T.voice_record, async () => {
      if (recorder) return recorder.stop();
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        return tell(T.voice_no_microphone);
      }
      const parts = [];
      recorder = new MediaRecorder(stream);
      const limit = setTimeout(() => recorder?.stop(), LONGEST_MS - 500);
      recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
      recorder.addEventListener("stop", async () => {
        clearTimeout(limit);
        recorder = null;
        for (const track of stream.getTracks()) track.stop();
        box.classList.remove("is-recording");
        control.textContent = T.voice_record;
        try {
          const audio = await asWav(new Blob(parts));
          await send(addresses.record, { text: piece.text, audio }, tell);
        } catch {
          tell(T.voice_failed);
        }
      });
      recorder.start();
      box.classList.add("is-recording");
      control.textContent = T.voice_stop;
      return undefined;
    });
    return control;
  }

  return { show };
}

function button(text, act, title) {
  const made = el("button", { type: "button", class: "btn small", title, "aria-label": title }, text);
  made.addEventListener("click", act);
  return made;
}

/** Whatever the browser recorded as a WAV of one channel: every carrier plays that. */
async function asWav(blob) {
  const context = new AudioContext();
  const heard = await context.decodeAudioData(await blob.arrayBuffer());
  await context.close();
  const offline = new OfflineAudioContext(1, Math.max(1, Math.ceil(heard.duration * RATE)), RATE);
  const from = offline.createBufferSource();
  from.buffer = heard;
  from.connect(offline.destination);
  from.start();
  const samples = (await offline.startRendering()).getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at, text) => [...text].forEach((char, index) => view.setUint8(at + index, char.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + samples.length * 2, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, RATE * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, samples.length * 2, true);
  samples.forEach((value, index) => view.setInt16(44 + index * 2, Math.max(-1, Math.min(1, value)) * 0x7fff, true));
  return new Blob([view], { type: "audio/wav" });
}
