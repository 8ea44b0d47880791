// What the page can do beyond reading: hover and keyboard on the pictures, details of a trial, sorting and filtering of
// the table, and rectangles in pictures that filter too. Everything that it shows is in the page already; texts are set
// with textContent only, so none of them can become markup. A mark is an element of a picture with data-n, a trial's
// number.

const make = (name, attributes = {}, text = "") => {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.textContent = text;
  return one;
};

const tip = document.body.appendChild(make("div", { class: "tip", role: "tooltip", id: "tip" }));
tip.hidden = true;
const spoken = document.body.appendChild(make("div", { class: "spoken", role: "status" }));

// A study ------------------------------------------------------------------------------------------------------------

class Study {
  constructor(root, table) {
    this.table = table;
    this.key = root.dataset.key;
    const heads = [...table.tHead.rows[0].cells];
    this.names = heads.map((head) => head.textContent);
    this.isNumber = heads.map((head) => head.classList.contains("n"));
    this.lines = [...table.tBodies[0].rows]; // in order of number, from 0
    this.rows = this.lines.map((line, row) => [...line.cells].map((cell, column) => column === 0 ? row
      : cell.textContent === "" ? null : this.isNumber[column] ? Number(cell.textContent) : cell.textContent));
    this.texts = this.lines.map((line) => line.textContent.toLowerCase());
    this.filter = { text: "", state: "", ranges: new Map() };
    this.shown = new Set(this.rows.keys());
    this.marks = Map.groupBy(root.querySelectorAll("svg [data-n]"), (mark) => Number(mark.dataset.n));
    makeSortable(this, heads);
    this.update = makeControls(this);
    this.charts = [...root.querySelectorAll("svg:has([data-n])")].map((svg) => new Chart(this, svg));
    table.querySelectorAll("tbody a").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      showDetails(this, Number(link.textContent), link);
    }));
    this.apply();
  }

  describe(row) { // the tooltip of a trial
    const found = this.names.map((name, column) => [name, this.rows[row][column]]).slice(2, 17)
      .filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
    return [`Trial ${row}, ${this.rows[row][1]}`, ...found].join("\n");
  }

  passes(row) {
    const { text, state, ranges } = this.filter;
    return this.texts[row].includes(text) && (!state || this.rows[row][1] === state)
      && [...ranges.values()].every((range) => range.passes(row));
  }

  apply() { // show what passes the filter, in the table and in all pictures
    this.shown = new Set([...this.rows.keys()].filter((row) => this.passes(row)));
    this.lines.forEach((line, row) => {
      const out = !this.shown.has(row);
      line.hidden = out;
      for (const mark of this.marks.get(row) ?? []) mark.classList.toggle("out", out);
    });
    this.charts.forEach((chart) => chart.drawBrush());
    this.update();
  }

  setRange(key, range) { // range: what passes, and its name; none ends the filter
    if (range) this.filter.ranges.set(key, range);
    else this.filter.ranges.delete(key);
    this.apply();
  }

  highlight(row) { // in all pictures
    document.querySelectorAll(".here").forEach((mark) => mark.classList.remove("here"));
    for (const mark of this.marks.get(row) ?? []) mark.classList.add("here");
  }
}

// Details of a trial -------------------------------------------------------------------------------------------------

const dialog = document.body.appendChild(make("dialog", { "aria-labelledby": "details-title" }));
let openedFrom = null;

function showDetails(study, row, from) {
  const reason = document.getElementById(`${study.key}trial-${row}`);
  const title = make("h2", { id: "details-title", tabindex: "-1" }, reason.firstChild.textContent);
  const close = make("button", { type: "button" }, "Close");
  close.addEventListener("click", hideDetails);
  dialog.replaceChildren(title, ...[...reason.children].slice(1).map((part) => part.cloneNode(true)), close);
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

// Pictures: the mark nearest to the pointer, the arrow keys, and a rectangle that filters ----------------------------------

function cornersOf(mark) { // the points of a mark, in the picture's units
  if (mark.hasAttribute("x")) return [[Number(mark.getAttribute("x")), Number(mark.getAttribute("y"))]];
  const numbers = mark.getAttribute("d").match(/-?[\d.]+/g).map(Number);
  return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]);
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
    Object.assign(this, { study, svg, here: null, from: null });
    this.marks = [...svg.querySelectorAll("[data-n]")].map((mark) => [Number(mark.dataset.n), cornersOf(mark)])
      .sort((a, b) => a[0] - b[0]);
    this.name = svg.closest("figure").querySelector("b").textContent.replace(/\.? *$/, "");
    this.brush = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    this.brush.classList.add("brush");
    svg.append(this.brush);
    this.frame = make("div", { class: "plot", tabindex: "0", role: "group", "aria-label": `${svg.getAttribute(
      "aria-label")} Arrow keys move between trials, Enter shows why a trial was proposed.` });
    svg.replaceWith(this.frame);
    this.frame.append(svg);
    svg.addEventListener("pointerdown", (event) => this.begin(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.end(event));
    svg.addEventListener("pointerleave", () => this.leave());
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("blur", () => this.leave());
  }

  at(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [x, y];
  }

  nearest(event) {
    const [x, y] = this.at(event);
    let [best, found] = [12, null];
    for (const [row, corners] of this.marks) {
      const far = this.study.shown.has(row) ? distance(corners, x, y) : best;
      if (far < best) [best, found] = [far, row];
    }
    return found;
  }

  begin(event) {
    if (event.pointerType === "touch" || event.button) return; // a finger scrolls
    event.preventDefault();
    this.frame.focus({ preventScroll: true });
    this.from = this.at(event);
    this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (this.from && event.buttons) return this.showBrush(this.from, this.at(event));
    const row = this.nearest(event);
    if (row === null) this.leave();
    else this.show(row, event.clientX, event.clientY);
  }

  end(event) {
    const [from, to] = [this.from ?? this.at(event), this.at(event)];
    this.from = null;
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < 4) { // a click
      const row = this.nearest(event);
      if (row !== null) showDetails(this.study, row, this.frame);
      else this.study.setRange(this, null);
      return;
    }
    const inside = (point) => [0, 1].every((i) => Math.min(from[i], to[i]) <= point[i] && point[i] <= Math.max(from[i], to[i]));
    const rows = new Set(this.marks.filter(([, corners]) => corners.some(inside)).map(([row]) => row));
    this.study.setRange(this, { passes: (row) => rows.has(row), name: `within ${this.name}`, corners: [from, to] });
  }

  showBrush([ax, ay], [bx, by]) {
    tip.hidden = true;
    const sides = { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(ax - bx), height: Math.abs(ay - by) };
    for (const [key, value] of Object.entries(sides)) this.brush.setAttribute(key, value);
  }

  drawBrush() { this.showBrush(...(this.study.filter.ranges.get(this)?.corners ?? [[0, 0], [0, 0]])); }

  show(row, x, y) {
    if (this.here !== row) {
      this.here = row;
      this.study.highlight(row);
      tip.textContent = this.study.describe(row);
    }
    tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = tip;
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.max(4, y + 18 + height > innerHeight ? y - height - 12 : y + 18)}px`;
  }

  leave() {
    if (this.here !== null) this.study.highlight(null);
    this.here = null;
    tip.hidden = true;
  }

  key(event) {
    if (event.target !== this.frame) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const rows = [...new Set(this.marks.map(([row]) => row))].filter((row) => this.study.shown.has(row));
    if (!rows.length) return;
    const now = rows.indexOf(this.here);
    if (event.key === "Enter" && this.here !== null) showDetails(this.study, this.here, this.frame);
    else if (event.key === "Home") this.moveTo(rows[0]);
    else if (event.key === "End") this.moveTo(rows.at(-1));
    else if (step) this.moveTo(rows[now < 0 ? 0 : (now + step + rows.length) % rows.length]);
    else return;
    event.preventDefault();
  }

  moveTo(row) {
    const corners = this.marks.find((mark) => mark[0] === row)[1];
    const at = new DOMPoint(...corners.at(-1)).matrixTransform(this.svg.getScreenCTM());
    this.show(row, at.x, at.y);
    spoken.textContent = tip.textContent.replaceAll("\n", ", ");
  }
}

// The table: sorting and the form of filters ---------------------------------------------------------------------------

function makeSortable(study, heads) {
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      study.table.tBodies[0].append(...sorted(study, column, order === "ascending" ? 1 : -1));
    });
  });
}

function sorted(study, column, sign) { // empty cells last, equal ones in order of number
  const compare = (a, b) => {
    const [one, other] = [study.rows[a][column], study.rows[b][column]];
    if (one === other) return a - b;
    if (one === null || other === null) return one === null ? 1 : -1;
    return (typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true })) * sign;
  };
  return [...study.rows.keys()].sort(compare).map((row) => study.lines[row]);
}

function labelled(text, input) {
  const label = make("label", {}, text);
  label.append(input);
  return label;
}

function makeControls(study) { // returns what shows the state of the filters
  const form = make("form", { class: "controls", "aria-label": "Filter the trials" });
  const text = make("input", { type: "search", autocomplete: "off" });
  const state = make("select");
  state.append(make("option", { value: "" }, "all"));
  for (const one of new Set(study.rows.map((row) => row[1]))) state.append(make("option", { value: one }, one));
  const column = make("select");
  study.names.forEach((name, index) => {
    if (study.isNumber[index]) column.append(make("option", { value: index }, name));
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
  add.addEventListener("click", () => addRange(study, Number(column.value), low.value, high.value));
  reset.addEventListener("click", () => {
    text.value = state.value = low.value = high.value = "";
    study.filter = { text: "", state: "", ranges: new Map() };
    study.apply();
  });
  return () => {
    count.textContent = `${study.shown.size.toLocaleString("en")} of ${study.rows.length.toLocaleString("en")} trials shown`;
    chips.replaceChildren(...[...study.filter.ranges].map(([key, { name }]) => makeChip(study, key, name)));
    chips.hidden = study.filter.ranges.size === 0;
  };
}

function addRange(study, column, low, high) {
  const [least, most] = [low === "" ? -Infinity : Number(low), high === "" ? Infinity : Number(high)];
  const ends = [low && `from ${low}`, high && `to ${high}`].filter(Boolean).join(" ");
  study.setRange(column, { name: `${study.names[column]} ${ends || "any"}`, passes: (row) => {
    const value = study.rows[row][column];
    return value !== null && least <= value && value <= most;
  } });
}

function makeChip(study, key, name) {
  const item = make("li");
  const button = make("button", { type: "button", "aria-label": `Remove the range: ${name}` }, `${name} ✕`);
  button.addEventListener("click", () => study.setRange(key, null));
  item.append(button);
  return item;
}

for (const root of document.querySelectorAll(".study")) {
  const table = root.querySelector("table.trials"); // a study without trials has none
  if (table) new Study(root, table);
}
document.documentElement.dataset.ready = "yes";
