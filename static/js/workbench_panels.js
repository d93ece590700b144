// What stands beside the source: findings, the layers that hold everywhere, one node, the matrix,
// the golden dialogues.

import { el } from "./base.js";

export function drawFindings(place, findings, texts, show) {
  place.replaceChildren(...findings.map((one) => {
    const button = el("button", { type: "button", class: "finding" },
      el("span", { class: "badge bad" }, one.rule), el("span", {}, el("b", {}, one.text), el("small", {}, one.mend),
        one.path.length > 1 ? el("small", { class: "muted" }, `${texts.path}: ${one.path.join(" → ")}`) : null));
    button.addEventListener("click", () => one.node && show(one.node));
    return button;
  }));
}

/** Safety, globals and answers to questions hold at every node: one badge each, not a hundred arrows. */
export function drawEverywhere(place, picture, { texts, intents }, show) {
  const layers = [
    [texts.safety, picture.safety, "bad"],
    [texts.globals, picture.globals, "info"],
    [texts.faq, picture.faq, "brand"],
    [texts.retry, { silence: picture.no_input, unclear: picture.no_match }, ""],
  ];
  place.replaceChildren(...layers.filter(([, ways]) => Object.keys(ways).length).map(([title, ways, tone]) => {
    const list = Object.entries(ways).map(([why, target]) => {
      const button = el("button", { type: "button", class: "layer-way" }, `${intents[why] || why} → ${target}`);
      button.addEventListener("click", () => show(target));
      return button;
    });
    return el("details", {}, el("summary", {}, el("span", { class: `badge ${tone}` }, `${title} · ${list.length}`)), el("div", { class: "layer-ways" }, list));
  }));
}

export function drawMatrix(place, matrix, { texts, intents }, show) {
  if (!matrix.rows.length) return place.replaceChildren(el("p", { class: "empty" }, texts.no_matrix));
  const head = el("tr", {}, el("th", {}, ""), matrix.columns.map((name) => el("th", {}, el("span", {}, intents[name] || name))));
  const rows = matrix.rows.map((row) => {
    const name = el("button", { type: "button", class: "layer-way" }, row.node);
    name.addEventListener("click", () => show(row.node));
    return el("tr", {}, el("th", { scope: "row" }, name), row.cells.map((cell, index) => el("td", {
      class: cell.good ? "cell-good" : "cell-bad",
      title: `${row.node} × ${intents[matrix.columns[index]] || matrix.columns[index]}: ${cell.outcome || "…"} (${cell.good ? texts.ok : texts.wrong})`,
    }, cell.good ? "✓" : "✗")));
  });
  return place.replaceChildren(el("div", { class: "table-wrap" }, el("table", { class: "matrix" }, el("thead", {}, head), el("tbody", {}, rows))));
}

export function drawTests(place, dialogues, texts) {
  if (!dialogues.length) return place.replaceChildren(el("p", { class: "empty" }, texts.no_dialogues));
  return place.replaceChildren(el("ul", { class: "tests" }, dialogues.map((one) => el("li", { class: one.wrong.length ? "is-wrong" : "" },
    el("span", { class: `badge ${one.wrong.length ? "bad" : "ok"}` }, one.wrong.length ? "✗" : "✓"),
    el("span", {}, el("b", {}, one.name), el("small", { class: "muted" }, one.said.map((words) => words || texts.silence).join(" / ")),
      one.wrong.map((wrong) => el("small", { class: "wrong" }, wrong)))))));
}

/** One node: its values as a form, and what every answer leads to here. */
export function drawNode(place, name, checked, bench, { show, change }) {
  const { texts: T, intents } = bench;
  const node = checked?.document.nodes[name];
  if (!node) return place.replaceChildren(el("p", { class: "empty" }, T.no_node));
  const targets = [...checked.picture.nodes.map((one) => one.name), "@no_match", "@repeat"];
  const parts = [el("h3", {}, name)];
  const path = (...rest) => ["nodes", name, ...rest];
  if (bench.writes) {
    parts.push(...["say", "again"].filter((key) => key === "say" || node.next).map((key) => lines(T[key], node[key], (value) => change(path(key), value || null))));
    parts.push(choices(T.tags, bench.tags, node.tags || [], (value) => change(path("tags"), value.length ? value : null)));
    if (node.next) parts.push(ways(T, node.next, targets, bench, (why, target) => change(path("next", why), target)));
    if (node.end !== undefined) parts.push(lines(T.outcome, node.end, (value) => value && change(path("end"), value)));
  } else {
    parts.push(el("p", {}, node.say || ""), el("p", { class: "small muted" }, (node.tags || []).join(" · ")));
  }
  const table = checked.picture.effective[name];
  if (table) {
    parts.push(el("h4", {}, T.effective), el("table", { class: "table compact effective" }, el("tbody", {}, table.map((row) => {
      const target = el("button", { type: "button", class: "layer-way" }, row.target);
      target.addEventListener("click", () => show(row.target));
      return el("tr", { class: `layer-${row.layer}` }, el("td", {}, intents[row.intent] || row.intent), el("td", {}, el("small", { class: "muted" }, row.layer)), el("td", {}, target));
    }))));
  }
  return place.replaceChildren(...parts);
}

function lines(label, value, apply) {
  const area = el("textarea", { rows: 3, maxlength: 400 });
  area.value = value || "";
  area.addEventListener("change", () => apply(area.value.trim()));
  return el("label", { class: "field" }, el("span", { class: "label" }, label), area);
}

function choices(label, all, chosen, apply) {
  const boxes = all.map((name) => {
    const box = el("input", { type: "checkbox", checked: chosen.includes(name) });
    box.addEventListener("change", () => apply(all.filter((_, index) => boxes[index].querySelector("input").checked)));
    return el("label", { class: "check small" }, box, el("code", {}, name));
  });
  return el("details", { class: "field" }, el("summary", { class: "label" }, `${label} · ${chosen.length}`), el("div", { class: "tag-choices" }, boxes));
}

function ways(T, next, targets, { intents, answers }, change) {
  const pick = (value, apply) => {
    const select = el("select", {}, targets.map((name) => el("option", { value: name, selected: name === value }, name)));
    select.addEventListener("change", () => apply(select.value));
    return select;
  };
  const rows = Object.entries(next).map(([why, target]) => {
    const remove = el("button", { type: "button", class: "btn small ghost", "aria-label": `${T.remove} ${why}` }, "✕");
    remove.addEventListener("click", () => change(why, null));
    return el("div", { class: "way-row" }, el("span", {}, intents[why] || why), pick(target, (value) => change(why, value)), remove);
  });
  const free = answers.filter((why) => !(why in next));
  const add = el("select", { "aria-label": T.add_way }, el("option", { value: "" }, T.add_way), free.map((why) => el("option", { value: why }, intents[why])));
  add.addEventListener("change", () => add.value && change(add.value, targets[0]));
  return el("div", { class: "field" }, el("span", { class: "label" }, T.ways), rows, add);
}
