// Groups of nodes that collapse to one card: neurons, layers, examples, the loss.

class Groups {
  constructor(data, walk) {
    Object.assign(this, { scene: data.scene, all: data.groups, walk });
    this.kinds = [...new Set(this.all.map((group) => group.kind))];
    this.collapsed = new Set();
    this.of = new Map(); // of each node the groups that it is in
    this.all.forEach((group, i) => {
      for (const node of group.nodes) this.of.set(node, [...(this.of.get(node) || []), i]);
    });
  }

  /** Collapse all groups of these kinds, and no others; of nested ones the largest. */
  collapse(kinds) {
    this.collapsed.clear();
    const isLast = (kind) => Number(kind === "examples"); // which hold groups of the other kinds
    for (const kind of [...kinds].sort((a, b) => isLast(a) - isLast(b))) {
      this.all.forEach((group, i) => group.kind === kind && this.add(i));
    }
  }

  /** Collapse one group. Those that share nodes with it are no longer groups of their own. */
  add(index) {
    const nodes = new Set(this.all[index].nodes);
    for (const other of this.collapsed) {
      if (this.all[other].nodes.some((node) => nodes.has(node))) this.collapsed.delete(other);
    }
    this.collapsed.add(index);
  }

  /** The scene with the groups that are collapsed. */
  drawn() {
    if (!this.collapsed.size) return this.scene;
    const cards = [], cardOf = new Map();
    const put = (card, nodes) => {
      for (const node of nodes) cardOf.set(node, cards.length);
      cards.push({ ...card, nodes });
    };
    for (const index of this.collapsed) put({ ...this.all[index].card, group: index }, this.all[index].nodes);
    for (const card of this.scene.cards) if (!cardOf.has(card.nodes[0])) put(card, card.nodes);
    const wires = new Map();
    for (const wire of this.scene.wires) {
      for (const [head, which] of wire.edges) {
        const ends = [cardOf.get(this.walk.nodes[head].operands[which]), cardOf.get(head)];
        if (ends[0] === ends[1]) continue;
        const isBundle = ends.some((end) => cards[end].group !== undefined);
        const key = isBundle ? ends.join() : `${ends} ${which}`;
        if (!wires.has(key)) wires.set(key, { tail: ends[0], head: ends[1], edges: [], quiet: true, text: "" });
        wires.get(key).edges.push([head, which]);
        wires.get(key).quiet &&= wire.quiet;
      }
    }
    return arranged(cards, [...wires.values()]);
  }
}
