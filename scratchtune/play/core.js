// What every part of the page stands on: texts in two languages, light and dark, drawing, sliders, handles to drag.
// A part registers an instrument, `play.instrument(name, build)`; its texts are in texts/NAME.json, as NAME.key.
const play = {data: {}, texts: {}, instruments: {}, parts: [], formulas: {}};

// Elements ------------------------------------------------------------------------------------------------------------

// An element with attributes and children; `on…` are listeners, `text` its text, `hidden: false` and null are left out.
play.filled = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined)
      made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return made;
};
play.element = (tag, attributes, ...children) => play.filled(document.createElement(tag), attributes, children);
play.shape = (tag, attributes, ...children) =>
  play.filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Texts: [English, Chinese] by key ------------------------------------------------------------------------------------

const stored = name => {
  try {
    return localStorage.getItem(`scratchtune-${name}`);
  } catch {
    return null;
  }
};
const store = (name, value) => {
  try {
    localStorage.setItem(`scratchtune-${name}`, value);
  } catch {
    /* a private window */
  }
};
play.language = "en";
// The text of a key in the page's language, with {name} replaced by a value, {name|one|many} by a word.
play.text = (key, values = {}) => {
  const both = play.texts[key];
  if (!both) throw new Error(`there is no text ${key}`);
  return both[play.language === "zh" ? 1 : 0]
    .replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (_, name, one, many) => (String(values[name]) === "1" ? one : many))
    .replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
};
// A number for people: so many decimals, a true minus, thousands apart.
play.number = (value, decimals = 0) =>
  Number.isFinite(value)
    ? value.toLocaleString("en", {minimumFractionDigits: decimals, maximumFractionDigits: decimals}).replace("-", "−")
    : "–";
// So many significant digits, for values of any size.
play.digits = (value, count = 3) => {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6))
    return value.toExponential(count - 1).replace(/-/g, "−");
  return String(Number(value.toPrecision(count))).replace("-", "−");
};

// Each part is drawn again when the language, the scheme or the width changes, as long as its element is on the page.
play.part = (draw, owner = document.body) => {
  play.parts.push({draw, owner});
  draw();
};
play.redraw = () => {
  if (document.querySelector("#game")) document.title = play.text("core.title");
  document.documentElement.lang = play.language === "zh" ? "zh-CN" : "en";
  document.querySelectorAll("[data-text]").forEach(one => {
    one.textContent = play.text(one.dataset.text);
  });
  document
    .querySelectorAll("[data-label]")
    .forEach(one => one.setAttribute("aria-label", play.text(one.dataset.label)));
  play.parts = play.parts.filter(({owner}) => owner.isConnected);
  play.parts.forEach(({draw}) => draw());
};
play.setLanguage = language => {
  play.language = language;
  store("language", language);
  play.redraw();
};
play.setScheme = scheme => {
  document.documentElement.dataset.scheme = scheme;
  store("scheme", scheme);
  play.redraw();
};
play.isDark = () => document.documentElement.dataset.scheme === "dark";
play.still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Drawing: a chart in pixels of the page, as wide as its container ----------------------------------------------------

// Round steps between two numbers, about `count` of them.
play.ticks = (from, to, count = 5) => {
  const rough = (to - from) / count,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= rough * 0.999),
    found = [];
  for (let at = Math.ceil(from / step - 1e-9) * step; at <= to + step * 1e-9; at += step)
    found.push(Math.round(at / step) * step);
  return found;
};

/* A chart with axes in the element `host`. Its `draw(chart)` is called at once and whenever something changes; it calls
   chart.axes({x: [from, to], y: [from, to], xLabel, yLabel, xLog, xTicks, yTicks, tick}), and then adds layers:
   line(points, look), area(upper points, lower points, look), dot(x, y, look), rule(x or null, y or null, look),
   note(x, y, text, look), bars([[from, to, height], ...], look). A look is an object of attributes; class names of
   page.css: c1 to c6 and you are colours, soft, strong, dashed. Handles (play.handle) stay when the rest is redrawn. */
play.chart = (host, {height = 280, label}, draw) => {
  const under = play.shape("g"),
    over = play.shape("g");
  const root = play.shape("svg", {class: "chart", role: "group"}, under, over);
  host.append(root);
  const chart = {root, over, width: 0};
  const add = (tag, attributes, look) => under.appendChild(play.shape(tag, {...attributes, ...look}));
  chart.axes = ({
    x,
    y,
    xLabel = "",
    yLabel = "",
    xLog = false,
    yLog = false,
    xTicks,
    yTicks,
    tick = v => play.digits(v, 4),
    xTick = tick,
    yTick = tick,
    left = 44,
    bottom = 38
  }) => {
    const box = {left, right: chart.width - 10, top: 12, bottom: chart.height - bottom},
      unit = (v, [a, b], isLog) => (isLog ? Math.log(v / a) / Math.log(b / a) : (v - a) / (b - a));
    chart.box = box;
    chart.X = v => box.left + unit(v, x, xLog) * (box.right - box.left);
    chart.Y = v => box.bottom - unit(v, y, yLog) * (box.bottom - box.top);
    chart.inverse = (px, py) => [
      xLog
        ? x[0] * (x[1] / x[0]) ** ((px - box.left) / (box.right - box.left))
        : x[0] + ((px - box.left) / (box.right - box.left)) * (x[1] - x[0]),
      yLog
        ? y[0] * (y[1] / y[0]) ** ((box.bottom - py) / (box.bottom - box.top))
        : y[0] + ((box.bottom - py) / (box.bottom - box.top)) * (y[1] - y[0])
    ];
    for (const v of yTicks || play.ticks(...y)) {
      add("line", {x1: box.left, x2: box.right, y1: chart.Y(v), y2: chart.Y(v), class: "grid"});
      add("text", {x: box.left - 6, y: chart.Y(v) + 4, "text-anchor": "end", text: yTick(v)});
    }
    for (const v of xTicks || play.ticks(...x, Math.max(2, Math.round(chart.width / 110))))
      add("text", {x: chart.X(v), y: box.bottom + 16, "text-anchor": "middle", text: xTick(v)});
    add("line", {x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "axis"});
    if (xLabel)
      add("text", {
        x: (box.left + box.right) / 2,
        y: chart.height - 4,
        "text-anchor": "middle",
        class: "title",
        text: xLabel
      });
    if (yLabel)
      add("text", {
        x: 0,
        y: 0,
        transform: `translate(11 ${(box.top + box.bottom) / 2}) rotate(-90)`,
        "text-anchor": "middle",
        class: "title",
        text: yLabel
      });
  };
  const path = points => {
    let d = "",
      pen = "M";
    for (const [x, y] of points) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        pen = "M";
        continue;
      }
      d += `${pen}${chart.X(x).toFixed(2)} ${Math.max(-9e3, Math.min(9e3, chart.Y(y))).toFixed(2)}`;
      pen = "L";
    }
    return d;
  };
  chart.line = (points, look) => add("path", {d: path(points), fill: "none", class: "line"}, look);
  chart.area = (upper, lower, look) =>
    add("path", {d: path([...upper, ...[...lower].reverse()]) + "Z", class: "area"}, look);
  chart.dot = (x, y, look) => add("circle", {cx: chart.X(x), cy: chart.Y(y), r: 5, class: "dot"}, look);
  chart.rule = (x, y, look) =>
    add(
      "line",
      x === null
        ? {x1: chart.box.left, x2: chart.box.right, y1: chart.Y(y), y2: chart.Y(y), class: "rule"}
        : {x1: chart.X(x), x2: chart.X(x), y1: chart.box.top, y2: chart.box.bottom, class: "rule"},
      look
    );
  chart.note = (x, y, text, look) => add("text", {x: chart.X(x), y: chart.Y(y), text}, look);
  chart.bars = (bars, look) =>
    bars.forEach(([from, to, high]) =>
      add(
        "rect",
        {
          x: chart.X(from) + 0.5,
          width: Math.max(0.5, chart.X(to) - chart.X(from) - 1),
          y: chart.Y(high),
          height: Math.max(0, chart.box.bottom - chart.Y(high)),
          class: "bar"
        },
        look
      )
    );
  chart.tile = (x, y, width, high, fill) =>
    add("rect", {x: chart.X(x) - width / 2, y: chart.Y(y) - high / 2, width, height: high, rx: 4, fill});
  chart.draw = () => {
    chart.width = Math.max(240, Math.floor(host.clientWidth || 600));
    chart.height = typeof height === "function" ? height() : height;
    root.setAttribute("viewBox", `0 0 ${chart.width} ${chart.height}`);
    root.setAttribute("width", chart.width);
    root.setAttribute("height", chart.height);
    root.setAttribute("aria-label", typeof label === "function" ? label() : play.text(label));
    under.replaceChildren();
    draw(chart);
  };
  play.part(chart.draw, host);
  return chart;
};

/* A point of a chart that is moved by pointer, touch and arrow keys. `at()` gives its [x, y]; `move(x, y)` is called
   with the new ones and must redraw the chart; `step` is [of x, of y] for a key; `label()` says what it is. One that
   moves along x only is a slider over its `range`; in two dimensions ARIA has no such role, so the name speaks both. */
play.handle = (chart, {at, move, step, label, range = null, remove = null}) => {
  const knob = play.shape("circle", {
    r: 9,
    tabindex: 0,
    class: "handle",
    ...(range ? {role: "slider", "aria-valuemin": range[0], "aria-valuemax": range[1]} : {role: "application"})
  });
  const place = () => {
    const [x, y] = at();
    knob.setAttribute("cx", chart.X(x));
    knob.setAttribute("cy", chart.Y(y));
    knob.setAttribute("aria-label", range ? label() : `${label()}: ${play.digits(x)}, ${play.digits(y)}`);
    if (range) knob.setAttribute("aria-valuenow", Number(x.toFixed(4)));
    else knob.setAttribute("aria-roledescription", play.text("core.handle"));
  };
  let dragged = false;
  knob.addEventListener("pointerdown", event => {
    dragged = true;
    knob.setPointerCapture(event.pointerId);
    event.preventDefault();
    knob.focus({preventScroll: true});
  });
  knob.addEventListener("pointermove", event => {
    if (!dragged) return;
    const box = chart.root.getBoundingClientRect(),
      scale = chart.width / box.width;
    move(...chart.inverse((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  });
  for (const end of ["pointerup", "pointercancel"])
    knob.addEventListener(end, () => {
      dragged = false;
    });
  knob.addEventListener("keydown", event => {
    const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
    if (way) {
      event.preventDefault();
      const [x, y] = at();
      move(x + way[0] * step[0], y + way[1] * step[1]);
    } else if (remove && ["Delete", "Backspace"].includes(event.key)) {
      event.preventDefault();
      remove();
    }
  });
  chart.over.append(knob);
  return {knob, place};
};

// Controls ------------------------------------------------------------------------------------------------------------

let controls = 0;
/* A slider with its name and value. With `log` it moves on a logarithmic scale. `change(value)` is called on each move;
   the result has `value`, which can be set. `shown(value)` is the text of the value. */
play.slider = (host, {label, min, max, step, value, log = false, shown = v => play.digits(v), change}) => {
  const id = `control-${++controls}`,
    to = v => (log ? Math.log(v) : v),
    from = v => (log ? Math.exp(v) : v);
  const input = play.element("input", {
    type: "range",
    id,
    min: to(min),
    max: to(max),
    step: step ?? (to(max) - to(min)) / 200,
    value: to(value)
  });
  const output = play.element("output", {for: id}),
    name = play.element("label", {for: id, "data-text": label});
  let exact = null; // what was set, which need not be at a step of the slider
  const made = {
    input,
    get value() {
      return exact ?? from(Number(input.value));
    },
    set value(v) {
      exact = v;
      input.value = to(v);
      show();
    }
  };
  const show = () => {
    name.textContent = play.text(label);
    output.textContent = shown(made.value);
    input.setAttribute("aria-valuetext", shown(made.value));
  };
  input.addEventListener("input", () => {
    exact = null;
    show();
    change(made.value);
  });
  host.append(play.element("div", {class: "slider"}, name, input, output));
  play.part(show, output);
  return made;
};
// A button with a text of the page.
play.button = (label, click, look = {}) =>
  play.element("button", {type: "button", "data-text": label, onclick: click, text: play.text(label), ...look});
/* A choice of one of several, as radio buttons in a row. `choices` are [value, text key or a function] pairs. */
play.choice = (host, {label, choices, value, change}) => {
  const name = `control-${++controls}`,
    set = play.element(
      "fieldset",
      {class: "choice"},
      play.element("legend", {"data-text": label, text: play.text(label)})
    );
  for (const [one, text] of choices) {
    const caption = play.element("span"),
      input = play.element("input", {type: "radio", name, value: one, checked: one === value});
    input.addEventListener("change", () => change(one));
    set.append(play.element("label", {}, input, caption));
    play.part(() => {
      caption.textContent = typeof text === "function" ? text() : play.text(text);
    }, caption);
  }
  host.append(set);
  return {
    set value(v) {
      set.querySelectorAll("input").forEach(input => {
        input.checked = input.value === String(v);
      });
    }
  };
};

// Random numbers of one seed, the same everywhere ---------------------------------------------------------------------

// 32 bits mixed from integers; benchmarks/moves.py computes the same.
play.hash = (...numbers) => {
  let mixed = 0x9e3779b9;
  for (const each of numbers) {
    mixed = Math.imul(mixed ^ each, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed >>> 0;
};
play.uniform = (...numbers) => (play.hash(...numbers) + 0.5) / 2 ** 32;
// How many of `rows` images are right that are drawn from `all`, of which `right` are; the same for the same key.
play.drawn = (right, all, rows, ...key) => {
  let hits = 0;
  for (let i = 0; i < rows; i++) if (play.uniform(...key, i) < (right - hits) / (all - i)) hits++;
  return hits;
};

// Instruments: a title, what to try, the stage, the formula with its lesson -------------------------------------------

play.instrument = (name, build) => {
  play.instruments[name] = build;
};
play.lesson = number => {
  const href = play.data.lessons[number],
    title = play.text(`core.lesson_${number}`);
  return href
    ? play.element("a", {href, text: title})
    : play.element("span", {}, `${title} (`, play.element("code", {text: `python -m lessons ${number}`}), ")");
};
play.mount = (section, name) => {
  const {formulas, lesson} = play.data.instruments[name],
    stage = play.element("div", {class: "stage"});
  const read = play.element("p", {class: "read"});
  section.append(
    play.element("h2", {"data-text": `${name}.title`}),
    play.element("p", {"data-text": `${name}.what`}),
    stage,
    play.element(
      "dl",
      {class: "formulas"},
      formulas.map(id => [
        play.element("dt", {}, play.data.links[id] ? play.element("a", {href: play.data.links[id], text: id}) : id),
        play.element(
          "dd",
          {},
          play.element("code", {text: play.data.lines[id].line}),
          play.element(
            "small",
            {},
            play.data.lines[id].where.map(
              ([symbol, argument, words], k) => `${k ? "; " : ""}${symbol}: ${words || argument.replace(/_/g, " ")}`
            )
          )
        )
      ])
    ),
    read
  );
  play.part(() => read.replaceChildren(play.text("core.read"), " ", play.lesson(lesson)));
  play.instruments[name](stage);
};

// Begin: what the address or an earlier visit says, then everything that the page holds -------------------------------

play.address = () => new URLSearchParams(location.hash.slice(1));
play.start = async () => {
  const language =
    play.address().get("language") || stored("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
  play.language = language === "zh" ? "zh" : "en";
  document.documentElement.dataset.scheme =
    stored("scheme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document
    .querySelectorAll("[data-set=language]")
    .forEach(one => one.addEventListener("click", () => play.setLanguage(play.language === "zh" ? "en" : "zh")));
  document
    .querySelectorAll("[data-set=scheme]")
    .forEach(one => one.addEventListener("click", () => play.setScheme(play.isDark() ? "light" : "dark")));
  if (play.unpack) await play.unpack();
  if (play.game && document.getElementById("game")) play.game(document.getElementById("game"));
  if (play.board && document.getElementById("board")) play.board(document.getElementById("board"));
  document.querySelectorAll("[data-instrument]").forEach(section => play.mount(section, section.dataset.instrument));
  play.redraw();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) {
      width = innerWidth;
      play.redraw();
    }
  });
  document.documentElement.dataset.ready = "yes";
};
addEventListener("DOMContentLoaded", () => play.start());
