// Changing the leaves: a field and a slider for each, and what became of the result.

const MOST_LEAVES = 300; // of which each has its field; a page of thousands of them would be slow

class Leaves {
  constructor(panel, player) {
    Object.assign(this, { panel, player, walk: player.walk });
    const { walk } = this;
    this.leaves = walk.nodes.flatMap((node, i) => (node.kind === "leaf" ? [i] : []));
    this.recorded = new Map(this.leaves.map((leaf) => [leaf, walk.data[leaf]]));
    this.result = walk.data[walk.root];
    this.gradients = walk.gradients.slice();
    this.fields = new Map();
    this.summary = make("div", { role: "status" });
    const reset = make("button", { id: "reset", onclick: () => this.reset() }, "Back to the numbers recorded");
    if (walk.frozen) {
      panel.append(make("p", {}, walk.frozen));
      return;
    }
    const shown = this.leaves.slice(0, MOST_LEAVES);
    const more = this.leaves.length - shown.length;
    panel.append(this.summary, ...shown.map((leaf) => this.line(leaf)),
      more ? make("p", { class: "quiet" }, `… and ${more} more`) : "", make("div", { class: "actions" }, reset));
    this.tell();
  }

  line(leaf) {
    const { walk } = this;
    const { name } = walk.nodes[leaf];
    const id = `leaf${leaf}`;
    const field = make("input", { class: "field", id, inputmode: "decimal", autocomplete: "off" });
    const slider = make("input", { type: "range", "aria-label": `${name}, by a slider`, step: "any" });
    this.fields.set(leaf, { field, slider });
    this.centre(leaf);
    this.write(leaf);
    field.addEventListener("input", () => this.read(leaf));
    field.addEventListener("change", () => this.centre(leaf));
    slider.addEventListener("input", () => this.set(leaf, Number(Number(slider.value).toPrecision(6)), slider));
    return make("div", { class: "leaf" }, make("label", { for: id, title: name }, name), field, slider);
  }

  /** The slider reaches from x - 2|x| to x + 2|x|, or from -1 to 1, in 200 steps. */
  centre(leaf) {
    const { slider } = this.fields.get(leaf);
    const x = this.walk.data[leaf];
    slider.disabled = !Number.isFinite(x);
    if (slider.disabled || (x >= Number(slider.min) && x <= Number(slider.max) && slider.dataset.ready)) return;
    slider.dataset.ready = "yes";
    const reach = x === 0 ? 1 : Math.min(2 * Math.abs(x), Number.MAX_VALUE / 8);
    Object.assign(slider, { min: x - reach, max: x + reach, step: reach / 100 });
    slider.value = x;
  }

  read(leaf) {
    const { field } = this.fields.get(leaf);
    const x = readNumber(field.value);
    field.setAttribute("aria-invalid", String(x === null));
    if (x !== null) this.set(leaf, x, field);
  }

  /** Give a leaf its new number; what it came from, a field or a slider, is left as the user has it. */
  set(leaf, x, source) {
    this.player.setLeaves([[leaf, x]]);
    this.write(leaf, source);
  }

  write(leaf, source) {
    const { field, slider } = this.fields.get(leaf);
    const x = this.walk.data[leaf];
    if (source !== field) {
      field.value = String(x).replace("Infinity", "inf").replace("NaN", "nan");
      field.setAttribute("aria-invalid", "false");
    }
    if (source !== slider && Number.isFinite(x)) slider.value = x;
  }

  reset() {
    this.player.setLeaves([...this.recorded]);
    for (const leaf of this.fields.keys()) this.write(leaf);
  }

  /** What became of the result, and where a kink is. */
  tell() {
    const { walk, player } = this;
    if (walk.frozen) return;
    const { name } = walk.nodes[walk.root];
    const long = (x) => general(x, 10);
    const changed = this.leaves.filter((leaf) => !Object.is(walk.data[leaf], this.recorded.get(leaf)));
    const lines = [];
    if (player.isPractising) lines.push("While you practise, the result is not shown here.");
    else if (walk.problem) lines.push(player.sentences.refusal());
    else if (!changed.length) lines.push(`${name} = ${number(walk.data[walk.root])}. Change a number: everything follows.`);
    else {
      lines.push(`${name}: ${long(this.result)} → ${long(walk.data[walk.root])}`);
      if (changed.length === 1) lines.push(this.ratio(changed[0], long));
    }
    if (!player.isPractising && !walk.problem) lines.push(...this.kinks());
    this.summary.replaceChildren(...lines.map((line) => make("p", {}, line)));
  }

  ratio(leaf, long) {
    const { walk } = this;
    const { name, total } = walk.nodes[leaf];
    const before = this.recorded.get(leaf), now = walk.data[leaf];
    const ratio = (walk.data[walk.root] - this.result) / (now - before);
    return `ratio (${long(walk.data[walk.root])} - ${long(this.result)}) / (${long(now)} - ${long(before)}) = ${number(ratio)}; ` +
      `${total} was ${number(this.gradients[leaf])} at ${name} = ${number(before)}, and is ${number(walk.gradients[leaf])} now`;
  }

  kinks() {
    const { walk, player } = this;
    const found = [];
    walk.nodes.forEach((node, i) => {
      if (!node.operands.length || !walk.rule(i).kink || found.length > 4) return;
      const remarks = node.operands.map((_, which) => player.sentences.kink(i, which)).filter(Boolean);
      found.push(...new Set(remarks));
    });
    return found.slice(0, 5);
  }
}
