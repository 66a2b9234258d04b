// Practice: the next number is hidden and asked for.

const CLOSE = 5e-4; // relatively: an answer has rounding errors of its own

/** Whether an answer is the number as it is printed; or to three digits, unless both are whole. */
function isAnswer(answer, expected) {
  if (number(answer) === number(expected)) return true;
  const isClose = Math.abs(answer - expected) <= CLOSE * Math.abs(expected) || answer === Number(expected.toPrecision(3));
  return isClose && !(Number.isInteger(answer) && Number.isInteger(expected));
}

class Practice {
  constructor(panel, player) {
    Object.assign(this, { panel, player, walk: player.walk });
    Object.assign(this, { asked: 0, right: 0, tries: 0, hints: 0, verdict: "", question: 0 });
    this.begin = make("button", { id: "practise", "aria-pressed": "false", onclick: () => this.toggle() }, "Practise");
    this.score = make("p", { id: "score" });
    this.prompt = make("p", { id: "question" });
    this.hint = make("div", { id: "hint" });
    this.answer = make("input", { id: "answer", autocomplete: "off", inputmode: "text", "aria-labelledby": "question" });
    this.told = make("p", { id: "verdict", role: "status" });
    const form = make("form", {
      onsubmit: (event) => {
        event.preventDefault();
        this.check();
      },
    }, make("div", { class: "actions" }, this.answer, make("button", { type: "submit" }, "Check")));
    this.area = make("div", { hidden: true }, this.prompt, form,
      make("div", { class: "actions" },
        make("button", { id: "givehint", onclick: () => this.giveHint() }, "Hint"),
        make("button", { id: "reveal", onclick: () => this.reveal() }, "Show me")),
      this.hint, this.told, this.score);
    panel.append(make("p", {}, "The page hides the next number, and asks you for it. Write 0.5, 1/2, 5e-1 or 2*0.25 as you like."),
      make("div", { class: "actions" }, this.begin), this.area);
  }

  toggle() {
    const { player } = this;
    player.isPractising = !player.isPractising;
    Object.assign(this, { asked: 0, right: 0, verdict: "", question: 0 });
    this.begin.setAttribute("aria-pressed", String(player.isPractising));
    write(this.begin, player.isPractising ? "Stop practising" : "Practise");
    this.area.hidden = !player.isPractising;
    player.pause();
    if (player.isPractising) {
      player.path = null;
      if (player.position === this.walk.length) player.position = 0;
      player.render();
      this.answer.focus();
    } else {
      player.render();
    }
  }

  /** The step that is asked for. */
  get at() {
    return this.player.position + 1;
  }

  get expected() {
    const { walk } = this;
    const which = walk.stepWhich[this.at - 1];
    if (which === EVALUATE) return walk.data[walk.stepNode[this.at - 1]];
    return which === SEED ? walk.seed : walk.contribution[this.at];
  }

  refresh() {
    const { walk, player } = this;
    if (!player.isPractising) return;
    const isOver = player.position >= walk.length || walk.problem !== null;
    if (this.question !== this.at) {
      Object.assign(this, { question: this.at, tries: 0, hints: 0 });
      this.hint.replaceChildren();
      this.answer.value = "";
    }
    this.answer.disabled = isOver;
    write(this.prompt, isOver ? (walk.problem ? player.sentences.refusal() : "That was the last step.") : this.wanted());
    write(this.told, this.verdict);
    const score = `${this.right} of ${this.asked} right at the first try`;
    write(this.score, this.asked ? score : "");
  }

  wanted() {
    const { walk, player } = this;
    const node = walk.stepNode[this.at - 1], which = walk.stepWhich[this.at - 1];
    const { name, gradient } = walk.nodes[node];
    if (which === EVALUATE) return `Step ${this.at}: what is ${name}?`;
    if (which === SEED) return `Step ${this.at}: backprop begins. What is ${gradient}?`;
    const operand = walk.nodes[walk.nodes[node].operands[which]];
    return `Step ${this.at}: which number does the edge from ${name} back to ${operand.name} add to ${operand.gradient}?`;
  }

  /** First the term in symbols, then how its local derivative comes about. */
  giveHint() {
    const { walk, player } = this;
    if (player.position >= walk.length || walk.problem) return;
    const node = walk.stepNode[this.at - 1], which = walk.stepWhich[this.at - 1];
    const { name, total, edges } = walk.nodes[node];
    this.hints++;
    let lines;
    if (which === EVALUATE) lines = [`${name} = ${player.sentences.formula(node)}`, `${name} = ${player.sentences.numbers(node)}`];
    else if (which === SEED) lines = [`${total} is the derivative of ${name} by itself`];
    else lines = [`${total} * ${edges[which].local}`, `${edges[which].local} = ${edges[which].formula}, since ${name} = ${player.sentences.formula(node)}`];
    this.hint.replaceChildren(...lines.slice(0, this.hints).map((line) => make("p", {}, line)));
  }

  check() {
    const { walk, player } = this;
    if (player.position >= walk.length || walk.problem) return;
    const answer = readNumber(this.answer.value);
    if (answer === null) {
      this.verdict = "That is no number: write 0.5, 1/2, 5e-1 or 2*0.25.";
      this.refresh();
      return;
    }
    const { expected, at } = this;
    const isRight = isAnswer(answer, expected) || (answer === 0 && walk.isNoise(at));
    this.tries++;
    if (!isRight) {
      if (this.tries === 1) this.asked++;
      this.verdict = `${number(answer)} is not it: try again, or ask for a hint.`;
      this.refresh();
      this.answer.select();
      return;
    }
    if (this.tries === 1) this.asked++;
    if (this.tries === 1 && !this.hints) this.right++;
    this.verdict = `Right: ${player.sentences.text(at)}`;
    player.goto(at);
  }

  reveal() {
    const { walk, player } = this;
    if (player.position >= walk.length || walk.problem) return;
    if (!this.tries) this.asked++;
    this.verdict = player.sentences.text(this.at);
    player.goto(this.at);
  }
}
