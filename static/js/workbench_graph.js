// The dialogue as a picture: laid out by dagre, drawn as SVG, moved and enlarged by the reader.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 190;
const LINE = 17;
const PER_LINE = 13;

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export class Picture {
  constructor(place, { texts, intents, choose }) {
    Object.assign(this, { place, texts, intents, choose });
    this.view = { x: 0, y: 0, scale: 1 };
    this.figures = null;
    this.listen();
  }

  /** Draw a picture; `broken` maps nodes to the first rule they break. */
  draw(picture, broken) {
    this.picture = picture;
    this.broken = broken;
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 46, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    const shown = this.connected(picture);
    for (const node of picture.nodes) {
      if (!shown.has(node.name)) continue;
      const words = wrap(node.end || node.line || "…", PER_LINE, node.kind === "end" ? 1 : 3);
      graph.setNode(node.name, { node, words, width: WIDTH, height: 30 + words.length * LINE });
    }
    for (const way of picture.ways) {
      const label = this.label(way);
      graph.setEdge(way.source, way.target, { way, label, width: 8 + label.length * 7, height: 16, labelpos: "c" }, way.target);
    }
    dagre.layout(graph);
    this.graph = graph;
    this.render();
  }

  /** Nodes with an arrow of their own; what only safety or globals lead to stands in the badges. */
  connected(picture) {
    const shown = new Set([picture.start]);
    for (const way of picture.ways) shown.add(way.source).add(way.target);
    return shown;
  }

  label(way) {
    const names = way.whys.map((why) => this.intents[why] || why);
    return names.length > 2 ? `${names.slice(0, 2).join(" / ")} +${names.length - 2}` : names.join(" / ");
  }

  render() {
    const { graph } = this;
    const edges = graph.edges().map((key) => this.edge(graph.edge(key)));
    const nodes = graph.nodes().map((name) => this.node(name, graph.node(name)));
    const arrow = svg("marker", { id: "arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0 L10 5 L0 10 z", class: "arrow" }));
    this.world = svg("g", {}, ...edges, ...nodes);
    this.sheet = svg("svg", { role: "img" }, svg("defs", {}, arrow), this.world);
    this.place.replaceChildren(this.sheet);
    this.move();
    if (this.marked) this.mark(this.marked);
  }

  edge({ points, way, label, x, y }) {
    const path = points.map(({ x: px, y: py }, index) => `${index ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join(" ");
    const parts = [svg("path", { d: path, class: "way", "marker-end": "url(#arrow)" })];
    if (label) {
      const text = svg("text", { x, y: y + 4, class: "way-label" });
      text.textContent = label;
      parts.push(text);
    }
    const title = svg("title");
    title.textContent = way.whys.map((why) => this.intents[why] || why).join(", ");
    return svg("g", { class: "way-group" }, title, ...parts);
  }

  node(name, { node, words, x, y, width, height }) {
    const rule = this.broken.get(name);
    const kinds = ["node", `is-${node.kind}`, rule ? "is-broken" : "", node.tags.includes("sell") ? "is-sell" : ""];
    const group = svg("g", { class: kinds.filter(Boolean).join(" "), transform: `translate(${x - width / 2} ${y - height / 2})`, tabindex: 0, role: "button", "data-name": name });
    const title = svg("text", { x: 12, y: 19, class: "node-name" });
    title.textContent = name;
    group.append(svg("rect", { width, height, rx: node.kind === "end" ? height / 2 : 9 }), title);
    for (const [index, line] of words.entries()) {
      const text = svg("text", { x: 12, y: 37 + index * LINE, class: "node-line" });
      text.textContent = line;
      group.append(text);
    }
    if (rule) {
      const badge = svg("text", { x: width - 10, y: 19, class: "node-rule" });
      badge.textContent = rule;
      group.append(badge);
    }
    this.bar(group, name, width, height);
    const hint = svg("title");
    hint.textContent = [node.line, ...node.tags, ...node.effects].filter(Boolean).join("\n");
    group.append(hint);
    group.addEventListener("click", () => this.choose(name));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.choose(name); }
    });
    return group;
  }

  /** What became of calls, painted into the node: how many came here, hung up, were not understood. */
  bar(group, name, width, height) {
    const figures = this.figures?.nodes[name];
    if (!this.figures || !figures) return;
    const share = this.figures.calls ? figures.entered / this.figures.calls : 0;
    const lost = figures.entered ? figures.hung_up / figures.entered : 0;
    group.append(svg("rect", { x: 0, y: height - 5, width: Math.max(2, width * share), height: 5, class: "funnel" }));
    group.append(svg("rect", { x: 0, y: height - 5, width: width * share * lost, height: 5, class: "funnel-lost" }));
    const text = svg("text", { x: width / 2, y: height + 13, class: "node-figures" });
    text.textContent = `${figures.entered} · −${figures.hung_up} · ?${figures.no_match}`;
    group.append(text);
    group.setAttribute("aria-label", `${name}: ${figures.entered} ${this.texts.entered}, ${figures.left} ${this.texts.left}, ${figures.hung_up} ${this.texts.hung_up}, ${figures.no_match} ${this.texts.no_match}`);
  }

  paint(figures) {
    this.figures = figures;
    if (!this.graph) return;
    this.render();
    if (figures && !figures.calls) this.place.append(Object.assign(document.createElement("p"), { className: "note picture-note", textContent: this.texts.no_calls }));
  }

  group(name) {
    return this.place.querySelector(`[data-name="${CSS.escape(name)}"]`);
  }

  mark(name) {
    this.marked = name;
    for (const node of this.place.querySelectorAll(".node.is-chosen")) node.classList.remove("is-chosen");
    if (name) this.group(name)?.classList.add("is-chosen");
  }

  /** Where the chat stands. */
  follow(name) {
    for (const node of this.place.querySelectorAll(".node.is-here")) node.classList.remove("is-here");
    this.group(name)?.classList.add("is-here");
  }

  reveal(name) {
    const at = this.graph?.node(name);
    if (!at) return;
    this.view.x = this.place.clientWidth / 2 - at.x * this.view.scale;
    this.view.y = this.place.clientHeight / 2 - at.y * this.view.scale;
    this.move();
  }

  // --- moving and enlarging ----------------------------------------------------------------------

  move() {
    const { x, y, scale } = this.view;
    this.world?.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  zoom(by) {
    if (by === "fit") return this.fit();
    return this.zoomAt(Number(by), this.place.clientWidth / 2, this.place.clientHeight / 2);
  }

  zoomAt(factor, x, y) {
    const scale = Math.min(2.5, Math.max(0.15, this.view.scale * factor));
    const real = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * real, y: y - (y - this.view.y) * real };
    this.move();
  }

  /** All of it in its box, however small. */
  fit() {
    const { width, height } = this.graph.graph();
    const scale = Math.min(1, this.place.clientWidth / width, this.place.clientHeight / height);
    this.view = { scale, x: (this.place.clientWidth - width * scale) / 2, y: 0 };
    this.move();
  }

  /** As much as can be read: a long or wide dialogue begins at its first node. */
  begin() {
    const { width, height } = this.graph.graph();
    const scale = Math.max(0.5, Math.min(1, this.place.clientWidth / width, this.place.clientHeight / height));
    const room = this.place.clientWidth - width * scale;
    const start = this.graph.node(this.picture.start);
    const x = room >= 0 || !start ? room / 2 : Math.min(0, Math.max(room, this.place.clientWidth / 2 - start.x * scale));
    this.view = { scale, x, y: 0 };
    this.move();
    this.begun = { ...this.view };
  }

  /** The box changed its size: begin again, unless the reader has moved the picture. */
  resized() {
    const { x, y, scale } = this.begun ?? {};
    if (this.graph && this.view.x === x && this.view.y === y && this.view.scale === scale) this.begin();
  }

  listen() {
    let from = null;
    new ResizeObserver(() => this.resized()).observe(this.place);
    this.place.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX - this.view.x, y: event.clientY - this.view.y };
    });
    window.addEventListener("pointerup", () => { from = null; });
    this.place.addEventListener("pointermove", (event) => {
      if (!from || !event.buttons) return;
      this.view.x = event.clientX - from.x;
      this.view.y = event.clientY - from.y;
      this.move();
    });
    this.place.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.place.getBoundingClientRect();
      this.zoomAt(event.deltaY < 0 ? 1.1 : 0.9, event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.place.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
      if (event.target !== this.place) return;
      if (step) { event.preventDefault(); this.view.x += step[0]; this.view.y += step[1]; this.move(); }
      if (event.key === "+") this.zoom("1.25");
      if (event.key === "-") this.zoom("0.8");
      if (event.key === "0") this.fit();
    });
  }
}

/** Text in lines of about so many full-width characters (two narrow ones count as one). */
function wrap(text, width, most) {
  const lines = [];
  let line = "";
  let used = 0;
  for (const char of text) {
    const size = char.charCodeAt(0) < 256 ? 0.55 : 1;
    if (used + size > width) {
      lines.push(line);
      [line, used] = ["", 0];
      if (lines.length === most) break;
    }
    line += char;
    used += size;
  }
  if (lines.length < most) lines.push(line);
  else lines[most - 1] = `${lines[most - 1].slice(0, -1)}…`;
  return lines;
}
