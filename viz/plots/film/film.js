// The film: what is shown at a frame, and how one goes through the frames.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const floats = text => new Float32Array(bytes(text).buffer);

const frames = data.frames.map(frame => ({
  ...frame,
  W: frame.W.map(floats),
  b: frame.b.map(floats),
  class: frame.class && bytes(frame.class),
  sure: frame.sure && bytes(frame.sure),
  images: frame.images && bytes(frame.images),
}));
const largestOf = name => Math.max(...frames.flatMap(f => f[name].flatMap(layer => layer.length ? Array.from(layer, Math.abs).reduce((a, b) => Math.max(a, b)) : 0)));

// The hues of classes, readable by those who see fewer colours, each with a mark of its own.
const HUES = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [120, 120, 120], [148, 103, 189], [140, 86, 75], [23, 190, 207]];
const MARKS = ["circle", "square", "triangle", "diamond", "cross"];
const hue = c => `rgb(${HUES[c % HUES.length].join(",")})`;

function mark(kind, x, y, r, attributes, parent) {
  const shapes = {
    circle: `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    square: `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    triangle: `M${x} ${y - 1.2 * r}L${x + 1.1 * r} ${y + r}L${x - 1.1 * r} ${y + r}z`,
    diamond: `M${x} ${y - 1.3 * r}L${x + 1.2 * r} ${y}L${x} ${y + 1.3 * r}L${x - 1.2 * r} ${y}z`,
    cross: `M${x - r} ${y - r}L${x + r} ${y + r}M${x + r} ${y - r}L${x - r} ${y + r}`,
  };
  return element("path", { d: shapes[kind], ...attributes }, parent);
}

class Boundary {
  constructor(section, about) {
    section.hidden = false;
    this.about = about;
    const size = 400, pad = 26;
    const svg = element("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-labelledby": "boundarytitle" }, section.querySelector(".plot"));
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = about.grid;
    const holder = element("foreignObject", { x: pad, y: 4, width: size - pad - 4, height: size - pad - 4 }, svg);
    holder.append(this.canvas);
    const [w, h] = [size - pad - 4, size - pad - 4];
    const px = x => pad + w * (x - about.low[0]) / (about.high[0] - about.low[0]);
    const py = y => 4 + h * (about.high[1] - y) / (about.high[1] - about.low[1]);
    about.x.forEach((x, k) => {
      const c = about.class[k];
      mark(MARKS[c % MARKS.length], +px(x).toFixed(1), +py(about.y[k]).toFixed(1), 3, { class: "example", fill: hue(c), stroke: MARKS[c % MARKS.length] === "cross" ? hue(c) : "" }, svg);
    });
    for (const x of ticks(about.low[0], about.high[0], 4)) element("text", { class: "tick", x: px(x), y: size - 10, "text-anchor": "middle" }, svg, short(x, 3));
    for (const y of ticks(about.low[1], about.high[1], 4)) element("text", { class: "tick", x: pad - 4, y: py(y) + 4, "text-anchor": "end" }, svg, short(y, 3));
    element("text", { class: "tick", x: size - 4, y: size - 10, "text-anchor": "end" }, svg, data.inputs[0]);
    const side = element("text", { class: "tick", x: 4, y: 12 }, svg, data.inputs[1]);
    side.setAttribute("text-anchor", "start");
    const legend = section.querySelector(".legend");
    for (let c = 0; c < about.classes; c++) {
      const item = document.createElement("li");
      const key = element("svg", { viewBox: "0 0 14 10", "aria-hidden": "true" }, item);
      mark(MARKS[c % MARKS.length], 7, 5, 3.4, { fill: hue(c), stroke: hue(c) }, key);
      item.append(document.createTextNode(data.outputs[c] ?? `class ${c}`));
      legend.append(item);
    }
  }

  show(frame) {
    const g = this.about.grid, context = this.canvas.getContext("2d");
    const image = context.createImageData(g, g);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const ground = dark ? 28 : 255;
    for (let k = 0; k < g * g; k++) {
      const row = g - 1 - Math.floor(k / g), at = 4 * (row * g + k % g);
      const part = 0.1 + 0.5 * frame.sure[k] / 255;
      const colour = HUES[frame.class[k] % HUES.length];
      for (let i = 0; i < 3; i++) image.data[at + i] = ground + (colour[i] - ground) * part;
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }
}

class Images {
  constructor(section, [height, width, colours = 1]) {
    section.hidden = false;
    this.shape = [height, width, colours];
    this.pixels = height * width * colours;
    this.canvases = Array.from({ length: frames[0].images.length / this.pixels }, (_, i) => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const caption = document.createElement("figcaption");
      caption.textContent = `unit ${i + 1}`;
      figure.append(canvas, caption);
      section.querySelector(".plot").append(figure);
      return canvas;
    });
    const item = document.createElement("li");
    item.textContent = colours === 3
      ? "gray is a weight of 0; each image has a scale of its own"
      : "orange is negative, white 0, blue positive; each image has a scale of its own";
    section.querySelector(".legend").append(item);
  }

  show(frame) {
    const [height, width, colours] = this.shape;
    this.canvases.forEach((canvas, unit) => {
      const context = canvas.getContext("2d");
      const image = context.createImageData(width, height);
      for (let k = 0; k < height * width; k++) {
        const at = unit * this.pixels + k * colours;
        const rgb = colours === 3 ? frame.images.slice(at, at + 3) : signed(frame.images[at] / 127.5 - 1);
        image.data.set([...rgb, 255], 4 * k);
      }
      context.putImageData(image, 0, 0);
    });
  }
}

function signed(x) {
  const end = x < 0 ? [213, 94, 0] : [0, 114, 178];
  return end.map(c => 255 + (c - 255) * Math.abs(x));
}

$("title").textContent = data.title;
const parts = [];
const curves = data.curves;
const line = (name, label) => curves[name] && { name: label, x: curves.epoch, y: curves[name] };
const costs = [line("cost", "training"), line("dev_cost", "dev")].filter(Boolean);
const positive = costs.flatMap(s => s.y).filter(y => y !== null);
const wide = positive.length > 0 && Math.min(...positive) > 0 && Math.max(...positive) > 20 * Math.min(...positive);
if (costs.length) parts.push(new LineChart($("cost"), costs, { log: wide, low: wide ? null : Math.min(0, ...positive) }));
else $("cost").hidden = true;
if (curves.accuracy) {
  $("accuracy").hidden = false;
  const series = [line("accuracy", "training"), line("dev_accuracy", "dev")].filter(Boolean);
  parts.push(new LineChart($("accuracy"), series, { low: 0, high: 1 }));
}
const epochs = frames.map(f => f.epoch);
parts.push(new LineChart($("gradients"), data.activations.map((_, l) => ({
  name: `dW${l + 1}`, x: epochs, y: frames.map(f => f.epoch === 0 ? null : f.dW[l]),
})), { log: true }));
const shown = [new NetworkChart($("network"), data, { W: largestOf("W") || 1, b: largestOf("b") })];
const legend = $("network").querySelector(".legend");
for (const [kind, text] of [["positive", "positive"], ["negative", "negative"]]) {
  const item = document.createElement("li");
  element("path", { class: `weight ${kind}`, d: "M1 5H23", "stroke-width": 3 }, element("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" }, item));
  item.append(document.createTextNode(text));
  legend.append(item);
}
if (data.boundary) shown.push(new Boundary($("boundary"), data.boundary));
if (data.image) shown.push(new Images($("images"), data.image));

$(data.boundary ? "boundary" : data.image ? "images" : "network").classList.add("big");

let at = 0, timer = null, addressTimer = null;
const last = frames.length - 1;
const still = matchMedia("(prefers-reduced-motion: reduce)");

function show(k) {
  at = Math.max(0, Math.min(last, k));
  const frame = frames[at];
  $("slider").value = at;
  $("count").textContent = `epoch ${frame.epoch.toLocaleString("en")}`;
  for (const part of parts) part.show(frame.epoch);
  for (const part of shown) part.show(frame);
  if (timer === null || at === last) {
    $("words").textContent = at === last ? data.summary : frame.epoch === 0 ? "Before the first epoch: the initial weights." : `After ${frame.epoch.toLocaleString("en")} of ${frames[last].epoch.toLocaleString("en")} epochs.`;
  }
  $("slider").setAttribute("aria-valuetext", `epoch ${frame.epoch}`);
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    try {
      history.replaceState(null, "", `#epoch=${frame.epoch}`);
    } catch {
      // A page in a frame without an address of its own.
    }
  }, 300);
}

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").setAttribute("aria-label", "Play");
  $("playshape").setAttribute("d", "M3 1l12 7-12 7z");
}

function play() {
  if (at === last) show(0);
  timer = setInterval(() => { at === last ? pause() : show(at + 1); if (at === last) pause(); }, 200 / Number($("speed").value));
  $("play").setAttribute("aria-label", "Pause");
  $("playshape").setAttribute("d", "M3 1h4v14H3zM9 1h4v14H9z");
}

function moveTo(k) {
  pause();
  show(k);
}

$("slider").max = last;
$("slider").addEventListener("input", () => moveTo(Number($("slider").value)));
$("start").addEventListener("click", () => moveTo(0));
$("back").addEventListener("click", () => moveTo(at - 1));
$("next").addEventListener("click", () => moveTo(at + 1));
$("end").addEventListener("click", () => moveTo(last));
$("play").addEventListener("click", () => timer === null ? play() : pause());
$("speed").addEventListener("change", () => { if (timer !== null) { pause(); play(); } });
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select")) return;
  const keys = { ArrowLeft: () => moveTo(at - 1), ArrowRight: () => moveTo(at + 1), Home: () => moveTo(0), End: () => moveTo(last), " ": () => timer === null ? play() : pause() };
  if (!(event.key in keys) || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  keys[event.key]();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(at));

function fromAddress() {
  const found = /epoch=(\d+)/.exec(location.hash);
  const wanted = found ? Number(found[1]) : null;
  const k = wanted === null ? (still.matches ? last : 0) : frames.findLastIndex(f => f.epoch <= wanted);
  show(Math.max(0, k));
}
addEventListener("hashchange", fromAddress);
fromAddress();
window.film = { frames, get at() { return at; } };  // for the tests
