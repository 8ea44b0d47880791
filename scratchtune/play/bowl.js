// Instrument: a quadratic bowl, J = (x² + κ · y²) / 2, the way down it, and what one step does to each direction.
(() => {
  const LIMIT = 10000,
    STAYS = 100,
    MILLIONTH = 1e-6,
    FAR = 1e8;
  const METHODS = ["gradient_descent", "momentum", "nesterov"],
    COLOURS = ["c6", "c1", "c3"];
  const step = (method, θ, g, v, α, μ) =>
    method === "gradient_descent"
      ? {θ_new: play.formulas.gradient_descent(θ, g, α).θ_new, v_new: v}
      : play.formulas[method](θ, g, v, α, μ);

  /* The points on the way down a bowl with some curvatures, at most so many steps, and their losses as shares of the
     first. `steps` is the first step from which on the loss is a millionth, for the next hundred steps too; or null. */
  play.descent = (method, curvatures, start, α, μ, most = LIMIT) => {
    const loss = θ => sum(θ.map((each, i) => curvatures[i] * each * each)) / 2;
    const path = [start],
      losses = [1],
      first = loss(start);
    for (let θ = start, v = [0, 0], low = 0; path.length <= most && low < STAYS && losses[losses.length - 1] < FAR;) {
      ({θ_new: θ, v_new: v} = step(
        method,
        θ,
        θ.map((each, i) => curvatures[i] * each),
        v,
        α,
        μ
      ));
      path.push(θ);
      losses.push(loss(θ) / first);
      low = losses[losses.length - 1] <= MILLIONTH ? low + 1 : 0;
      if (low === STAYS) return {path, losses, steps: path.length - STAYS};
    }
    return {path, losses, steps: null};
  };

  /* Eigenvalues [real, imaginary] of the matrix by which a step multiplies [θ, v] in a direction of curvature λ: the
     roots of z² − t · z + d, with t the trace of the matrix and d its determinant. Without v there is one. */
  play.eigenvalues = (method, λ, α, μ) => {
    const shrink = 1 - α * λ;
    if (method === "gradient_descent") return [[shrink, 0]];
    const [t, d] = method === "momentum" ? [shrink + μ, μ] : [shrink * (1 + μ), shrink * μ];
    const inside = (t * t) / 4 - d,
      root = sqrt(abs(inside));
    return inside < 0
      ? [
          [t / 2, root],
          [t / 2, -root]
        ]
      : [
          [t / 2 + root, 0],
          [t / 2 - root, 0]
        ];
  };
  // The best [α, μ] for curvatures 1 to κ, which make the largest eigenvalue as small as it can be.
  play.bestRates = (method, κ) =>
    ({
      gradient_descent: [2 / (1 + κ), 0],
      momentum: [(2 / (1 + sqrt(κ))) ** 2, ((sqrt(κ) - 1) / (sqrt(κ) + 1)) ** 2],
      nesterov: [4 / (3 * κ + 1), (sqrt(3 * κ + 1) - 2) / (sqrt(3 * κ + 1) + 2)]
    })[method];
  // The least α that diverges.
  play.highestRate = (method, κ, μ) =>
    ({gradient_descent: 2, momentum: 2 * (1 + μ), nesterov: (2 * (1 + μ)) / (1 + 2 * μ)})[method] / κ;

  // What is drawn outside the axes is cut off: the attribute for it.
  const clip = (chart, id) => {
    chart.frame ??= chart.root.appendChild(play.shape("clipPath", {id}, play.shape("rect")));
    const {left, right, top, bottom} = chart.box;
    play.filled(chart.frame.firstChild, {x: left, y: top, width: right - left, height: bottom - top}, []);
    return {"clip-path": `url(#${id})`};
  };
  const raised = sign => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)];
  const power = v => `10${String(Math.round(Math.log10(v))).replace(/./g, raised)}`;
  // play.digits with powers of ten as they are written at the axis: 2.15 × 10¹⁰.
  const written = v =>
    play.digits(v).replace(/e[+]?(.+)/, (_, high) => ` × 10${high.replace("−", "-").replace(/./g, raised)}`);
  // A factor with so many decimals that two digits of its distance from 1 are seen: 0.89, 0.9996.
  const factor = v => play.number(v, max(0, min(6, 1 - floor(Math.log10(abs(1 - v))))));
  const turn = array(121, k => (k / 60) * Math.PI);
  const colour = method => COLOURS[METHODS.indexOf(method)];

  // Both axes have one scale, so that the rings have their true form.
  const reach = chart => [1.1, (1.1 * 280) / (chart.width - 54)];
  const drawMap = (chart, {method, κ, path, end}) => {
    const high = reach(chart)[1];
    chart.axes({
      x: [-1.1, 1.1],
      y: [-high, high],
      xLabel: play.text("bowl.flat", {curvature: 1}),
      yLabel: play.text("bowl.steep", {curvature: play.digits(κ)})
    });
    const cut = clip(chart, "bowl-map");
    for (let r = 0.05; r < Math.hypot(1.1, high * sqrt(κ)); r *= 1.5)
      chart.line(
        turn.map(angle => [r * cos(angle), (r * sin(angle)) / sqrt(κ)]),
        {class: "ring", ...cut}
      );
    chart.dot(0, 0, {r: 4});
    chart.line(path.slice(0, end + 1), {class: `line ${colour(method)}`, ...cut});
    const look = {r: 2.5, class: `dot ${colour(method)}`, ...cut};
    path.slice(1, min(end, 100) + 1).forEach(([x, y]) => chart.dot(x, y, look));
  };
  const drawLosses = (chart, {method, others, shown}) => {
    chart.axes({
      x: [0, shown],
      y: [1e-8, 100],
      yLog: true,
      yTicks: [1e-8, 1e-6, 1e-4, 1e-2, 1],
      left: 56,
      xLabel: play.text("bowl.step"),
      yLabel: play.text("bowl.loss"),
      tick: v => (v > 0 && v < 1 ? power(v) : play.digits(v))
    });
    const cut = clip(chart, "bowl-losses");
    chart.rule(null, MILLIONTH, {class: "rule dashed"});
    METHODS.forEach((each, i) => {
      const points = others[i].map((share, t) => [t, max(share, 1e-30)]);
      chart.line(points, {class: `line ${colour(each)}${each === method ? " thick" : ""}`, ...cut});
      chart.note(shown, 100, play.text(`bowl.${each}`), {class: colour(each), "text-anchor": "end", dy: 12 + 16 * i});
    });
  };
  const drawPlane = (chart, {κ, values}) => {
    const wide = (1.3 * (chart.width - 54)) / 200,
      circle = turn.map(angle => [cos(angle), sin(angle)]);
    const xTicks = [-3, -2, -1, 0, 1, 2, 3].filter(v => abs(v) <= wide);
    chart.axes({
      x: [-wide, wide],
      y: [-1.3, 1.3],
      xTicks,
      yTicks: [-1, 0, 1],
      xLabel: play.text("bowl.real"),
      yLabel: play.text("bowl.imaginary")
    });
    chart.area(circle, []);
    chart.line(circle);
    [1, κ].forEach((λ, i) => {
      for (const [re, im] of values[i]) {
        if (re >= -wide) chart.dot(re, im, {r: 7 - 2 * i, class: `dot c${4 + i}`});
        else chart.note(-wide, im, `← ${written(re)}`, {class: `c${4 + i}`, dx: 8, dy: i ? 17 : -8}); // outside
      }
      const text = play.text("bowl.curvature", {curvature: play.digits(λ)});
      chart.note(-wide, 1.3, text, {class: `c${4 + i}`, dx: 8, dy: 14 + 16 * i});
    });
  };

  // A ball on the map and on the curve, at a step, which is a fraction while it rolls; null puts it away.
  const ball = (charts, place) => {
    const made = charts.map(chart => chart.over.appendChild(play.shape("circle", {r: 7, class: "ball"})));
    return () =>
      charts.forEach((chart, i) => {
        const [x, y] = place(i),
          px = chart.X(x),
          py = chart.Y(y),
          {left, right, top, bottom} = chart.box;
        const isInside = px >= left - 1 && px <= right + 1 && py >= top - 1 && py <= bottom + 1;
        play.filled(made[i], isInside ? {cx: px, cy: py, visibility: "visible"} : {visibility: "hidden"}, []);
      });
  };

  play.instrument("bowl", stage => {
    let method = "momentum",
      start = [-0.9, 0.4],
      now = {},
      at = null,
      frame = null;
    const part = (tag, look) => play.element(tag, look),
      [map, curve, plane] = array(3, () => part("div"));
    const controls = part("div", {class: "controls"});
    const said = part("p", {class: "said", "aria-live": "polite"}),
      where = part("p", {class: "soft"});
    const notes = ["about", "best"].map(() => part("p", {class: "soft"}));
    stage.append(
      play.element(
        "div",
        {class: "columns"},
        play.element("div", {}, map, said, controls),
        play.element("div", {}, curve, plane, notes)
      )
    );

    const change = () => {
      stop();
      at = null;
      compute();
      redraw();
    };
    play.choice(controls, {
      label: "bowl.method",
      choices: METHODS.map(each => [each, `bowl.${each}`]),
      value: method,
      change: value => {
        method = value;
        change();
      }
    });
    const alpha = play.slider(controls, {label: "bowl.alpha", min: 0.002, max: 4, value: 0.05, log: true, change});
    const mu = play.slider(controls, {label: "bowl.mu", min: 0, max: 0.99, step: 0.01, value: 0.8, change});
    const condition = play.slider(controls, {label: "bowl.condition", min: 1, max: 100, value: 20, log: true, change});
    alpha.value = 0.05;
    condition.value = 20;

    const compute = () => {
      const [α, μ, κ] = [alpha.value, mu.value, condition.value];
      const shown = max(20, 10 * Math.ceil(0.4 * κ)); // gradient descent at its best needs about 3.5 κ steps
      const down = (each, most) => play.descent(each, [1, κ], start, α, μ, most);
      const values = [1, κ].map(λ => play.eigenvalues(method, λ, α, μ)),
        {path, losses, steps} = down(method);
      now = {
        method,
        κ,
        path,
        losses,
        steps,
        shown,
        values,
        others: METHODS.map(each => down(each, shown).losses),
        rate: largest(values.flat().map(z => Math.hypot(...z))),
        highest: play.highestRate(method, κ, μ),
        end: steps ?? min(path.length - 1, 400)
      };
      mu.input.disabled = method === "gradient_descent";
    };
    const redraw = () => {
      charts.forEach(chart => chart.draw());
      speak();
    };
    const speak = () => {
      const {steps, rate, end, losses} = now,
        kind = rate >= 1 ? "diverges" : steps === null ? "slow" : "converges";
      said.textContent = play.text(`bowl.${kind}`, {
        rate: factor(rate),
        steps: play.number(steps ?? LIMIT),
        highest: play.digits(now.highest)
      });
      const t = floor(at ?? 0),
        passed = () => play.text("bowl.where", {step: t, end, loss: written(losses[t])});
      where.textContent = at === null ? "\u00a0" : passed();
      ["about", "best"].forEach((each, i) => {
        notes[i].textContent = play.text(`bowl.${each}.${method}`);
      });
    };

    const inside = (chart, point) => reach(chart).map((most, i) => max(-most, min(most, point[i])));

    compute();
    const handles = [],
      balls = [];
    const charts = [
      [map, 330, "map", drawMap],
      [curve, 250, "curve", drawLosses],
      [plane, 250, "plane", drawPlane]
    ].map(([host, height, name, draw]) =>
      play.chart(host, {height, label: `bowl.${name}`}, chart => {
        if (draw === drawMap && abs(start[1]) > reach(chart)[1]) {
          // a wider map reaches less far
          start = inside(chart, start);
          compute();
        }
        draw(chart, now);
        handles.forEach(handle => handle.place());
        balls.forEach(place => place());
      })
    );
    handles.push(
      play.handle(charts[0], {
        at: () => start,
        step: [0.05, 0.05],
        label: () => play.text("bowl.start"),
        move: (x, y) => {
          start = inside(charts[0], [x, y]);
          if (Math.hypot(...start) < 0.03) start = [0.03, 0]; // the minimum itself has no way down
          change();
        }
      })
    );
    balls.push(
      ball(charts.slice(0, 2), i => {
        if (at === null) return [NaN, NaN];
        const before = Math.floor(at),
          rest = at - before,
          between = (a, b) => a + rest * ((b ?? a) - a);
        return i
          ? [at, between(now.losses[before], now.losses[before + 1])]
          : now.path[before].map((v, k) => between(v, now.path[before + 1]?.[k]));
      })
    );

    const label = () => {
      roll.dataset.text = `bowl.${frame === null ? "roll" : "pause"}`;
      roll.textContent = play.text(roll.dataset.text);
      where.setAttribute("aria-live", frame === null ? "polite" : "off");
    };
    const stop = () => {
      cancelAnimationFrame(frame);
      frame = null;
      label();
    };
    const show = step => {
      at = min(step, now.end);
      balls[0]();
      speak();
    };
    const begin = () => {
      let last = performance.now();
      const speed = max(5, now.end / 8) / 1000; // steps a millisecond: a long way takes eight seconds
      const next = time => {
        show(at + speed * max(0, time - last));
        last = time;
        if (at < now.end) frame = requestAnimationFrame(next);
        else stop();
      };
      if (at === null || at >= now.end) at = 0;
      frame = requestAnimationFrame(next);
      label();
    };
    const roll = play.button("bowl.roll", () => (frame === null ? begin() : stop()), {
      class: "main",
      hidden: play.still()
    });
    controls.append(
      play.element(
        "div",
        {class: "row"},
        roll,
        play.button("bowl.one", () => {
          stop();
          show(at >= now.end ? 0 : Math.floor(at ?? 0) + 1);
        }),
        play.button("bowl.tune", () => {
          const [α, μ] = play.bestRates(method, condition.value);
          alpha.value = α;
          if (method !== "gradient_descent") mu.value = μ;
          change();
        })
      ),
      where
    );
    play.part(speak);
  });
})();
