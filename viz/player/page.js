// The page: where the walk stands, and what is shown of it.

const TABS = ["why", "steps", "leaves", "practice"];
const LEGEND = [
  ["input", "input"], ["parameter", "parameter"], ["operation", "operation"], ["result", "result"], ["number", "plain number"], ["group", "several nodes"],
  ["current", "this step"], ["unknown", "not evaluated yet"], ["passed", "gradient passed back"],
];
const LARGEST_FIT = 1.6, SMALLEST_READABLE = 0.6;
const byId = (id) => document.getElementById(id);

/** A name without the backticks that tell where it ends in a sentence. */
function plain(name) {
  return name.replaceAll("`", "");
}

class Player {
  constructor(data) {
    this.data = data;
    Object.assign(this, { completed, readNumber }); // for the tests
    this.walk = new Walk(data);
    this.sentences = new Sentences(this.walk);
    Object.assign(this, {
      position: 0, selected: null, selectedEdge: null, selectedCard: null, path: null, pathKey: "", stops: new Set(),
      isPractising: false, version: 0, // version: of the numbers; it grows when they change
      timer: 0, frame: 0, animation: 0, addressTimer: 0, zoom: 1, tab: "why", revealed: null,
    });
    this.groups = new Groups(data, this.walk);
    this.groups.collapse(data.collapse);
    this.drawPicture();
    this.named = this.walk.nodes.flatMap((node, i) => (node.kind === "constant" ? [] : [i]));
    this.paper = new Rows(byId("paperlist"), this.named.length, (row, i) => this.fillPaper(row, this.named[i]), (i) => this.select(this.named[i]));
    this.steps = new Rows(byId("panel-steps"), this.walk.length, (row, i) => this.fillStep(row, i + 1), (i) => this.goto(i + 1));
    this.reasons = new Reasons(byId("panel-why"), this);
    this.leaves = new Leaves(byId("panel-leaves"), this);
    this.practice = new Practice(byId("panel-practice"), this);
    byId("paperlist").style.height = `${Math.min(this.named.length, 200) * ROW + 4}px`;
    byId("slider").max = this.walk.length;
    this.listen();
    this.showTab("why");
    this.position = this.addressed() ?? data.position;
    this.fit(false);
    this.render();
  }

  /** Draw the graph anew, with the groups that are collapsed now. */
  drawPicture() {
    this.picture = new Picture(this.groups.drawn(), this.walk, {
      onCard: (card) => (card.nodes.length === 1 ? this.select(card.nodes[0]) : this.selectCard(card)),
      onWire: (wire) => wire.edges.length === 1 && this.selectEdge(...wire.edges[0]),
    });
    byId("picture").replaceChildren(this.picture.sheet);
    this.drawLegend();
  }

  /** Change which groups are collapsed. */
  regroup(change) {
    change(this.groups);
    this.drawPicture();
    this.fit(false);
    this.selectedCard = null;
    const chosen = this.groups.kinds.find((kind) => {
      const ofKind = this.groups.all.flatMap((group, i) => (group.kind === kind ? [i] : []));
      return ofKind.length === this.groups.collapsed.size && ofKind.every((i) => this.groups.collapsed.has(i));
    });
    const select = byId("collapse");
    if (select) select.value = chosen || (this.groups.collapsed.size ? "some" : "");
    this.render();
  }

  // --- moving -----------------------------------------------------------------------------------------------

  goto(position) {
    const to = Math.min(this.walk.length, Math.max(0, Math.round(position)));
    const isOneStep = Math.abs(to - this.position) === 1;
    const isBack = to < this.position;
    this.position = to;
    this.render();
    cancelAnimationFrame(this.animation);
    this.picture.mark.replaceChildren();
    if (isOneStep && !isBack) this.flow();
  }

  render() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  toggle() {
    if (this.timer) this.pause();
    else this.play();
  }

  play() {
    if (this.isPractising) return;
    if (this.position >= this.walk.length) this.position = 0;
    const tick = () => {
      this.goto(this.position + 1);
      const isStop = this.stops.size > 0 && this.stops.has(this.walk.written(this.position));
      if (this.position >= this.walk.length || isStop) this.pause();
      else this.timer = setTimeout(tick, this.pace());
    };
    this.timer = setTimeout(tick, 0);
    this.render();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.render();
  }

  pace() {
    return Number(byId("speed").value);
  }

  /** On, or back, to where a step writes a node with a stop; else to the end, or the start. */
  gotoStop(direction) {
    const { length } = this.walk;
    let at = this.position + direction;
    while (at > 0 && at < length && !this.stops.has(this.walk.written(at))) at += direction;
    this.goto(at);
  }

  toggleStop(node) {
    if (!this.stops.delete(node)) this.stops.add(node);
    this.render();
  }

  select(node) {
    if (this.walk.isConstant(node)) return;
    Object.assign(this, { selected: node, selectedEdge: null, selectedCard: null, path: null });
    this.showTab("why");
    this.paper.reveal(this.named.indexOf(node));
    this.paper.draw();
    this.reveal(node);
    this.render();
  }

  selectEdge(node, which) {
    if (!this.walk.nodes[node].edges[which]) return;
    Object.assign(this, { selected: null, selectedEdge: [node, which], selectedCard: null, path: null });
    this.showTab("why");
    this.render();
  }

  selectCard(card) {
    Object.assign(this, { selected: null, selectedEdge: null, selectedCard: card, path: null });
    this.showTab("why");
    this.render();
  }

  showPath(edges, key) {
    this.path = edges && new Set(edges.map((edge) => edge.join()));
    this.pathKey = key;
    this.render();
  }

  setLeaves(leaves) {
    this.walk.set(leaves);
    this.path = null;
    this.version++;
    this.render();
  }

  // --- drawing ----------------------------------------------------------------------------------------------

  draw() {
    this.frame = 0;
    const { position, walk } = this;
    // First all that reads where things are: after a write, the page would be laid out anew for each of them.
    if (position && position !== this.revealed) this.reveal(walk.written(position));
    this.revealed = position;
    this.paper.look();
    this.steps.reveal(position - 1);
    this.picture.show(position, this, this.view());
    this.drawSentence();
    byId("slider").value = position;
    byId("slider").setAttribute("aria-valuetext", `${position} of ${walk.length}`);
    write(byId("count"), `${position} / ${walk.length}`);
    const isAtEnd = position === walk.length || this.isPractising;
    for (const [id, isOff] of [["start", position === 0], ["back", position === 0], ["next", isAtEnd], ["end", isAtEnd], ["play", this.isPractising]]) {
      byId(id).setAttribute("aria-disabled", String(isOff));
    }
    byId("play").setAttribute("aria-label", this.timer ? "Pause" : "Play");
    byId("playshape").setAttribute("d", this.timer ? "M3 1h4v14H3zM9 1h4v14H9z" : "M3 1l12 7-12 7z");
    for (const id of ["stopback", "stopnext"]) byId(id).hidden = this.stops.size === 0;
    this.paper.draw();
    this.steps.draw();
    this.reasons.refresh();
    this.leaves.tell();
    this.practice.refresh();
    this.noteAddress();
  }

  drawSentence() {
    const { position, walk, sentences } = this;
    const isForward = position <= walk.forwardSteps;
    write(byId("stage"), position ? `Step ${position} of ${walk.length}: ${isForward ? "forward pass" : "backprop"}` : `Step 0 of ${walk.length}`);
    const latex = position ? sentences.latex(position) : "";
    if (this.latex !== latex) {
      this.latex = latex;
      byId("formula").replaceChildren(latex ? mathElement(latex) : "");
    }
    write(byId("words"), position ? sentences.text(position) : "Only the inputs are known. Step on, or play.");
    const problem = walk.problem ? sentences.refusal() : "";
    byId("problem").hidden = !problem;
    write(byId("problem"), problem);
  }

  /** The number of a node as far as it may be shown. */
  dataText(node) {
    const { walk, position } = this;
    if (walk.isUndefined[node]) return "undefined";
    return walk.isEvaluated(node, position) || !this.isPractising && this.tab === "why" && this.selected === node
      ? number(walk.data[node]) : "?";
  }

  fillPaper(row, node) {
    const { walk, position } = this;
    const gradient = walk.gradientAt(node, position);
    const { name, gradient: symbol } = walk.nodes[node];
    const data = walk.isUndefined[node] ? "undefined" : walk.isEvaluated(node, position) ? number(walk.data[node]) : "?";
    const sum = gradient ? number(gradient.sum) + (gradient.isComplete ? "" : " + …") : "";
    const written = position ? walk.written(position) : -1;
    setClass(row, `row paperrow${node === written ? " current" : ""}${node === this.selected ? " selected" : ""}`);
    const stop = this.stops.has(node) ? " ●" : "";
    const formula = walk.nodes[node].operands.length ? ` = ${plain(this.sentences.formula(node))}` : "";
    const texts = [name + stop, formula, data, sum];
    if (row.dataset.shown === texts.join("\n")) return;
    row.dataset.shown = texts.join("\n");
    row.title = `${plain(name)}${formula}`;
    row.replaceChildren(
      make("span", {}, make("b", {}, plain(name)), make("span", { class: "bad" }, stop), make("span", { class: "quiet" }, formula)),
      make("span", { class: "data", "aria-label": `data ${data}` }, data),
      make("span", { class: "grad", "aria-label": sum ? `${symbol} ${sum}` : "no gradient yet" }, sum));
  }

  fillStep(row, at) {
    const isNow = at === this.position;
    setClass(row, `row${isNow ? " current" : at > this.position ? " todo" : ""}`);
    row.setAttribute("aria-current", isNow ? "step" : "false");
    const text = this.isPractising && at > this.position ? `${at}  …` : `${at}  ${this.sentences.text(at)}`;
    if (row.textContent !== text) row.textContent = text;
    row.title = text;
  }

  drawLegend() {
    const kinds = new Set(this.picture.cards.map((card) => card.kind));
    const always = ["current", "unknown", "passed"];
    const entries = LEGEND.filter(([kind]) => kinds.has(kind) || always.includes(kind));
    byId("legend").replaceChildren(...entries.map(([kind, text]) => {
      const sample = kind === "passed"
        ? svgNode("g", { class: "edge passed" }, svgNode("path", { class: "wire", d: "M2 7H22" }), svgNode("polygon", { class: "tip behind", points: "2,7 10,3 10,11" }))
        : svgNode("g", { class: `node ${kind}` }, svgNode("rect", { class: "card", x: 2, y: 2, width: 20, height: 10, rx: ["input", "parameter", "number"].includes(kind) ? 5 : 2 }));
      if (kind === "result") sample.append(svgNode("rect", { class: "inner", x: 4, y: 4, width: 16, height: 6 }));
      return make("li", {}, svgNode("svg", { viewBox: "0 0 24 14", "aria-hidden": "true" }, sample), text);
    }));
  }

  // --- what flows -------------------------------------------------------------------------------------------

  /** Numbers that move along the edges of the step: from operands to a result, or a gradient back. */
  flow() {
    const { wires, isBack } = this.picture.wiresOf(this.position);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || !wires.length || wires.length > 12 || this.walk.problem) return;
    const { walk, position } = this;
    const marks = wires.map((wire) => {
      const [head, which] = wire.edges[0];
      const text = number(isBack ? walk.contribution[position] : walk.data[walk.nodes[head].operands[which]]);
      const wide = text.length * 7.5 + 12;
      const mark = svgNode("g", { class: "mark" },
        svgNode("rect", { x: -wide / 2, y: -10, width: wide, height: 20, rx: 10 }),
        svgNode("text", { y: 4, "text-anchor": "middle" }, text));
      return { mark, line: wire.line, length: wire.line.getTotalLength() };
    });
    this.picture.mark.replaceChildren(...marks.map(({ mark }) => mark));
    const duration = Math.min(700, this.pace() * 0.8);
    const began = performance.now();
    const move = (now) => {
      const part = Math.min(1, Math.max(0, now - began) / duration);
      const eased = part * part * (3 - 2 * part);
      for (const { mark, line, length } of marks) {
        const { x, y } = line.getPointAtLength(length * (isBack ? 1 - eased : eased));
        mark.setAttribute("transform", `translate(${x} ${y})`);
      }
      if (part < 1) this.animation = requestAnimationFrame(move);
      else this.picture.mark.replaceChildren();
    };
    move(began);
  }

  // --- the size of the picture --------------------------------------------------------------------------------

  fit(isWhole) {
    const { clientWidth, clientHeight } = byId("picture");
    const { width, height } = this.picture;
    const all = Math.min((clientWidth - 4) / width, (clientHeight - 4) / height, LARGEST_FIT);
    this.zoom = isWhole ? all : Math.max(all, Math.min(SMALLEST_READABLE, (clientHeight - 20) / height, 1), 0.1);
    if (!isWhole) this.zoom = Math.max(this.zoom, Math.min(all, LARGEST_FIT), SMALLEST_READABLE);
    this.resize();
  }

  scale(factor) {
    this.isZoomed = true;
    const box = byId("picture");
    const [x, y] = [(box.scrollLeft + box.clientWidth / 2) / this.zoom, (box.scrollTop + box.clientHeight / 2) / this.zoom];
    this.zoom = Math.min(4, Math.max(0.05, this.zoom * factor));
    this.resize();
    box.scrollTo(x * this.zoom - box.clientWidth / 2, y * this.zoom - box.clientHeight / 2);
  }

  resize() {
    this.revealed = null;
    const { sheet, width, height } = this.picture;
    sheet.style.width = `${width * this.zoom}px`;
    sheet.style.height = `${height * this.zoom}px`;
    this.render();
  }

  /** The part of the picture that is in view, in its own units: [left, top, right, bottom]. */
  view() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = byId("picture");
    const [x, y] = [scrollLeft / this.zoom - PAD, scrollTop / this.zoom - PAD];
    return [x, y, x + clientWidth / this.zoom, y + clientHeight / this.zoom];
  }

  /** Scroll so that a node is in view. */
  reveal(node) {
    const card = this.picture.cardOf.get(node);
    const box = byId("picture");
    const x = (card.x + PAD) * this.zoom, y = (card.y + PAD) * this.zoom;
    const [w, h] = [(card.w / 2 + 8) * this.zoom, (card.h / 2 + 8) * this.zoom];
    if (x - w < box.scrollLeft || x + w > box.scrollLeft + box.clientWidth) box.scrollLeft = x - box.clientWidth / 2;
    if (y - h < box.scrollTop || y + h > box.scrollTop + box.clientHeight) box.scrollTop = y - box.clientHeight / 2;
  }

  // --- the address --------------------------------------------------------------------------------------------

  addressed() {
    const found = /[#&]step=(\d+)/.exec(location.hash);
    return found ? Math.min(this.walk.length, Number(found[1])) : null;
  }

  noteAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      try {
        history.replaceState(null, "", `#step=${this.position}`);
      } catch {
        // A page in a frame without an address of its own.
      }
    }, 300);
  }

  // --- controls -----------------------------------------------------------------------------------------------

  showTab(name) {
    this.tab = name;
    for (const tab of TABS) {
      const button = byId(`tab-${tab}`);
      button.setAttribute("aria-selected", String(tab === name));
      button.tabIndex = tab === name ? 0 : -1;
      byId(`panel-${tab}`).hidden = tab !== name;
    }
    this.render();
  }

  listen() {
    const on = (id, action) => byId(id).addEventListener("click", action);
    const step = (to) => () => {
      this.pause();
      this.goto(to());
    };
    this.listenToGroups();
    on("start", step(() => 0));
    on("back", step(() => this.position - 1));
    on("next", step(() => (this.isPractising ? this.position : this.position + 1)));
    on("end", step(() => (this.isPractising ? this.position : this.walk.length)));
    on("stopback", () => this.gotoStop(-1));
    on("stopnext", () => this.gotoStop(1));
    on("play", () => this.toggle());
    on("fit", () => {
      this.isZoomed = true;
      this.fit(true);
    });
    on("larger", () => this.scale(1.25));
    on("smaller", () => this.scale(0.8));
    byId("slider").addEventListener("input", (event) => {
      this.pause();
      this.goto(this.isPractising ? Math.min(this.position, event.target.value) : Number(event.target.value));
    });
    for (const tab of TABS) on(`tab-${tab}`, () => this.showTab(tab));
    document.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const to = TABS[(TABS.indexOf(this.tab) + move + TABS.length) % TABS.length];
      this.showTab(to);
      byId(`tab-${to}`).focus();
    });
    document.addEventListener("keydown", (event) => this.onKey(event));
    addEventListener("hashchange", () => {
      const to = this.addressed();
      if (to !== null && to !== this.position) this.goto(to);
    });
    new ResizeObserver(() => this.isZoomed || this.fit(false)).observe(byId("picture"));
    byId("picture").addEventListener("scroll", () => this.picture.look(this.view()));
    byId("picture").addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    this.listenToSearch();
  }

  onKey(event) {
    const { target } = event;
    const isField = target.matches("input, select, textarea");
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isField) return;
    const isButton = target.matches("button");
    const press = { ArrowLeft: "back", ArrowRight: "next", Home: "start", End: "end", "/": "", " ": isButton ? undefined : "play" }[event.key];
    if (press === undefined) return;
    event.preventDefault();
    if (press) byId(press).click();
    else byId("search").focus();
  }

  listenToGroups() {
    const { kinds } = this.groups;
    if (!kinds.length) return;
    const options = [["", "nothing"], ...kinds.map((kind) => [kind, kind]), ["some", "some groups"]];
    const select = make("select", { id: "collapse", onchange: () => this.regroup((groups) => groups.collapse([select.value])) },
      ...options.map(([value, text]) => make("option", { value, hidden: value === "some" }, text)));
    select.value = this.data.collapse.length === 1 ? this.data.collapse[0] : this.data.collapse.length ? "some" : "";
    byId("groups").append(make("label", {}, "Collapse ", select));
  }

  listenToSearch() {
    const search = byId("search");
    byId("names").append(...this.named.slice(0, 500).map((node) => make("option", { value: plain(this.walk.nodes[node].name) })));
    const find = () => {
      const text = plain(search.value.trim());
      const matches = (test) => this.named.find((node) => test(plain(this.walk.nodes[node].name)));
      const found = matches((name) => name === text) ?? (text ? matches((name) => name.toLowerCase().includes(text.toLowerCase())) : undefined);
      search.setAttribute("aria-invalid", String(text !== "" && found === undefined));
      if (found !== undefined) this.select(found);
    };
    search.addEventListener("change", find);
    search.addEventListener("keydown", (event) => event.key === "Enter" && find());
  }
}

window.player = new Player(completed(JSON.parse(byId("data").textContent)));
