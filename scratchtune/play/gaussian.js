// Instrument: the points of a Gaussian process, to drag; its length scale, its likelihood, and expected improvement.
(() => {
  // The process through some points, after standard algebra: K = L Lᵀ, α = K⁻¹ y (`gaussian_process.condition`).
  play.process = (points, length, noise) => {
    const n = points.length,
      L = [],
      middle = mean(points.map(([, y]) => y));
    const kernel = (a, b) => play.formulas.matern52(play.formulas.scaled_distance([a], [b], [0], [length]).r).k;
    for (let i = 0; i < n; i++) {
      L[i] = [];
      for (let j = 0; j <= i; j++) {
        let rest = kernel(points[i][0], points[j][0]) + (i === j ? noise : 0);
        for (let k = 0; k < j; k++) rest -= L[i][k] * L[j][k];
        L[i][j] = i === j ? sqrt(rest) : rest / L[j][j];
      }
    }
    const forward = right =>
      right.reduce((solved, value, i) => [...solved, (value - sum(solved.map((s, k) => L[i][k] * s))) / L[i][i]], []);
    const backward = right => {
      const solved = Array(n).fill(0);
      for (let i = n - 1; i >= 0; i--)
        solved[i] = (right[i] - sum(array(n - 1 - i, k => L[i + 1 + k][i] * solved[i + 1 + k]))) / L[i][i];
      return solved;
    };
    const centred = points.map(([, y]) => y - middle),
      alpha = backward(forward(centred));
    return {
      likelihood: play.formulas.log_marginal_likelihood(
        centred,
        alpha,
        L.map((row, i) => row[i])
      ).L,
      at: x => {
        const covariances = points.map(([other]) => kernel(x, other));
        return [
          play.formulas.posterior_mean(middle, covariances, alpha).μ,
          sqrt(max(play.formulas.posterior_variance(1, forward(covariances)).v, 1e-12))
        ];
      }
    };
  };

  const SHORTEST = 0.01,
    LONGEST = 2,
    MOST = 12; // of the length scale; trials
  play.instrument("gaussian", stage => {
    let points = [
        [0.1, 0.7],
        [0.3, -0.2],
        [0.55, 0.5],
        [0.9, 1.1]
      ],
      handles = [],
      next = 0;
    const said = play.element("p", {class: "said", "aria-live": "polite"});
    const side = play.element("div", {class: "controls"});
    const boxed = (x, y) => [Math.min(1, Math.max(0, x)), Math.min(2, Math.max(-2, y))];
    const picture = play.element("div"),
      redraw = () => chart.draw();
    stage.append(picture, said, side);
    const length = play.slider(side, {
      label: "gaussian.length",
      min: SHORTEST,
      max: LONGEST,
      value: 0.2,
      log: true,
      change: redraw
    });
    const noise = play.slider(side, {
      label: "gaussian.noise",
      min: 1e-5,
      max: 0.5,
      value: 1e-4,
      log: true,
      change: redraw
    });
    noise.value = 1e-4;
    const chart = play.chart(picture, {height: 320, label: "gaussian.chart"}, chart => {
      chart.axes({
        x: [0, 1],
        y: [-2.6, 2.2],
        xLabel: play.text("gaussian.x"),
        yLabel: play.text("gaussian.y"),
        yTicks: [-2, -1, 0, 1, 2]
      });
      const process = play.process(points, length.value, noise.value),
        best = Math.min(...points.map(([, y]) => y));
      const grid = array(201, k => k / 200),
        at = grid.map(process.at);
      const gains = at.map(([m, s]) => play.formulas.expected_improvement(m, s, best).a),
        most = largest(gains);
      const floor = -2.6;
      next = grid[gains.indexOf(most)];
      chart.area(
        grid.map((x, k) => [x, at[k][0] + 2 * at[k][1]]),
        grid.map((x, k) => [x, at[k][0] - 2 * at[k][1]]),
        {class: "area c1"}
      );
      chart.line(
        grid.map((x, k) => [x, at[k][0]]),
        {class: "line c1"}
      );
      chart.rule(null, best, {class: "rule dashed"});
      chart.area(
        grid.map((x, k) => [x, floor + (gains[k] / (most || 1)) * 0.9]),
        grid.map(x => [x, floor]),
        {class: "area c3 strong"}
      );
      chart.rule(next, null, {class: "rule c3"});
      chart.note(next, 2, play.text("gaussian.next"), {
        "text-anchor": next > 0.8 ? "end" : "start",
        dx: next > 0.8 ? -5 : 5,
        class: "c3"
      });
      said.textContent = play.text("gaussian.said", {
        likelihood: play.number(process.likelihood, 2),
        gain: play.digits(most),
        at: play.number(next, 2)
      });
      handles.forEach(handle => handle.place());
    });
    const mount = () => {
      handles.forEach(handle => handle.knob.remove());
      handles = points.map((_, i) =>
        play.handle(chart, {
          at: () => points[i],
          step: [0.02, 0.1],
          label: () => play.text("gaussian.point", {number: i + 1}),
          move: (x, y) => {
            points[i] = boxed(x, y);
            redraw();
          },
          remove: () => remove(i)
        })
      );
      run.disabled = points.length >= MOST;
      less.disabled = points.length < 2;
      redraw();
    };
    const remove = i => {
      if (points.length < 2) return;
      points.splice(i, 1);
      mount();
      if (less.disabled || document.activeElement !== less) handles[min(i, points.length - 1)].knob.focus();
    };
    // The next trial has the loss that the mean predicts there, until it is dragged.
    const run = play.button(
      "gaussian.run",
      () => {
        points.push(boxed(next, play.process(points, length.value, noise.value).at(next)[0]));
        mount();
        handles[handles.length - 1].knob.focus();
      },
      {class: "main"}
    );
    const less = play.button("gaussian.remove", () => remove(points.length - 1));
    side.append(
      play.element(
        "div",
        {class: "row"},
        run,
        less,
        play.button("gaussian.fit", () => {
          const lengths = array(81, k => SHORTEST * (LONGEST / SHORTEST) ** (k / 80));
          const likelihoods = lengths.map(each => play.process(points, each, noise.value).likelihood);
          length.value = lengths[likelihoods.indexOf(largest(likelihoods))];
          redraw();
        })
      )
    );
    mount();
  });
})();
