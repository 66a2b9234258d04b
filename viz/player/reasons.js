// Why a number is what it is: the terms of a gradient, a local derivative, paths, and what a nudge does.

const MOST_TERMS = 20, MOST_PATHS = 10, MOST_FACTORS = 11;

class Reasons {
  constructor(panel, player) {
    Object.assign(this, { panel, player, walk: player.walk, say: player.sentences });
    this.h = "0.001"; // the nudge
    this.open = ""; // "paths" or "nudge"
  }

  refresh() {
    const { selected, selectedEdge, selectedCard } = this.player;
    let content;
    if (selectedCard) content = this.group(selectedCard);
    else if (selectedEdge) content = this.edge(...selectedEdge);
    else if (selected !== null) content = this.node(selected);
    else content = [make("p", { class: "quiet" }, "Choose a node to see why its gradient is what it is: in the picture, or in the list above. Choose an edge to see its local derivative.")];
    const hadFocus = this.panel.contains(document.activeElement) && document.activeElement.dataset.key;
    this.panel.replaceChildren(...content);
    if (hadFocus) this.panel.querySelector(`[data-key="${hadFocus}"]`)?.focus();
  }

  /** Whether a number that a step writes may be shown: in practice it is what is asked for. */
  mayShow(at) {
    return !this.player.isPractising || at <= this.player.position;
  }

  node(node) {
    const { walk, say, player } = this;
    const { name, total, kind, origin } = walk.nodes[node];
    const value = player.dataText(node);
    const formula = walk.nodes[node].operands.length ? `${name} = ${say.formula(node)}` : name;
    return [
      make("h3", {}, plain(name)),
      make("p", {}, `${formula} = ${value}`, kind === "leaf" ? ", a leaf" : ""),
      this.source(origin),
      this.actions(node),
      ...(walk.problem ? [make("p", { class: "bad" }, say.refusal())] : this.terms(node, total)),
    ];
  }

  terms(node, total) {
    const { walk, say, player } = this;
    const steps = walk.termsOf[node];
    const isHidden = steps.length > 0 && !this.mayShow(steps[steps.length - 1]);
    const shown = isHidden ? "?" : number(walk.gradients[node]);
    const name = walk.nodes[node].name;
    if (node === walk.root) return [make("p", {}, `${total} = ${shown}: backprop begins here`), this.link(steps[0])];
    if (!steps.length) return [make("p", {}, `${total} = 0: ${say.name(walk.root)} does not depend on ${name}`)];
    const head = steps.length === 1
      ? `${total} = ${shown}, one term, since ${name} is used once:`
      : `${total} = ${shown}, the sum of ${steps.length} terms, one for each use:`;
    const list = steps.slice(0, MOST_TERMS).map((at) => this.term(at));
    const more = steps.length - MOST_TERMS;
    return [make("p", {}, head), ...list, more > 0 ? make("p", {}, `… and ${more} more`) : ""].filter(Boolean);
  }

  term(at) {
    const { walk, say, player } = this;
    const node = walk.stepNode[at - 1], which = walk.stepWhich[at - 1];
    const { total, latexTotal, edges, origin, name } = walk.nodes[node];
    const edge = edges[which];
    const isDone = at <= player.position;
    const state = at === player.position ? " current" : isDone ? " done" : "";
    const product = this.mayShow(at) ? ` = ${say.product(at)}` : " = ?";
    const local = wrapped(latexNumber(walk.slopes[node][which]), ATOM);
    const numbers = `${latexNumber(walk.gradients[node]).text} \\cdot ${local} = ${latexNumber(walk.contribution[at]).text}`;
    const formula = `${latexTotal} \\cdot ${edge.latexLocal} = ${this.mayShow(at) ? numbers : "\\text{?}"}`;
    return make("div", { class: `term${state}` },
      make("div", { class: "math", "aria-hidden": "true" }, mathElement(formula)),
      make("p", {}, `${total} * ${edge.local}${product}`, isDone ? "" : make("span", { class: "quiet" }, "  (not added yet)")),
      this.localReason(node, which),
      this.source(origin),
      make("div", { class: "actions" }, this.link(at),
        make("button", { class: "link", "data-key": `to${at}`, onclick: () => player.select(node) }, `why ${name}`)));
  }

  /** What a collapsed card stands for. */
  group(card) {
    const { player, walk } = this;
    const named = card.nodes.filter((node) => !walk.isConstant(node));
    const shown = named.slice(0, 40).map((node) =>
      make("button", { class: "link", "data-key": `n${node}`, onclick: () => player.select(node) }, plain(walk.nodes[node].name)));
    const expand = () => player.regroup((groups) => groups.collapsed.delete(card.group));
    return [
      make("h3", {}, card.name),
      make("p", {}, `${card.nodes.length} nodes on one card:`),
      make("div", { class: "actions" }, ...shown, named.length > 40 ? `and ${named.length - 40} more` : ""),
      card.group === undefined ? "" : make("div", { class: "actions" }, make("button", { id: "expand", "data-key": "expand", onclick: expand }, "Expand")),
    ];
  }

  /** Buttons that collapse the groups a node is in, or expand the one that is collapsed. */
  groupButtons(node) {
    const { groups } = this.player;
    return (groups.of.get(node) || []).map((index) => {
      const isIn = groups.collapsed.has(index);
      const change = () => this.player.regroup((all) => (isIn ? all.collapsed.delete(index) : all.add(index)));
      return make("button", { "data-key": `g${index}`, onclick: change }, `${isIn ? "Expand" : "Collapse"} ${groups.all[index].name}`);
    });
  }

  /** How a local derivative comes about. */
  localReason(node, which) {
    const { walk, say } = this;
    const { name, edges } = walk.nodes[node];
    const { local, formula } = edges[which];
    const slope = number(walk.slopes[node][which]);
    const isKnown = !this.player.isPractising || walk.isEvaluated(node, this.player.position);
    const equation = formula === slope ? `${local} = ${formula}` : `${local} = ${formula} = ${isKnown ? slope : "?"}`;
    const kink = isKnown ? say.kink(node, which) : "";
    return make("div", {},
      make("p", {}, `${equation}, since ${name} = ${say.formula(node)}`),
      kink ? make("p", { class: "bad" }, kink) : "");
  }

  edge(node, which) {
    const { walk, player } = this;
    const operand = walk.nodes[node].operands[which];
    const edge = walk.nodes[node].edges[which];
    const at = walk.stepOf[node][which];
    const [from, to] = [walk.nodes[node].name, walk.nodes[operand].name];
    const formula = edge.latexFormula ? mathElement(`${edge.latexLocal} = ${edge.latexFormula}`) : "";
    return [
      make("h3", {}, `From ${from} back to ${to}`),
      make("p", {}, `The local derivative ${edge.local}:`),
      make("div", { class: "math", "aria-hidden": "true" }, formula),
      this.localReason(node, which),
      make("p", {}, `What flows along this edge to ${walk.nodes[operand].gradient}:`),
      this.term(at),
      make("div", { class: "actions" },
        make("button", { class: "link", "data-key": "a", onclick: () => player.select(operand) }, `why ${to}`)),
    ];
  }

  link(at) {
    const { player } = this;
    return make("button", { class: "link", "data-key": `step${at}`, onclick: () => player.goto(at) }, `step ${at}`);
  }

  source(origin) {
    return origin === undefined ? "" : make("p", { class: "source" }, `from ${this.player.data.origins[origin]}`);
  }

  actions(node) {
    const { player } = this;
    const toggle = (name) => () => {
      this.open = this.open === name ? "" : name;
      player.path = null;
      player.render();
    };
    const isStop = player.stops.has(node);
    const canAsk = !player.isPractising && !this.walk.problem;
    const button = (key, text, onclick, isOn, isEnabled = true) =>
      make("button", { "data-key": key, onclick, "aria-pressed": String(isOn), disabled: !isEnabled }, text);
    const content = [make("div", { class: "actions" },
      button("stop", "Stop here", () => player.toggleStop(node), isStop),
      button("paths", "Paths", toggle("paths"), this.open === "paths", canAsk),
      button("nudge", "Nudge", toggle("nudge"), this.open === "nudge", canAsk && !this.walk.frozen),
      ...this.groupButtons(node))];
    if (canAsk && this.open === "paths") content.push(this.paths(node));
    if (canAsk && this.open === "nudge" && !this.walk.frozen) content.push(this.nudge(node));
    return make("div", {}, ...content);
  }

  // --- paths ------------------------------------------------------------------------------------------------

  paths(node) {
    const { walk, player } = this;
    const { count, total, largest } = walk.paths(node, MOST_PATHS);
    const { total: what, name } = walk.nodes[node];
    if (!count) return make("p", {}, `${what} = 0: no path leads from ${walk.nodes[walk.root].name} to ${name}`);
    const shown = largest.map((path, i) => {
      const key = path.edges.map((edge) => edge.join()).join(" ");
      const isOn = player.path !== null && player.pathKey === key;
      const choose = () => player.showPath(isOn ? null : path.edges, key);
      return make("button", { class: "path", "data-key": `path${i}`, "aria-pressed": String(isOn), onclick: choose }, this.pathText(path, node));
    });
    const more = count - BigInt(largest.length);
    const isSame = Object.is(total, walk.gradients[node]) ||
      Math.abs(total - walk.gradients[node]) <= 1e-9 * Math.max(Math.abs(total), Math.abs(walk.gradients[node]), 1e-300);
    const verdict = isSame ? "which is what backprop gives" : `and backprop gives ${number(walk.gradients[node])}`;
    return make("div", {},
      make("p", {}, `${what} = ${number(total)}, the sum over ${count.toLocaleString("en")} path${count === 1n ? "" : "s"}. Choose one to see it in the picture:`),
      ...shown,
      more > 0n ? make("p", {}, `… and ${more.toLocaleString("en")} more`) : "",
      make("p", {}, `Their sum is ${number(total)}, ${verdict}.`));
  }

  pathText({ product, edges }, node) {
    const { walk } = this;
    const names = [...edges.map(([user]) => walk.nodes[user].name), walk.nodes[node].name];
    if (edges.length > MOST_FACTORS) {
      const ends = [...names.slice(0, 6), "…", ...names.slice(-5)];
      return `${ends.join(" → ")}:  ${edges.length} factors = ${number(product)}`;
    }
    const symbols = edges.map(([user, which]) => walk.nodes[user].edges[which].local).join(" * ");
    const numbers = edges.map(([user, which]) => number(walk.slopes[user][which])).join(" * ");
    const equation = edges.length > 1 ? `${symbols} = ${numbers}` : symbols || walk.nodes[node].total;
    return `${names.join(" → ")}:  ${equation} = ${number(product)}`;
  }

  // --- nudge ------------------------------------------------------------------------------------------------

  nudge(node) {
    const result = make("div", { role: "status" });
    const tell = () => result.replaceChildren(...this.nudged(node).map((line) => make("p", {}, line)));
    const field = make("input", {
      class: "field", "data-key": "h", value: this.h, inputmode: "decimal", "aria-label": "By how much",
      oninput: () => {
        this.h = field.value;
        tell();
      },
    });
    tell();
    return make("div", {}, make("label", {}, `Change ${this.walk.nodes[node].name} by `, field), result);
  }

  nudged(node) {
    const { walk, say } = this;
    const h = readNumber(this.h);
    if (h === null || h === 0 || !Number.isFinite(h)) return ["A nudge is a small number other than 0, such as 0.001."];
    const long = (x) => general(x, 10);
    const { name, total } = walk.nodes[node], result = walk.nodes[walk.root].name;
    const x = walk.data[node], before = walk.data[walk.root];
    let there;
    try {
      there = walk.dataWith(node, x + h);
    } catch (error) {
      if (error instanceof Undefined) return [`${result} is not defined at ${name} = ${long(x + h)}.`];
      throw error;
    }
    const after = there[walk.root];
    const lines = [
      `${name}: ${long(x)} → ${long(x + h)} gives ${result}: ${long(before)} → ${long(after)}`,
      `ratio (${long(after)} - ${long(before)}) / ${number(h)} = ${number((after - before) / h)}, ${total} = ${number(walk.gradients[node])}`,
    ];
    if (x + h === x) lines.push(`Of doubles, ${long(x)} + ${number(h)} is ${long(x)}: take a larger number.`);
    const kinks = walk.kinksBetween(there).slice(0, 3).map((at) => `${walk.nodes[at].name} = ${say.formula(at)}`);
    if (kinks.length) lines.push(`A kink lies within the nudge, at ${kinks.join(", ")}: the ratio depends on the side.`);
    return lines;
  }
}
