// Where cards go when some of them are collapsed: in columns, from operands to results. (The picture of all
// nodes is laid out before, by Graphviz.)

const COLUMN_GAP = 70, CARD_GAP = 16, THREAD = 8, SWEEPS = 8;

/** A scene for cards {w, h} and wires {tail, head}: the cards get x and y, the wires curves. */
function arranged(cards, wires) {
  const boxes = cards.map((card) => ({ w: card.w, h: card.h, above: [], below: [], layer: 0 }));
  const links = forwardLinks(boxes.length, wires);
  setLayers(boxes, links);
  const chains = links.map(({ from, to }) => threaded(boxes, from, to));
  const layers = inLayers(boxes);
  for (let sweep = 0; sweep < SWEEPS; sweep++) reorder(sweep % 2 ? [...layers].reverse() : layers, sweep % 2 ? "below" : "above");
  placeColumns(layers);
  for (let sweep = 0; sweep < SWEEPS; sweep++) straighten(sweep % 2 ? [...layers].reverse() : layers, sweep % 2 ? "below" : "above");
  const top = Math.min(...boxes.map((box) => box.y - box.h / 2));
  for (const box of boxes) box.y -= top;
  const byEnds = new Map(links.map((link, i) => [`${link.from},${link.to}`, chains[i]]));
  const curveOf = ({ tail, head }) => {
    const isBack = !byEnds.has(`${tail},${head}`);
    const chain = byEnds.get(isBack ? `${head},${tail}` : `${tail},${head}`);
    const points = curve(chain.map((index) => boxes[index]));
    return isBack ? points.reverse() : points;
  };
  return {
    width: Math.max(...boxes.map((box) => box.x + box.w / 2)),
    height: Math.max(...boxes.map((box) => box.y + box.h / 2)),
    cards: cards.map((card, i) => ({ ...card, x: boxes[i].x, y: boxes[i].y })),
    wires: wires.map((wire) => ({ ...wire, curve: curveOf(wire), label: null })),
  };
}

/** Each pair of cards with a wire, once; where groups feed each other in a circle, one direction of it. */
function forwardLinks(count, wires) {
  const next = Array.from({ length: count }, () => new Set());
  for (const { tail, head } of wires) if (tail !== head) next[tail].add(head);
  const state = new Uint8Array(count); // 1: on the path at hand; 2: done
  const links = [];
  for (let start = 0; start < count; start++) {
    if (state[start]) continue;
    const path = [[start, [...next[start]]]];
    state[start] = 1;
    while (path.length) {
      const [at, rest] = path[path.length - 1];
      const to = rest.pop();
      if (to === undefined) {
        state[at] = 2;
        path.pop();
      } else if (state[to] !== 1) {
        links.push({ from: at, to });
        if (!state[to]) {
          state[to] = 1;
          path.push([to, [...next[to]]]);
        }
      } else if (!next[to].has(at)) {
        links.push({ from: to, to: at });
        next[to].add(at);
      }
    }
  }
  const once = new Map(links.map((link) => [`${link.from},${link.to}`, link]));
  return [...once.values()].filter(({ from, to }) => !(once.has(`${to},${from}`) && from > to));
}

/** Each card one column behind the last that it needs; what needs nothing stands before its first use. */
function setLayers(boxes, links) {
  const outgoing = boxes.map(() => []), waits = boxes.map(() => 0);
  for (const { from, to } of links) {
    outgoing[from].push(to);
    waits[to]++;
  }
  const isSource = waits.map((count) => count === 0);
  const ready = waits.flatMap((count, i) => (count ? [] : [i]));
  for (let i = 0; i < ready.length; i++) {
    for (const to of outgoing[ready[i]]) {
      boxes[to].layer = Math.max(boxes[to].layer, boxes[ready[i]].layer + 1);
      if (--waits[to] === 0) ready.push(to);
    }
  }
  boxes.forEach((box, i) => {
    if (isSource[i] && outgoing[i].length) box.layer = Math.min(...outgoing[i].map((to) => boxes[to].layer)) - 1;
  });
}

/** A link as a chain of neighbours: through the columns it passes it goes on a thread of its own. */
function threaded(boxes, from, to) {
  const chain = [from];
  for (let layer = boxes[from].layer + 1; layer < boxes[to].layer; layer++) {
    chain.push(boxes.push({ w: 0, h: THREAD, above: [], below: [], layer }) - 1);
  }
  chain.push(to);
  for (let i = 1; i < chain.length; i++) {
    boxes[chain[i]].above.push(boxes[chain[i - 1]]);
    boxes[chain[i - 1]].below.push(boxes[chain[i]]);
  }
  return chain;
}

function inLayers(boxes) {
  const layers = [];
  for (const box of boxes) (layers[box.layer] = layers[box.layer] || []).push(box);
  const used = layers.filter(Boolean);
  for (const layer of used) layer.forEach((box, i) => (box.order = i));
  return used;
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** Each card in its column at the mean place of its neighbours, so that fewer wires cross. */
function reorder(layers, side) {
  for (const layer of layers) {
    for (const box of layer) box.wish = box[side].length ? mean(box[side].map((other) => other.order)) : box.order;
    layer.sort((a, b) => a.wish - b.wish);
    layer.forEach((box, i) => (box.order = i));
  }
}

const apart = (a, b) => (a.h + b.h) / 2 + (a.w && b.w ? CARD_GAP : CARD_GAP / 2);

function placeColumns(layers) {
  let x = 0;
  for (const layer of layers) {
    const width = Math.max(...layer.map((box) => box.w));
    let y = 0;
    layer.forEach((box, i) => {
      y += i ? apart(layer[i - 1], box) : 0;
      Object.assign(box, { x: x + width / 2, y });
    });
    const middle = y / 2;
    for (const box of layer) box.y -= middle;
    x += width + COLUMN_GAP;
  }
}

/** Each card as near to the height of its neighbours as its column allows. */
function straighten(layers, side) {
  for (const layer of layers) {
    const wishes = layer.map((box) => (box[side].length ? mean(box[side].map((other) => other.y)) : box.y));
    // Blocks of cards that touch stand at the mean of their wishes.
    const blocks = [];
    layer.forEach((box, i) => {
      const offset = 0;
      blocks.push({ first: i, offsets: [offset], wish: wishes[i], count: 1 });
      while (blocks.length > 1) {
        const b = blocks[blocks.length - 1], a = blocks[blocks.length - 2];
        const lastOfA = a.first + a.count - 1;
        const gap = a.offsets[a.count - 1] + apart(layer[lastOfA], layer[b.first]);
        if (a.wish + gap <= b.wish) break;
        blocks.pop();
        const wish = (a.wish * a.count + (b.wish - gap) * b.count) / (a.count + b.count);
        a.offsets.push(...b.offsets.map((distance) => distance + gap));
        Object.assign(a, { wish, count: a.count + b.count });
      }
    });
    for (const { first, offsets, wish } of blocks) offsets.forEach((distance, i) => (layer[first + i].y = wish + distance));
  }
}

/** Through the middles of the sides, and along the threads between. */
function curve(boxes) {
  const points = [];
  for (let i = 1; i < boxes.length; i++) {
    const [a, b] = [boxes[i - 1], boxes[i]];
    const [x0, x1] = [a.x + a.w / 2, b.x - b.w / 2];
    const bend = (x1 - x0) / 2;
    if (i === 1) points.push([x0, a.y]);
    points.push([x0 + bend, a.y], [x1 - bend, b.y], [x1, b.y]);
  }
  return points.map((point) => point.map((x) => Math.round(x * 10) / 10));
}
