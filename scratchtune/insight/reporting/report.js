// What the page can do beyond reading: hover and keyboard on the pictures, details of a trial, sorting and filtering
// of the table, brushing of parallel coordinates. Everything that it shows is in the page already; texts are set with
// textContent only, so none of them can become markup.

const make = (name, attributes = {}, text = "") => {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.textContent = text;
  return one;
};

const makeSvg = (name, attributes) => {
  const one = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
};

const tip = document.body.appendChild(make("div", { class: "tip", role: "tooltip", id: "tip" }));
tip.hidden = true;
const spoken = document.body.appendChild(make("div", { class: "spoken", role: "status" }));

// A study ------------------------------------------------------------------------------------------------------------

class Study {
  constructor(root) {
    this.root = root;
    const data = JSON.parse(root.querySelector("script.data").textContent);
    Object.assign(this, data); // columns: [name, is number]; rows: values by trial; choices: texts by column
    this.names = this.columns.map(([name]) => name);
    this.filter = { text: "", state: "", ranges: new Map() };
    this.shown = new Set(this.rows.keys());
    this.table = root.querySelector("table.trials");
    this.lines = [...this.table.tBodies[0].rows];
    this.texts = this.lines.map((line) => line.textContent.toLowerCase());
    this.details = new Map([...root.querySelectorAll(".reasons details")].map((one) => [Number(one.dataset.n), one]));
    this.marks = [...root.querySelectorAll(".m")];
    this.brushes = [...root.querySelectorAll(".brush")].map((group) => new Brush(this, group));
    makeSortable(this);
    this.controls = makeControls(this);
    for (const chart of root.querySelectorAll(".chart")) new Chart(this, chart);
    root.querySelectorAll(".trials tbody a").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      this.open(Number(link.textContent), link);
    }));
    this.apply();
  }

  text(row, column) { // a value as people read it
    const value = this.rows[row][column];
    if (value === null) return "";
    if (this.choices[column]) return this.choices[column][value];
    return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
  }

  describe(row) { // the tooltip of a trial
    const lines = [`Trial ${row}, ${this.rows[row][1]}`];
    for (let column = 2; column < this.columns.length && lines.length < 16; column++) {
      if (this.rows[row][column] !== null) lines.push(`${this.names[column]}: ${this.text(row, column)}`);
    }
    return lines.join("\n");
  }

  passes(row) {
    const { text, state, ranges } = this.filter;
    if (text && !this.texts[row].includes(text)) return false;
    if (state && this.rows[row][1] !== state) return false;
    for (const [column, [low, high]] of ranges) {
      const value = this.rows[row][column];
      if (value === null || value < low || value > high) return false;
    }
    return true;
  }

  apply() { // show what passes the filter, in the table and in all pictures
    this.shown = new Set([...this.rows.keys()].filter((row) => this.passes(row)));
    for (const line of this.lines) line.hidden = !this.shown.has(Number(line.dataset.n));
    for (const mark of this.marks) mark.classList.toggle("out", !this.shown.has(Number(mark.dataset.n)));
    for (const [row, one] of this.details) one.hidden = !this.shown.has(row);
    for (const brush of this.brushes) brush.draw();
    this.controls.update();
  }

  setRange(column, range) {
    if (range) this.filter.ranges.set(column, range);
    else this.filter.ranges.delete(column);
    this.apply();
  }

  open(row, from) { showDetails(this, row, from); }
}

// Details of a trial -------------------------------------------------------------------------------------------------

const dialog = document.body.appendChild(make("dialog", { "aria-labelledby": "details-title" }));
let openedFrom = null;

function showDetails(study, row, from) {
  const original = study.details.get(row);
  const title = make("h2", { id: "details-title", tabindex: "-1" }, original.querySelector("summary").textContent);
  const close = make("button", { type: "button" }, "Close");
  close.addEventListener("click", hideDetails);
  const parts = [...original.children].slice(1).map((part) => part.cloneNode(true));
  dialog.replaceChildren(title, ...parts, close);
  openedFrom = from;
  if (!dialog.open) dialog.show();
  title.focus();
}

function hideDetails() {
  if (!dialog.open) return;
  dialog.close();
  if (openedFrom) openedFrom.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  tip.hidden = true;
  hideDetails();
});

// Pictures: the mark nearest to the pointer, and the arrow keys --------------------------------------------------------

function cornersOf(mark) { // the points of a mark, in the picture's units
  const number = (name) => Number(mark.getAttribute(name));
  if (mark.dataset.x) return [[Number(mark.dataset.x), Number(mark.dataset.y)]];
  if (mark.tagName === "circle") return [[number("cx"), number("cy")]];
  if (mark.tagName === "rect") {
    const middle = number("y") + number("height") / 2;
    return [[number("x"), middle], [number("x") + number("width"), middle]];
  }
  return mark.getAttribute("d").slice(1).split(/[LM]/).map((pair) => pair.split(" ").map(Number));
}

function distance(corners, x, y) { // from a point to the nearest piece of a line
  let best = Math.hypot(corners[0][0] - x, corners[0][1] - y);
  for (let i = 1; i < corners.length; i++) {
    const [[ax, ay], [bx, by]] = [corners[i - 1], corners[i]];
    const [dx, dy] = [bx - ax, by - ay];
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    best = Math.min(best, Math.hypot(ax + along * dx - x, ay + along * dy - y));
  }
  return best;
}

class Chart {
  constructor(study, svg) {
    this.study = study;
    this.svg = svg;
    this.marks = [...svg.querySelectorAll(".m")];
    if (!this.marks.length) return;
    this.corners = this.marks.map(cornersOf);
    this.order = [...this.marks.keys()].sort((a, b) => this.marks[a].dataset.n - this.marks[b].dataset.n);
    this.here = null;
    const frame = make("div", { class: "plot", tabindex: "0", role: "group", "aria-label":
      `${svg.getAttribute("aria-label")} Arrow keys move between trials, Enter shows why a trial was proposed.` });
    svg.replaceWith(frame);
    frame.append(svg);
    this.frame = frame;
    svg.addEventListener("pointermove", (event) => this.hover(event));
    svg.addEventListener("pointerleave", () => this.leave());
    svg.addEventListener("click", (event) => {
      if (event.target.closest(".brush")) return;
      const index = this.nearest(event);
      if (index !== null) study.open(this.row(index), frame);
    });
    frame.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("blur", () => this.leave());
  }

  row(index) { return Number(this.marks[index].dataset.n); }

  nearest(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    let [best, found] = [14, null];
    this.corners.forEach((corners, index) => {
      if (!this.study.shown.has(this.row(index))) return;
      const far = distance(corners, at.x, at.y);
      if (far < best) [best, found] = [far, index];
    });
    return found;
  }

  hover(event) {
    const index = event.buttons ? null : this.nearest(event);
    this.svg.classList.toggle("pointing", index !== null);
    if (index === null) this.leave();
    else this.mark(index, event.clientX, event.clientY);
  }

  mark(index, x, y) {
    if (this.here !== index) {
      this.unmark();
      this.here = index;
      this.marks[index].classList.add("here");
      tip.textContent = this.study.describe(this.row(index));
    }
    tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = tip;
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.max(4, y + 18 + height > innerHeight ? y - height - 12 : y + 18)}px`;
  }

  unmark() {
    if (this.here !== null) this.marks[this.here].classList.remove("here");
    this.here = null;
  }

  leave() {
    this.unmark();
    tip.hidden = true;
  }

  key(event) {
    if (event.target !== this.frame) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const visible = this.order.filter((index) => this.study.shown.has(this.row(index)));
    if (!visible.length) return;
    const now = visible.indexOf(this.here);
    if (event.key === "Enter" && this.here !== null) this.study.open(this.row(this.here), this.frame);
    else if (event.key === "Home") this.moveTo(visible[0]);
    else if (event.key === "End") this.moveTo(visible.at(-1));
    else if (step) this.moveTo(visible[now < 0 ? 0 : (now + step + visible.length) % visible.length]);
    else return;
    event.preventDefault();
  }

  moveTo(index) {
    const [x, y] = this.corners[index].at(-1);
    const at = new DOMPoint(x, y).matrixTransform(this.svg.getScreenCTM());
    this.mark(index, at.x, at.y);
    spoken.textContent = tip.textContent.replaceAll("\n", ", ");
  }
}

// Brushing of parallel coordinates -------------------------------------------------------------------------------------

class Brush {
  constructor(study, group) {
    const { column, low, high, log, x, top, bottom } = group.dataset;
    Object.assign(this, { study, group, log: Boolean(log), column: Number(column) });
    [this.low, this.high, this.x, this.top, this.bottom] = [low, high, x, top, bottom].map(Number);
    this.range = makeSvg("rect", { class: "range", x: this.x - 7, width: 14, y: 0, height: 0 });
    this.handle = makeSvg("rect", { class: "handle", x: this.x - 14, width: 28, y: this.top,
      height: this.bottom - this.top });
    group.append(this.range, this.handle);
    this.handle.addEventListener("pointerdown", (event) => this.begin(event));
    this.handle.addEventListener("pointermove", (event) => this.move(event));
    this.handle.addEventListener("pointerup", (event) => this.end(event));
  }

  height(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.group.getScreenCTM().inverse());
    return Math.min(this.bottom, Math.max(this.top, at.y));
  }

  valueAt(height) {
    const share = (this.bottom - height) / (this.bottom - this.top);
    return this.log ? this.low * (this.high / this.low) ** share : this.low + share * (this.high - this.low);
  }

  heightOf(value) {
    const share = this.log ? Math.log(value / this.low) / Math.log(this.high / this.low)
      : (value - this.low) / (this.high - this.low);
    return this.bottom - Math.min(1, Math.max(0, share)) * (this.bottom - this.top);
  }

  begin(event) {
    this.from = this.height(event);
    this.handle.setPointerCapture(event.pointerId);
    tip.hidden = true;
  }

  move(event) {
    if (this.from === undefined) return;
    this.show(this.from, this.height(event));
  }

  end(event) {
    if (this.from === undefined) return;
    const [upper, lower] = [this.from, this.height(event)].sort((a, b) => a - b);
    this.from = undefined;
    if (lower - upper < 3) this.study.setRange(this.column, null); // a click ends the filter
    else this.study.setRange(this.column, [this.endOf(lower, -Infinity), this.endOf(upper, Infinity)]);
  }

  endOf(height, beyond) { // an end of the axis includes the values that are drawn there
    return height <= this.top || height >= this.bottom ? beyond : this.valueAt(height);
  }

  show(a, b) {
    this.range.setAttribute("y", Math.min(a, b));
    this.range.setAttribute("height", Math.abs(a - b));
  }

  draw() {
    const range = this.study.filter.ranges.get(this.column);
    if (!range) this.show(0, 0);
    else this.show(...range.map((value, side) => value === -Infinity ? this.bottom : value === Infinity ? this.top
      : this.heightOf(value, side)));
  }
}

// The table: sorting and the form of filters ---------------------------------------------------------------------------

function makeSortable(study) {
  const heads = [...study.table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      sortBy(study, column, order === "ascending" ? 1 : -1);
    });
  });
}

function sortBy(study, column, sign) { // empty cells last, equal ones in order of number
  const value = (line) => study.rows[Number(line.dataset.n)][column];
  const compare = (a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === other) return a.dataset.n - b.dataset.n;
    if (one === null || other === null) return one === null ? 1 : -1;
    return (typeof one === "number" ? one - other : String(one).localeCompare(String(other))) * sign;
  };
  study.lines.sort(compare);
  study.table.tBodies[0].append(...study.lines);
}

function labelled(text, input) {
  const label = make("label", {}, text);
  label.append(input);
  return label;
}

function makeControls(study) {
  const form = make("form", { class: "controls", "aria-label": "Filter the trials" });
  const text = make("input", { type: "search", autocomplete: "off" });
  const state = make("select");
  state.append(make("option", { value: "" }, "all"));
  for (const one of new Set(study.rows.map((row) => row[1]))) state.append(make("option", { value: one }, one));
  const column = make("select");
  study.columns.forEach(([name, number], index) => {
    if (number) column.append(make("option", { value: index }, name));
  });
  column.value = "2";
  const [low, high] = [0, 1].map(() => make("input", { type: "number", step: "any" }));
  const add = make("button", { type: "button" }, "Add range");
  const reset = make("button", { type: "button" }, "Show all");
  const count = make("output");
  const chips = make("ul", { class: "chips", "aria-label": "Active ranges" });
  form.append(labelled("Text", text), labelled("State", state), labelled("Column", column), labelled("From", low),
    labelled("To", high), add, reset, count);
  study.table.parentElement.before(form, chips);
  form.addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("input", () => { study.filter.text = text.value.trim().toLowerCase(); study.apply(); });
  state.addEventListener("change", () => { study.filter.state = state.value; study.apply(); });
  add.addEventListener("click", () => study.setRange(Number(column.value), [
    low.value === "" ? -Infinity : Number(low.value), high.value === "" ? Infinity : Number(high.value)]));
  reset.addEventListener("click", () => {
    text.value = state.value = low.value = high.value = "";
    study.filter = { text: "", state: "", ranges: new Map() };
    study.apply();
  });
  return { update: () => updateControls(study, count, chips) };
}

function updateControls(study, count, chips) {
  const [shown, all] = [study.shown.size, study.rows.length].map((number) => number.toLocaleString("en"));
  count.textContent = `${shown} of ${all} trials shown`;
  chips.replaceChildren(...[...study.filter.ranges].map(([column, range]) => {
    const ends = range.map((end) => Number.isFinite(end) ? String(Number(end.toPrecision(4))) : "");
    const text = ends[0] && ends[1] ? `from ${ends[0]} to ${ends[1]}` : ends[0] ? `from ${ends[0]}`
      : ends[1] ? `up to ${ends[1]}` : "any";
    const item = make("li");
    const button = make("button", { type: "button" }, `${study.names[column]} ${text} ✕`);
    button.setAttribute("aria-label", `Remove the range: ${study.names[column]} ${text}`);
    button.addEventListener("click", () => study.setRange(column, null));
    item.append(button);
    return item;
  }));
  chips.hidden = study.filter.ranges.size === 0;
}

for (const root of document.querySelectorAll(".study")) {
  if (root.querySelector("script.data")) new Study(root); // a study without trials has none
}
document.documentElement.dataset.ready = "yes";
