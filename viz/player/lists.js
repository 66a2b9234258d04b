// Elements made in one call, and lists of any length of which only what is in view is in the page.

/** An element with attributes, event handlers (onclick and so on) and children; text is text, never markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

const ROW = 28; // pixels, as in page.css

/**
 * Rows of buttons. The keys Up and Down go from row to row; one of them takes part in going through the page
 * with Tab.
 *
 * fill(button, index) writes a row; pick(index) is what a click does.
 */
class Rows {
  constructor(container, count, fill, pick) {
    Object.assign(this, { container, count, fill, pick, shown: new Map(), home: 0 });
    this.spacer = make("div", { class: "spacer" });
    this.spacer.style.height = `${count * ROW}px`;
    container.append(this.spacer);
    container.addEventListener("scroll", () => this.refresh());
    container.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.refresh()).observe(container);
  }

  refresh() {
    this.look();
    this.draw();
  }

  /** What of the list is in view. Reading it after something was written would have the page laid out anew. */
  look() {
    Object.assign(this, { top: this.container.scrollTop, height: this.container.clientHeight });
  }

  draw() {
    const { top, height } = this;
    if (!height) return;
    const first = Math.max(0, Math.floor(top / ROW) - 3);
    const last = Math.min(this.count - 1, Math.ceil((top + height) / ROW) + 3);
    for (const [index, button] of this.shown) {
      if ((index < first || index > last) && button !== document.activeElement) {
        button.remove();
        this.shown.delete(index);
      }
    }
    for (let index = first; index <= last; index++) this.row(index);
    for (const [index, button] of this.shown) {
      button.tabIndex = index === this.home ? 0 : -1;
      this.fill(button, index);
    }
    if (!this.shown.has(this.home) && this.shown.has(first)) this.shown.get(first).tabIndex = 0;
  }

  row(index) {
    let button = this.shown.get(index);
    if (!button) {
      button = make("button", { type: "button", onclick: () => this.pick(index) });
      button.style.top = `${index * ROW}px`;
      button.dataset.index = index;
      this.shown.set(index, button);
      // In the order of their places, so that a screen reader reads them so.
      const after = [...this.shown].filter(([other]) => other > index).sort(([a], [b]) => a - b)[0];
      this.spacer.insertBefore(button, after ? after[1] : null);
    }
    return button;
  }

  /** Scroll no more than it takes to have a row in view; it is the one that Tab leads to. */
  reveal(index) {
    this.home = Math.max(0, index);
    this.look();
    const top = this.home * ROW;
    if (top >= this.top && top + ROW <= this.top + this.height) return;
    this.container.scrollTop = top - this.height / 2 + ROW;
    this.look();
  }

  onKey(event) {
    const index = Number(event.target.dataset.index);
    const move = { ArrowUp: -1, ArrowDown: 1, PageUp: -8, PageDown: 8 }[event.key];
    if (Number.isNaN(index) || !move) return;
    event.preventDefault();
    const to = Math.min(this.count - 1, Math.max(0, index + move));
    this.reveal(to);
    this.draw();
    this.row(to).focus();
  }
}
