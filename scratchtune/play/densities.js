// Instrument: the two densities of a tree-structured Parzen estimator (TPE) in one dimension, over trials to drag.
(() => {
  const MOST_GOOD = 25,
    RECENT = 25,
    CANDIDATES = 48; // as in search/bayesian/parzen.py
  const FIRST = 20,
    MOST = 40;

  // The larger distance to a trial's neighbours, from the least bandwidth to 1 (`mixture.neighbour_bandwidths`).
  const bandwidths = units => {
    const n = units.length,
      least = play.formulas.parzen_min_bandwidth(n).s,
      found = [];
    const order = [...units.keys()].sort((a, b) => units[a] - units[b]),
      sorted = [0, ...order.map(k => units[k]), 1];
    // The ends of the range are neighbours of a single trial alone.
    const gap = i => (n > 1 && (i === 0 || i === n) ? 0 : sorted[i + 1] - sorted[i]);
    order.forEach((k, i) => {
      found[k] = min(1, max(least, gap(i), gap(i + 1)));
    });
    return found;
  };
  // The last 25 trials have the weight 1, those before less, the first the least (`parzen.weights_by_age`).
  const weightsByAge = n => array(n, i => (i < n - RECENT ? 1 / n + (i / max(1, n - RECENT - 1)) * (1 - 1 / n) : 1));
  // Normal kernels on trials, truncated to [0, 1]; the last one is the prior.
  const mixture = (units, weights, prior) => {
    const m = [...units, 0.5],
      s = [...bandwidths(units), 1];
    const all = [...weights, prior],
      total = sum(all),
      w = all.map(each => each / total);
    const P = m.map((centre, k) => play.formulas.normal_mass(0, 1, centre, s[k]).P);
    const kernels = u => m.map((centre, k) => play.formulas.log_truncated_normal(u, centre, s[k], P[k]).q);
    return {m, s, w, log: points => play.formulas.parzen_mixture(points.map(kernels), w).p};
  };
  /* The good trials and the others, [unit value, loss] each, in the order of the trials; their densities l and g, and
     log l − log g at some points. The prior has the weight `prior`, where a trial has 1. */
  play.densities = (trials, γ, prior) => {
    const order = [...trials.keys()].sort((a, b) => trials[a][1] - trials[b][1]),
      unit = k => trials[k][0];
    const count = play.formulas.tpe_good_count(trials.length, γ, MOST_GOOD).k;
    const good = order.slice(0, count),
      bad = order.slice(count).sort((a, b) => a - b);
    const l = mixture(
      good.map(unit),
      good.map(() => 1),
      prior
    );
    const g = mixture(bad.map(unit), weightsByAge(bad.length), prior);
    return {good, bad, l, g, ratio: points => play.formulas.tpe_ratio(l.log(points), g.log(points)).r};
  };
  // Numbers drawn from a mixture: a kernel by its weight, then a normal number, drawn again where it is outside [0, 1].
  play.candidates = ({m, s, w}, count, key) =>
    array(count, i => {
      let rest = play.uniform(key, i, 0),
        k = 0;
      while (k < w.length - 1 && rest >= w[k]) rest -= w[k++];
      for (let t = 1; ; t += 2) {
        const normal = sqrt(-2 * log(play.uniform(key, i, t))) * cos(2 * Math.PI * play.uniform(key, i, t + 1));
        const u = m[k] + s[k] * normal;
        if (u >= 0 && u <= 1) return u;
      }
    });

  const valleys = x => 1 - 0.7 * exp(-(((x - 0.3) / 0.15) ** 2)) - exp(-(((x - 0.78) / 0.08) ** 2)); // lesson 21's loss
  const grid = array(241, k => k / 240),
    side = x => (x > 0.7 ? {"text-anchor": "end", dx: -6} : {dx: 6});

  const drawTrials = (chart, {trials, good, next}) => {
    chart.axes({x: [0, 1], y: [-0.15, 1.25], yTicks: [0, 0.5, 1], bottom: 22, yLabel: play.text("densities.loss")});
    chart.line(
      grid.map(x => [x, valleys(x)]),
      {class: "line dashed"}
    );
    const inOrder = trials.map(([, loss]) => loss).sort((a, b) => a - b),
      k = good.length;
    if (k < trials.length) {
      const cut = (inOrder[k - 1] + inOrder[k]) / 2;
      chart.area(
        [
          [0, cut],
          [1, cut]
        ],
        [
          [0, -0.15],
          [1, -0.15]
        ],
        {class: "area c1"}
      );
      chart.note(0.005, -0.12, play.text("densities.good", {count: k}), {class: "c1"});
    }
    chart.rule(next, null, {class: "rule c4"});
    chart.note(next, 1.14, play.text("densities.next"), {class: "c4", ...side(next)});
  };
  const drawDensities = (chart, {atL, atG, next, drawn}) => {
    const top = 1.3 * max(largest(atL), largest(atG));
    chart.axes({
      x: [0, 1],
      y: [0, top],
      bottom: 22,
      yTicks: play.ticks(0, top, 4),
      yLabel: play.text("densities.density")
    });
    [
      [atL, "c1", "l"],
      [atG, "c2", "g"]
    ].forEach(([values, look, name], i) => {
      chart.area(
        grid.map((x, k) => [x, values[k]]),
        [
          [0, 0],
          [1, 0]
        ],
        {class: `area ${look}`}
      );
      chart.line(
        grid.map((x, k) => [x, values[k]]),
        {class: `line ${look}`}
      );
      chart.note(0.005, top, play.text(`densities.${name}`), {class: look, dy: 13 + 16 * i});
    });
    for (const x of drawn)
      chart.line(
        [
          [x, 0],
          [x, 0.05 * top]
        ],
        {class: "line c1"}
      );
    chart.rule(next, null, {class: "rule c4"});
  };
  const drawRatio = (chart, {ratios, next, peak}) => {
    const far = max(log(3), largest(ratios.map(abs))) * 1.15;
    const ticks = [0.001, 0.01, 0.1, 0.3, 1, 3, 10, 100, 1000].filter(v => abs(log(v)) <= far);
    chart.axes({
      x: [0, 1],
      y: [exp(-far), exp(far)],
      yLog: true,
      yTicks: ticks,
      xLabel: play.text("densities.x"),
      yLabel: play.text("densities.ratio")
    });
    chart.rule(null, 1, {class: "rule dashed"});
    chart.line(
      ratios.map((r, k) => [grid[k], exp(r)]),
      {class: "line c3"}
    );
    chart.dot(peak, exp(largest(ratios)), {class: "dot c3"});
    chart.rule(next, null, {class: "rule c4"});
  };

  play.instrument("densities", stage => {
    let trials = [],
      seed = 1,
      now = {},
      handles = [];
    const hosts = array(3, () => play.element("div")),
      controls = play.element("div", {class: "controls"});
    const said = play.element("p", {class: "said", "aria-live": "polite"});
    stage.append(...hosts, said, controls);
    const change = () => {
      compute();
      charts.forEach(chart => chart.draw());
      speak();
    };
    const gamma = play.slider(controls, {
      label: "densities.gamma",
      min: 0.05,
      max: 0.6,
      step: 0.01,
      value: 0.15,
      change
    });
    const prior = play.slider(controls, {label: "densities.prior", min: 0.1, max: 10, value: 1, log: true, change});

    const restart = () => {
      trials = array(FIRST, i => play.uniform(seed, i)).map(x => [x, valleys(x)]);
      seed++;
    };
    const compute = () => {
      const model = play.densities(trials, gamma.value, prior.value);
      const drawn = play.candidates(model.l, CANDIDATES, trials.length); // the same ones while a trial is dragged
      const found = model.ratio(drawn),
        ratio = largest(found),
        next = drawn[found.indexOf(ratio)];
      const [atL, atG] = [model.l, model.g].map(mixture => mixture.log(grid).map(exp)),
        ratios = model.ratio(grid);
      const {p} = play.formulas.tpe_probability(ratio, model.good.length / trials.length);
      now = {
        good: model.good,
        trials,
        drawn,
        next,
        atL,
        atG,
        ratios,
        ratio,
        p,
        peak: grid[ratios.indexOf(largest(ratios))]
      };
    };
    const speak = () => {
      said.textContent = play.text("densities.said", {
        count: now.good.length,
        all: trials.length,
        candidates: CANDIDATES,
        at: play.number(now.next, 2),
        ratio: play.digits(exp(now.ratio)),
        probability: play.number(100 * now.p),
        peak: play.number(now.peak, 2)
      });
    };
    const place = () =>
      handles.forEach((handle, i) => {
        handle.place();
        handle.knob.setAttribute("class", `handle ${now.good.includes(i) ? "c1" : "c2"}`);
      });
    restart();
    compute();
    const charts = [
      [250, "trials", drawTrials],
      [210, "densities", drawDensities],
      [170, "ratio", drawRatio]
    ].map(([height, name, draw], i) =>
      play.chart(hosts[i], {height, label: `densities.chart.${name}`}, chart => {
        draw(chart, now);
        if (!i) place();
      })
    );
    play.part(speak);

    const mount = () => {
      handles.forEach(handle => handle.knob.remove());
      handles = trials.map((_, i) =>
        play.handle(charts[0], {
          at: () => trials[i],
          step: [0.02, 0.05],
          label: () => play.text("densities.trial", {number: i + 1}),
          move: (x, y) => {
            trials[i] = [max(0, min(1, x)), max(-0.1, min(1.2, y))];
            change();
          },
          remove: () => {
            if (trials.length < 3) return;
            trials.splice(i, 1);
            mount();
            handles[min(i, trials.length - 1)].knob.focus();
          }
        })
      );
      run.disabled = trials.length >= MOST;
      change();
    };
    const run = play.button(
      "densities.run",
      () => {
        trials.push([now.next, valleys(now.next)]);
        mount();
      },
      {class: "main"}
    );
    controls.append(
      play.element(
        "div",
        {class: "row"},
        run,
        play.button("densities.restart", () => {
          restart();
          mount();
        })
      )
    );
    mount();
  });
})();
