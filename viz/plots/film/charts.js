// Charts as SVG: lines over the epochs, and a network with its weights.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, parent = null, text = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function short(x, digits = 4) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "none";
  const text = Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 || x === 0 ? x.toPrecision(digits) : x.toExponential(2);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

// Round numbers that divide a range into about `count` parts.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= rough) ?? power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12); k++) found.push(k * step);
  return found;
}

// One chart of lines. `series` are {name, x, y, dash}; `log` is whether the axis of y is logarithmic.
class LineChart {
  constructor(section, series, { log = false, low = null, high = null } = {}) {
    this.series = series;
    const W = 400, H = 220, left = 52, right = 12, top = 10, bottom = 30;
    const svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img" }, section.querySelector(".plot"));
    svg.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby"));
    const known = series.flatMap(s => s.y.filter(y => y !== null && (!log || y > 0)));
    let bottomY = low ?? Math.min(...known), topY = high ?? Math.max(...known);
    if (!known.length) [bottomY, topY] = [0, 1];
    if (log) [bottomY, topY] = [Math.log10(bottomY), Math.log10(topY)];
    if (topY - bottomY < 1e-9) { topY += 0.5; bottomY -= 0.5; }
    const lastX = Math.max(1, ...series.flatMap(s => s.x));
    const px = x => left + (W - left - right) * x / lastX;
    const py = y => H - bottom - (H - top - bottom) * ((log ? Math.log10(y) : y) - bottomY) / (topY - bottomY);
    this.px = px;
    this.py = py;
    for (const y of log ? decades(bottomY, topY) : ticks(bottomY, topY, 4)) {
      element("line", { class: "grid", x1: left, x2: W - right, y1: py(y), y2: py(y) }, svg);
      element("text", { class: "tick", x: left - 5, y: py(y) + 4, "text-anchor": "end" }, svg, short(y, 3));
    }
    for (const x of ticks(0, lastX, 5)) {
      element("text", { class: "tick", x: px(x), y: H - bottom + 16, "text-anchor": "middle" }, svg, short(x, 6));
    }
    element("text", { class: "tick", x: W - right, y: H - 2, "text-anchor": "end" }, svg, "epoch");
    series.forEach((s, i) => {
      let path = "", down = false;
      s.x.forEach((x, k) => {
        const y = s.y[k];
        if (y === null || (log && y <= 0)) { down = false; return; }
        path += `${down ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`;
        down = true;
      });
      element("path", { class: `line hue${i}`, d: path }, svg);
    });
    this.cursor = element("line", { class: "cursor", y1: top, y2: H - bottom }, svg);
    this.dots = series.map((_, i) => element("circle", { class: `dot hue${i}`, r: 4 }, svg));
    this.legend = section.querySelector(".legend");
    this.entries = series.map((s, i) => {
      const item = document.createElement("li");
      const mark = element("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" }, item);
      element("path", { class: `line hue${i}`, d: "M1 5H23" }, mark);
      const text = document.createElement("span");
      item.append(text);
      this.legend.append(item);
      return text;
    });
  }

  show(epoch) {
    this.cursor.setAttribute("x1", this.px(epoch));
    this.cursor.setAttribute("x2", this.px(epoch));
    this.series.forEach((s, i) => {
      let k = -1;
      while (k + 1 < s.x.length && s.x[k + 1] <= epoch) k++;
      const y = k < 0 ? null : s.y[k];
      const visible = y !== null && Number.isFinite(this.py(y));
      this.dots[i].style.display = visible ? "" : "none";
      if (visible) {
        this.dots[i].setAttribute("cx", this.px(s.x[k]));
        this.dots[i].setAttribute("cy", this.py(y));
      }
      this.entries[i].textContent = `${s.name} ${y === null ? "–" : short(y)}`;
    });
  }
}

function decades(low, high) {
  const step = Math.max(1, Math.ceil((high - low) / 5));
  const found = [];
  for (let k = Math.ceil(low - 1e-9); k <= high + 1e-9; k += step) found.push(10 ** k);
  return found.length > 1 ? found : [10 ** low, 10 ** high];
}

// The network: a line a weight, as wide as it is large; hue and dashes tell the sign.
class NetworkChart {
  constructor(section, data, largest) {
    const { n, drawn } = data;
    const W = 430, H = 270, top = 8, bottom = 40, side = 70;
    this.largest = largest;
    const svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-labelledby": section.getAttribute("aria-labelledby") },
      section.querySelector(".plot"));
    const x = l => side + (W - 2 * side) * l / (n.length - 1);
    const place = drawn.map((units, l) => {
      const gap = (H - top - bottom) / units.length;
      return units.map((_, k) => ({ x: x(l), y: top + gap * (k + 0.5) }));
    });
    const lines = element("g", {}, svg), discs = element("g", {}, svg);
    const kept = drawn.map(units => units.map((unit, k) => [unit, k]).filter(([unit]) => unit !== null));
    this.weights = [];
    this.biases = [];
    for (let l = 1; l < n.length; l++) {
      this.weights.push(kept[l].flatMap(([i, a]) => kept[l - 1].map(([j, b]) => {
        const from = place[l - 1][b], to = place[l][a];
        const line = element("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y }, lines);
        return { line, title: element("title", {}, line), name: `W${l}[${i + 1},${j + 1}]` };
      })));
    }
    const gap = Math.min(...drawn.map(units => (H - top - bottom) / units.length));
    const radius = Math.max(4, Math.min(11, gap * 0.36));
    drawn.forEach((units, l) => {
      const own = [];
      units.forEach((unit, k) => {
        const p = place[l][k];
        if (unit === null) {
          element("text", { class: "tick", x: p.x, y: p.y + 4, "text-anchor": "middle" }, discs, "⋮");
          return;
        }
        const disc = element("circle", { cx: p.x, cy: p.y, r: radius, class: l ? "unit" : "unit given" }, discs);
        own.push({ disc, title: element("title", {}, disc), name: `b${l}[${unit + 1}]` });
        const name = l === 0 ? data.inputs[unit] : l === n.length - 1 ? outputName(data, unit) : null;
        if (!name) return;
        const label = element("text", { class: "name", x: p.x + (l ? radius + 5 : -radius - 5), y: p.y + 4,
          "text-anchor": l ? "start" : "end" }, discs, name.length > 11 ? name.slice(0, 10) + "…" : name);
        element("title", {}, label, name);
      });
      if (l) this.biases.push(own);
      const what = l === 0 ? `${n[0]} inputs` : `${n[l]} ${data.activations[l - 1]}`;
      element("text", { class: "tick", x: x(l), y: H - 22, "text-anchor": "middle" }, discs, what);
      if (l) element("text", { class: "tick", x: x(l), y: H - 7, "text-anchor": "middle" }, discs, `layer ${l}`);
    });
  }

  show(frame) {
    this.weights.forEach((layer, l) => layer.forEach(({ line, title, name }, k) => {
      const w = frame.W[l][k];
      line.setAttribute("class", w < 0 ? "weight negative" : "weight positive");
      line.setAttribute("stroke-width", (0.3 + 5 * Math.abs(w) / this.largest.W).toFixed(2));
      title.textContent = `${name} = ${short(w)}`;
    }));
    this.biases.forEach((layer, l) => layer.forEach(({ disc, title, name }, k) => {
      const b = frame.b[l][k];
      disc.setAttribute("class", b < 0 ? "unit negative" : "unit positive");
      disc.style.fillOpacity = this.largest.b ? (0.75 * Math.abs(b) / this.largest.b).toFixed(3) : 0;
      title.textContent = `${name} = ${short(b)}`;
    }));
  }
}

function outputName(data, unit) {
  if (data.outputs.length === data.n.at(-1)) return data.outputs[unit];
  if (data.outputs.length === 2 && data.n.at(-1) === 1) return data.outputs[1];
  return data.n.at(-1) === 1 ? "a" : `a${unit + 1}`;
}
