// Instrument: a threshold on the scores of a network: ROC, precision and recall, calibration, and what mistakes cost.
(() => {
  const SMALLEST = 2 ** -52; // the package's log_loss clips probabilities there, too
  const ones = rows => rows.map(() => 1);
  const chance = odds => play.formulas.sigmoid(odds).a,
    toOdds = p => log(p / (1 - p));
  const recall = (hits, missed) => play.formulas.recall([hits], [missed], NaN).R[0];

  // How many of each class have a score from each threshold on: one step for each distinct score, the highest first.
  const steps = (truth, odds) => {
    const order = odds.map((_, row) => row).sort((a, b) => odds[b] - odds[a]);
    const found = [{odds: Infinity, hits: 0, alarms: 0}];
    for (const row of order) {
      const {odds: before, hits, alarms} = found[found.length - 1];
      if (before === odds[row]) found.pop();
      found.push({odds: odds[row], hits: hits + truth[row], alarms: alarms + 1 - truth[row]});
    }
    return found;
  };
  const loss = (truth, p) =>
    play.formulas.log_loss(
      truth.map(y => [1 - y, y]),
      p.map(q => max(SMALLEST, min(1 - SMALLEST, q))).map(q => [1 - q, q]),
      ones(p)
    ).L;

  play.threshold = {
    // What the order of the scores decides: the points of both curves, and the areas; of all pairs, so only once.
    curves: (truth, odds) => {
      const positive = sum(truth),
        negative = truth.length - positive;
      const points = steps(truth, odds).map(step => ({
        ...step,
        recall: recall(step.hits, positive - step.hits),
        falls: recall(step.alarms, negative - step.alarms),
        precision: play.formulas.precision([step.hits], [step.alarms], 1).P[0]
      }));
      const after = points.slice(1),
        high = points.map(point => point.recall);
      const width = after.map((point, k) => point.falls - points[k].falls);
      return {
        points,
        auc: play.formulas.auc(truth, odds, ones(odds)).A,
        area: play.formulas.trapezoids(width, high.slice(0, -1), high.slice(1)).A,
        average: play.formulas.average_precision(truth, odds, ones(odds)).A
      };
    },
    // What a threshold, as log odds, decides.
    judged: (truth, odds, cut, temperature) => {
      const called = odds.map(z => Number(z / temperature >= cut)),
        {formulas} = play;
      const matrix = formulas.confusion_matrix(truth, called, ones(odds), [
        [0, 0],
        [0, 0]
      ]).C;
      const [[spared, alarms], [missed, hits]] = matrix;
      return {
        spared,
        alarms,
        missed,
        hits,
        precision: formulas.precision([hits], [alarms], NaN).P[0],
        recall: recall(hits, missed),
        f1: formulas.f_beta([hits], [alarms], [missed], 1, 0).F[0],
        accuracy: formulas.accuracy(truth, called, ones(odds)).A,
        balanced: formulas.balanced_accuracy([spared, hits], [spared + alarms, missed + hits]).B
      };
    },
    // What the temperature decides: the log loss; the mean probability and the share of positives of each tenth.
    calibrated: (truth, odds, temperature) => {
      const order = odds.map((_, row) => row).sort((a, b) => odds[a] - odds[b]),
        end = k => floor((k * odds.length) / 10);
      const p = odds.map(z => chance(z / temperature)),
        tenths = array(10, k => order.slice(end(k), end(k + 1)));
      return {
        loss: loss(truth, p),
        constant: loss(
          truth,
          p.map(() => mean(truth))
        ),
        tenths: tenths.map(rows => [mean(rows.map(row => p[row])), mean(rows.map(row => truth[row]))])
      };
    },
    // The cost of each step's threshold, in false alarms, and the first of the steps that cost least.
    costs: (points, positive, price) => {
      const costs = points.map(({hits, alarms}) => price * (positive - hits) + alarms);
      return {costs, best: costs.indexOf(smallest(costs))};
    }
  };

  // The axis of thresholds: log odds are evenly spaced, and probabilities are written; what is beyond is at its ends.
  const FROM = -12,
    TO = 9,
    TICKS = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999],
    FEW = [1e-4, 0.01, 0.5, 0.99];
  const within = z => max(FROM, min(TO, z)),
    bin = z => max(0, min(TO - FROM - 1, floor(z) - FROM));
  const percent = p => {
    const decimals = max(0, Math.ceil(-log(1 - p) / Math.LN10 - 1e-6) - 2); // 99 %, 99.5 %, 99.96 %
    return `${p > 0.9 ? play.number(100 * p, decimals) : play.digits(100 * p, 2)}${play.language === "zh" ? "" : " "}%`;
  };
  const text = (key, values) => play.text(`threshold.${key}`, values);
  const axis = (chart, y, look) => {
    chart.axes({x: [FROM, TO], y, xTicks: [], xLabel: text("axis"), ...look});
    for (const p of chart.width < 430 ? FEW : TICKS)
      chart.note(toOdds(p), 0, percent(p), {y: chart.box.bottom + 16, "text-anchor": "middle"});
  };
  const unit = (chart, xLabel, yLabel) =>
    chart.axes({x: [0, 1], y: [0, 1], xTicks: [0, 0.5, 1], xLabel: text(xLabel), yLabel: text(yLabel)});
  const table = (head, rows) =>
    play.element(
      "table",
      {},
      play.element(
        "tr",
        {},
        head.map(name => play.element("th", {scope: "col", text: name, style: "white-space:normal"}))
      ),
      rows.map(([name, ...cells]) =>
        play.element(
          "tr",
          {},
          play.element("th", {scope: "row", text: name, style: "white-space:normal"}),
          cells.map(cell => play.element("td", {text: cell, style: "white-space:normal"}))
        )
      )
    );

  play.instrument("threshold", stage => {
    const {truth, odds} = play.data.scores,
      positive = sum(truth),
      share = positive / truth.length;
    const {points, auc, area, average} = play.threshold.curves(truth, odds);
    const classes = [1, 0].map(y => odds.filter((_, row) => truth[row] === y)); // the shirts, and the others
    let cut = 0,
      judged,
      calibrated,
      cost,
      handle;
    const said = play.element("p", {class: "said", "aria-live": "polite"});
    const cell = title => play.element("div", {}, play.element("h3", {"data-text": `threshold.${title}`}));
    const pair = (...titles) => stage.appendChild(play.element("div", {class: "columns"}, titles.map(cell))).children;
    stage.append(said);
    const [scores, numbers] = pair("scores", "numbers"),
      [roc, pr] = pair("roc", "pr");
    const [sure, paid] = pair("sure", "paid");
    const hosts = {scores, roc, pr, sure, paid},
      charts = {};
    for (const [name, host] of Object.entries(hosts)) hosts[name] = host.appendChild(play.element("div"));

    // Three sliders; what one of them does not change is not computed again.
    const slider = play.slider(scores, {
      label: "threshold.cut",
      min: FROM,
      max: TO,
      step: "any",
      value: 0,
      shown: () => percent(chance(cut)),
      change: to => move(to)
    });
    const temperature = play.slider(sure, {
      label: "threshold.temperature",
      min: 0.5,
      max: 8,
      value: 1,
      log: true,
      shown: value => play.number(value, 2),
      change: () => cooled()
    });
    const price = play.slider(paid, {
      label: "threshold.price",
      min: 0.1,
      max: 100,
      step: log(10) / 20,
      value: 10,
      log: true,
      shown: value => play.digits(value, 2),
      change: () => priced()
    });
    const soft = host => host.appendChild(play.element("p", {class: "soft"})),
      ofLoss = soft(sure),
      ofCost = soft(paid);
    const edge = k => points[k].odds / temperature.value; // the threshold of a step, as log odds
    const step = z => points.findIndex((_, k) => k + 1 === points.length || edge(k + 1) < z);
    const theory = () => -log(price.value); // of p = 1 / (1 + price), from which on an alarm pays if p is right
    const redraw = names => {
      names.forEach(name => charts[name].draw());
      tell();
    };
    const judge = () => {
      judged = play.threshold.judged(truth, odds, cut, temperature.value);
    };
    const move = to => {
      cut = within(to);
      slider.value = cut;
      judge();
      redraw(["scores", "roc", "pr", "paid"]);
    };
    const cooled = () => {
      calibrated = play.threshold.calibrated(truth, odds, temperature.value);
      judge();
      redraw(Object.keys(charts));
    };
    const priced = () => {
      cost = play.threshold.costs(points, positive, price.value);
      redraw(["paid"]);
    };
    const heat = to => {
      temperature.value = to;
      cooled();
    };
    const best = () => {
      const grid = array(201, k => 0.5 * 16 ** (k / 200));
      const losses = grid.map(each => play.threshold.calibrated(truth, odds, each).loss);
      return grid[losses.indexOf(smallest(losses))];
    };
    const row = (host, ...buttons) => host.append(play.element("div", {class: "row"}, buttons));
    row(
      sure,
      play.button("threshold.fit", () => heat(best())),
      play.button("threshold.trained", () => heat(1))
    );
    row(
      paid,
      play.button("threshold.cheapest", () => move(edge(cost.best))),
      play.button("threshold.dashed", () => move(theory()))
    );

    // Bars of one class, upwards or downwards, cut by the threshold: strong from there on.
    const bars = (chart, counts, sign, colour) => {
      const part = (from, to, high, look) =>
        to > from &&
        high &&
        chart.area(
          [
            [from, sign * high],
            [to, sign * high]
          ],
          [
            [from, 0],
            [to, 0]
          ],
          {class: `${look} ${colour}`}
        );
      counts.forEach((high, k) => {
        const from = FROM + k + 0.04,
          to = FROM + k + 0.96;
        part(from, min(cut, to), high, "area");
        part(max(cut, from), to, high, "bar");
      });
    };
    const draw = {
      scores: chart => {
        const counts = classes.map(rows => {
          const bins = rows.map(z => bin(z / temperature.value));
          return array(TO - FROM, k => bins.filter(each => each === k).length);
        });
        const up = largest(counts[0]) * 1.5 + 4,
          down = -largest(counts[1]) * 1.25 - 2;
        axis(chart, [down, up], {yLabel: text("pictures"), tick: v => play.digits(abs(v))});
        bars(chart, counts[0], 1, "c1");
        bars(chart, counts[1], -1, "c5");
        chart.rule(null, 0);
        chart.rule(cut, null, {class: "rule you"});
        const corner = (key, x, y, look) => chart.note(x, y, text(key, {count: judged[key]}), look);
        const left = {dx: 4},
          right = {dx: -2, "text-anchor": "end"};
        corner("missed", FROM, up, {...left, dy: 12, class: "c1"});
        corner("hits", TO, up, {...right, dy: 12, class: "c1"});
        corner("spared", FROM, down, {...left, dy: -6, class: "c5"});
        corner("alarms", TO, down, {...right, dy: -6, class: "c5"});
        if (!handle) return;
        handle.place();
        handle.knob.setAttribute("aria-valuetext", percent(chance(cut)));
      },
      roc: chart => {
        unit(chart, "falls", "rises");
        const line = points.map(point => [point.falls, point.recall]),
          now = points[step(cut)];
        chart.area(
          line,
          [
            [0, 0],
            [1, 0]
          ],
          {class: "area c4"}
        );
        chart.line(
          [
            [0, 0],
            [1, 1]
          ],
          {class: "line dashed"}
        );
        chart.line(line, {class: "line c4"});
        chart.note(0.96, 0.08, text("area", {area: play.number(area, 3)}), {"text-anchor": "end", class: "c4"});
        chart.dot(now.falls, now.recall, {class: "dot you", r: 7});
      },
      pr: chart => {
        unit(chart, "recall", "precision");
        const line = points
          .slice(1)
          .flatMap((point, k) => [points[k], point].map(end => [end.recall, point.precision]));
        const now = points[step(cut)];
        chart.area(
          line,
          [
            [0, 0],
            [1, 0]
          ],
          {class: "area c3"}
        );
        chart.rule(null, share, {class: "rule dashed"});
        chart.line(line, {class: "line c3"});
        chart.note(0.04, 0.08, text("average", {average: play.number(average, 3)}), {class: "c3"});
        chart.dot(now.recall, now.precision, {class: "dot you", r: 7});
      },
      sure: chart => {
        unit(chart, "mean", "share");
        chart.line(
          [
            [0, 0],
            [1, 1]
          ],
          {class: "line dashed"}
        );
        chart.line(calibrated.tenths, {class: "line c1"});
        calibrated.tenths.forEach(([p, found]) => chart.dot(p, found, {class: "dot c1"}));
        chart.note(0.9, 0.93, text("ideal"), {"text-anchor": "end"});
      },
      paid: chart => {
        const {costs, best} = cost,
          end = costs.length - 1,
          top = 1.6 * min(costs[0], costs[end]);
        const high = costs.map(each => min(each, 1.2 * top)); // what costs more is outside of the picture
        axis(chart, [0, top], {yLabel: text("cost")});
        chart.line(
          high.flatMap((each, k) => [
            [within(edge(k)), each],
            [k < end ? within(edge(k + 1)) : FROM, each]
          ]),
          {class: "line c6"}
        );
        chart.rule(theory(), null, {class: "rule dashed"});
        chart.rule(cut, null, {class: "rule you"});
        chart.dot(within(edge(best)), costs[best], {class: "dot c6", r: 7});
        chart.note(within(edge(best)), costs[best], text("least", {cost: play.digits(costs[best], 4)}), {
          dy: 20,
          "text-anchor": "middle",
          class: "c6"
        });
        chart.dot(cut, high[step(cut)], {class: "dot you", r: 7});
      }
    };

    // Words and tables.
    const tables = numbers.appendChild(play.element("div"));
    const tell = () => {
      const {hits, missed, alarms, spared} = judged,
        {costs, best} = cost,
        three = value => play.number(value, 3);
      said.textContent = text("said", {cut: percent(chance(cut)), hits, positive, alarms, negative: spared + alarms});
      ofLoss.textContent = text("loss", {
        loss: three(calibrated.loss),
        constant: three(calibrated.constant),
        share: percent(share)
      });
      const [here, least, there] = [step(cut), best, step(theory())].map(k => play.digits(costs[k], 4));
      ofCost.textContent = text("costs", {
        here,
        least,
        there,
        best: percent(chance(edge(best))),
        theory: percent(chance(theory()))
      });
      const counts = [
        [text("other"), spared, alarms],
        [text("shirt"), missed, hits]
      ];
      const both = ["precision", "recall", "f1", "accuracy", "balanced"].map(key => [
        text(key),
        three(judged[key]),
        text("both")
      ]);
      tables.replaceChildren(
        table([text("rows"), text("other"), text("shirt")], counts),
        table(
          [text("metric"), text("value"), text("depends")],
          [
            ...both,
            [text("log_loss"), three(calibrated.loss), text("heat")],
            [text("auc"), three(auc), text("neither")],
            [text("average_precision"), three(average), text("neither")]
          ]
        )
      );
    };

    calibrated = play.threshold.calibrated(truth, odds, 1);
    cost = play.threshold.costs(points, positive, price.value);
    judge();
    for (const [name, host] of Object.entries(hosts))
      charts[name] = play.chart(
        host,
        {height: name === "scores" ? 300 : 260, label: `threshold.${name}_chart`},
        draw[name]
      );
    handle = play.handle(charts.scores, {
      at: () => [cut, 0],
      move,
      step: [0.25, 0],
      label: () => text("handle"),
      range: [FROM, TO]
    });
    play.part(tell);
    move(0);
  });
})();
