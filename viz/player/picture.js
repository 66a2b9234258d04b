// The picture of the graph: drawn once, then only its numbers and its states change.

const SVG = "http://www.w3.org/2000/svg";
const LINE = 17, MARGIN = 9, COLUMN = 34, TEXT_LINE = LINE * 0.85, PAD = 18;
const LARGE = 100; // cards
const LAYER = 40, EDGE = 8; // parts of a picture's layer; pixels that lines reach beyond their points

function svgNode(name, attributes = {}, ...content) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...content);
  return node;
}

/** Writes an element's text only where it differs: most numbers of a frame are those of the one before. */
function write(element, text) {
  const { firstChild } = element;
  if (!firstChild) element.textContent = text;
  else if (firstChild.data !== text) firstChild.data = text;
}

function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

const STATES = ["waiting", "plain", "passed", "forward", "back"];

/**
 * The picture of a scene: cards, each for one node or for several, and wires between them.
 *
 * Events: onNode(card), onEdge(wire) when one is clicked.
 */
class Picture {
  constructor(scene, walk, { onCard, onWire }) {
    this.walk = walk;
    this.scene = scene;
    this.width = scene.width + 2 * PAD;
    this.height = scene.height + 2 * PAD;
    this.wires = scene.wires.map((wire) => this.drawWire(wire, onWire));
    this.cards = scene.cards.map((card) => this.drawCard(card, onCard));
    this.tags = this.wires.filter((wire) => wire.tag);
    this.mark = svgNode("g", { id: "mark" });
    const all = { left: -PAD, top: -PAD, right: this.width - PAD, bottom: this.height - PAD };
    this.sheet = make("div", { id: "sheet", role: "img", "aria-label": "The graph; everything in it is in the lists beside it too" },
      ...this.layers(this.wires.map(({ element, curve }) => ({ element, ...around(curve) }))),
      ...this.layers(this.cards.map(({ element, x, y, w, h }) => ({ element, ...around([[x - w / 2, y - h / 2], [x + w / 2, y + h / 2]]) }))),
      ...this.layers(this.tags.map((wire) => ({ element: wire.tag, ...all }))),
      ...this.layers([{ element: this.mark, ...all }]));
    this.cardOf = new Map();
    for (const card of this.cards) for (const node of card.nodes) this.cardOf.set(node, card);
    this.wireOf = new Map();
    for (const wire of this.wires) for (const edge of wire.edges) this.wireOf.set(edge.join(), wire);
    for (const card of this.cards) card.output = this.outputOf(card);
    this.shown = null;
  }

  /** Some parts to a layer, which are neighbours: the browser paints anew only the layers in which something changes. */
  layers(parts) {
    const sorted = parts.length > LAYER ? parts.sort((a, b) => a.left - b.left || a.top - b.top) : parts;
    return Array.from({ length: Math.ceil(sorted.length / LAYER) }, (_, i) => {
      const some = sorted.slice(i * LAYER, (i + 1) * LAYER);
      const [left, top] = ["left", "top"].map((side) => Math.min(...some.map((part) => part[side])));
      const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...some.map((part) => part[side])));
      const [w, h] = [right - left, bottom - top];
      const layer = svgNode("svg", { viewBox: `${left} ${top} ${w} ${h}` }, ...some.map((part) => part.element));
      const sides = { left: (left + PAD) / this.width, top: (top + PAD) / this.height, width: w / this.width, height: h / this.height };
      for (const [side, part] of Object.entries(sides)) layer.style[side] = `${100 * part}%`;
      return layer;
    });
  }

  /** The node whose number a card shows: of a group its only output; null where there are several. */
  outputOf(card) {
    if (card.nodes.length === 1) return card.nodes[0];
    const outputs = new Set();
    for (const wire of this.wires) {
      for (const [head, which] of wire.edges) {
        const operand = this.walk.nodes[head].operands[which];
        if (this.cardOf.get(operand) === card) outputs.add(operand);
      }
    }
    const [output] = outputs;
    return outputs.size === 1 && !this.walk.isConstant(output) ? output : null;
  }

  drawCard(card, onCard) {
    const [x, y] = [card.x - card.w / 2, card.y - card.h / 2];
    const radius = { number: 11, input: 12, parameter: 12 }[card.kind] || 4;
    const element = svgNode("g", {});
    const drawn = { ...card, element, values: [] };
    element.append(svgNode("rect", { class: "card", x, y, width: card.w, height: card.h, rx: radius }));
    if (card.kind === "result") {
      element.append(svgNode("rect", { class: "inner", x: x + 3, y: y + 3, width: card.w - 6, height: card.h - 6, rx: 2 }));
    }
    if (card.kind === "number") {
      element.append(svgNode("text", { x: card.x, y: card.y + 4, "text-anchor": "middle" }, card.name));
      return drawn;
    }
    let line = y + MARGIN + LINE - 4;
    const name = svgNode("text", { x: x + MARGIN, y: line }, svgNode("tspan", { class: "name" }, card.name));
    if (card.formula) name.append(svgNode("tspan", { class: "opformula" }, ` ${plain(card.formula)}`));
    element.append(name);
    for (const [title, text] of card.rows) {
      line += LINE;
      const value = svgNode("text", { class: `value ${title || "text"}`, x: x + MARGIN + (title ? COLUMN : 0), y: line }, plain(text));
      if (title) {
        element.append(svgNode("text", { class: "title", x: x + MARGIN, y: line }, title));
        drawn.values.push([title, value]);
      }
      element.append(value);
    }
    element.append(svgNode("circle", { class: "stop", cx: x + card.w - 8, cy: y + 8, r: 5 }));
    drawn.title = svgNode("title");
    element.append(drawn.title);
    element.addEventListener("click", () => onCard(drawn));
    return drawn;
  }

  drawWire(wire, onWire) {
    const points = wire.curve;
    const d = `M${points[0]}C${points.slice(1).join(" ")}`;
    const line = svgNode("path", { class: "wire", d });
    const title = svgNode("title");
    const element = svgNode("g", {}, svgNode("path", { class: "hit", d }), line,
      svgNode("polygon", { class: "tip ahead", points: arrowHead(points) }),
      svgNode("polygon", { class: "tip behind", points: arrowHead(points.slice().reverse()) }), title);
    const drawn = { ...wire, element, line, title, tag: null };
    if (wire.label) {
      const [x, y] = wire.label;
      drawn.back = svgNode("rect", { rx: 4 });
      drawn.texts = ["local", "flow"].map((name) => svgNode("text", { class: name, x }));
      drawn.tag = svgNode("g", { class: "tag" }, drawn.back, ...drawn.texts);
      drawn.at = [x, y];
      drawn.tag.addEventListener("click", () => onWire(drawn));
    }
    if (wire.edges.length) element.addEventListener("click", () => onWire(drawn));
    return drawn;
  }

  /** Show the graph as it is when so many steps are done. Of a move only what it changes is drawn again. */
  show(position, state, view) {
    const { version, selected, selectedEdge, path, stops } = state;
    const others = [version, selected, String(selectedEdge), path, [...stops].join()];
    const isMove = this.shown && others.every((x, i) => x === this.shown.others[i]);
    let cards = this.cards, wires = this.wires;
    if (isMove) [cards, wires] = this.between(this.shown.position, position);
    this.shown = { position, others };
    const { walk } = this;
    const node = position ? walk.stepNode[position - 1] : -1, which = position ? walk.stepWhich[position - 1] : 0;
    const written = position ? walk.written(position) : -1;
    for (const card of cards) card.isOld = true;
    this.update = (card) => this.showCard(card, position, written, selected, stops);
    this.look(view);
    for (const wire of wires) {
      const name = this.wireState(wire, position, node, which);
      const quiet = wire.quiet && name !== "forward" ? " quiet" : "";
      const isSelected = selectedEdge && wire.edges.some(([a, b]) => a === selectedEdge[0] && b === selectedEdge[1]);
      const onPath = path && wire.edges.some((edge) => path.has(edge.join()));
      setClass(wire.element, `edge ${name}${quiet}${isSelected ? " selected" : ""}${onPath ? " onpath" : ""}`);
      this.showTag(wire, position);
    }
  }

  /** Show the cards in view, [left, top, right, bottom], as they are now; in a large graph the others wait. */
  look([left, top, right, bottom]) {
    for (const card of this.cards) {
      const isAway = card.x + card.w < left || card.x - card.w > right || card.y + card.h < top || card.y - card.h > bottom;
      if (!card.isOld || (isAway && this.cards.length > LARGE)) continue;
      card.isOld = false;
      this.update(card);
    }
  }

  /** The cards and wires that differ between two positions. */
  between(from, to) {
    const { walk } = this;
    const cards = new Set(), wires = new Set();
    for (let at = Math.max(1, Math.min(from, to)); at <= Math.max(from, to); at++) {
      const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
      const written = walk.written(at);
      cards.add(this.cardOf.get(written));
      const touched = which === EVALUATE ? walk.nodes[node].operands.map((_, i) => `${node},${i}`) : [`${node},${which}`];
      if (which === EVALUATE) for (const user of walk.usersOf[node]) touched.push(user);
      for (const edge of touched) if (this.wireOf.has(edge)) wires.add(this.wireOf.get(edge));
    }
    return [cards, wires];
  }

  /** The state of a wire: of several edges that of the one that matters most. */
  wireState(wire, position, node, which) {
    let best = 0;
    for (const [head, operand] of wire.edges) {
      const rank = STATES.indexOf(this.stateOf(head, operand, position, node, which));
      if (rank > best) best = rank;
    }
    return STATES[best];
  }

  showCard(card, position, written, selected, stops) {
    if (card.kind === "number") {
      setClass(card.element, "node number");
      return;
    }
    const { walk } = this;
    const isKnown = card.output === null
      ? card.nodes.every((node) => walk.isEvaluated(node, position)) : walk.isEvaluated(card.output, position);
    const marks = [["unknown", !isKnown], ["current", card.nodes.includes(written)],
      ["selected", card.nodes.includes(selected)], ["stopped", card.nodes.some((node) => stops.has(node))]];
    setClass(card.element, ["node", card.kind, ...marks.filter((mark) => mark[1]).map((mark) => mark[0])].join(" "));
    for (const [title, value] of card.values) {
      write(value, card.output === null ? this.range(card, title, position) : this.value(card.output, title, position));
    }
  }

  value(node, title, position) {
    if (title === "data") return this.walk.isEvaluated(node, position) ? number(this.walk.data[node]) : "";
    const gradient = this.walk.gradientAt(node, position);
    return gradient ? number(gradient.sum) + (gradient.isComplete ? "" : " + …") : "";
  }

  /** From the least to the greatest of the numbers of several nodes that are known. */
  range(card, title, position) {
    let least = Infinity, greatest = -Infinity, nans = 0, known = 0;
    for (const node of card.nodes) {
      if (this.walk.isConstant(node)) continue;
      const gradient = title === "data" ? null : this.walk.gradientAt(node, position);
      if (title === "data" ? !this.walk.isEvaluated(node, position) : !gradient) continue;
      const x = title === "data" ? this.walk.data[node] : gradient.sum;
      known++;
      nans += Number.isNaN(x);
      if (x < least) least = x;
      if (x > greatest) greatest = x;
    }
    if (nans) return `${nans} nan`;
    if (!known) return "";
    return least === greatest ? number(least) : `${number(least)} … ${number(greatest)}`;
  }

  stateOf(head, operand, position, node, which) {
    const { walk } = this;
    if (walk.isConstant(walk.nodes[head].operands[operand])) {
      return which === EVALUATE && node === head ? "forward" : "plain";
    }
    const at = walk.stepOf[head][operand];
    if (at && at <= position && !walk.problem) return at === position ? "back" : "passed";
    if (which === EVALUATE && node === head) return "forward";
    return walk.isEvaluated(walk.nodes[head].operands[operand], position) ? "plain" : "waiting";
  }

  showTag(wire, position) {
    if (!wire.tag) return;
    const { walk } = this;
    const texts = ["", ""];
    if (wire.text) {
      texts[0] = wire.text;
    } else if (wire.edges.length === 1) {
      const [[head, which]] = wire.edges;
      const at = walk.stepOf[head][which];
      if (at && at <= position && !walk.problem) {
        const flow = number(walk.contribution[at]);
        texts[0] = `× ${number(walk.slopes[head][which])}`;
        texts[1] = flow.startsWith("-") ? flow : `+${flow}`;
      }
    }
    if (wire.shown === texts.join()) return;
    wire.shown = texts.join();
    const lines = texts.filter(Boolean).length;
    wire.tag.setAttribute("display", lines ? "inline" : "none");
    const wide = Math.max(...texts.map((text) => text.length)) * 6.9 + 8, high = TEXT_LINE * lines + 2;
    const [x, y] = wire.at;
    for (const [key, value] of Object.entries({ x: x - wide / 2, y: y - high / 2, width: wide, height: high })) {
      wire.back.setAttribute(key, value);
    }
    wire.texts.forEach((text, i) => {
      write(text, texts[i]);
      text.setAttribute("y", y - high / 2 + TEXT_LINE * (i + 0.8));
    });
  }

  /** The wires that a step goes along, with the direction. */
  wiresOf(position) {
    if (!position) return { wires: [], isBack: false };
    const node = this.walk.stepNode[position - 1], which = this.walk.stepWhich[position - 1];
    const isOn = ([head, operand]) => head === node && (which === EVALUATE || operand === which);
    return {
      wires: which === SEED ? [] : this.wires.filter((wire) => wire.edges.some(isOn)),
      isBack: which !== EVALUATE,
    };
  }
}

/** The box around points, with room for what is drawn at them. */
function around(points) {
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  return { left: Math.min(...xs) - EDGE, right: Math.max(...xs) + EDGE, top: Math.min(...ys) - EDGE, bottom: Math.max(...ys) + EDGE };
}

function arrowHead(points) {
  const tip = points[points.length - 1];
  const distance = (p) => Math.hypot(p[0] - tip[0], p[1] - tip[1]);
  const toward = points.slice().reverse().find((p) => distance(p) > 0.5) || [tip[0] - 1, tip[1]];
  const length = distance(toward);
  const [x, y] = [(tip[0] - toward[0]) / length, (tip[1] - toward[1]) / length];
  const [bx, by] = [tip[0] - 9 * x, tip[1] - 9 * y];
  return [tip, [bx - 4 * y, by + 4 * x], [bx + 4 * y, by - 4 * x]].map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ");
}
