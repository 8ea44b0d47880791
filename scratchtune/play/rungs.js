// Instrument: a race on real learning curves of the trainings: who is stopped at which rung, and what that costs.
(() => {
  const MOST = 27,
    RACES = 2000,
    GROUP = 10,
    EPOCHS = 27;

  const longest = eta =>
    play.formulas.hyperband_s_max(
      EPOCHS,
      1,
      array(5, k => eta ** (k + 1))
    ).s;
  // The rungs of a race, the first one first: of MOST configurations, or of as many as Hyperband's bracket has.
  play.schedule = (eta, promotions, bracket) => {
    const size = bracket ? play.formulas.hyperband_bracket_size(longest(eta), promotions, eta).n : MOST;
    return array(promotions + 1, i => ({
      size: play.formulas.hyperband_rung_size(size, eta, i).m,
      budget: play.formulas.hyperband_rung_budget(EPOCHS, eta, promotions - i).r
    }));
  };
  // Who is in each rung, ranked at its end; of equal scores the one that was ahead in the rung before. Score and place
  // are one integer, so that thousands of races are sorted in milliseconds.
  const EVERYONE = Int32Array.from({length: MOST}, (_, k) => k);
  const ranked = (left, size, score, budget) => {
    const keys = new Int32Array(size),
      found = new Int32Array(size);
    for (let k = 0; k < size; k++) keys[k] = score(left[k], budget) * 32 + 31 - k;
    keys.sort();
    for (let k = 0; k < size; k++) found[k] = left[31 - (keys[size - 1 - k] % 32)];
    return found;
  };
  play.race = (score, rungs) => {
    let left = EVERYONE;
    return rungs.map(({size, budget}) => (left = ranked(left, size, score, budget)));
  };
  // Epochs that a race takes if the promoted ones continue.
  play.spent = rungs => sum(rungs.map(({size, budget}, i) => size * (budget - (i ? rungs[i - 1].budget : 0))));

  // Spearman's rank correlation of numbers of correct rows: that of their ranks; equal ones share their mean rank.
  play.rankCorrelation = (a, b) => {
    const ranked = values => {
      const below = new Float64Array(258);
      for (const value of values) below[value + 1]++;
      for (let k = 1; k < 258; k++) below[k] += below[k - 1];
      return value => (below[value] + below[value + 1] - values.length) / 2; // less the mean rank
    };
    const x = ranked(a),
      y = ranked(b);
    let xy = 0,
      xx = 0,
      yy = 0;
    for (let k = 0; k < a.length; k++) {
      const p = x(a[k]),
        q = y(b[k]);
      xy += p * q;
      xx += p * p;
      yy += q * q;
    }
    return xy / sqrt(xx * yy);
  };

  // Configurations by their expected accuracy: all, or the better quarter.
  const pools = {};
  play.pool = name =>
    (pools[name] ??= (() => {
      const {total, expected} = play.trainings,
        all = array(total, k => k).sort((a, b) => expected(b) - expected(a));
      return name === "any" ? all : all.slice(0, total / 4);
    })());
  // The trainings of a draw, as configuration * seeds + seed: MOST configurations of a pool, each once.
  play.drawnTrainings = (pool, draw) => {
    const {seeds} = play.trainings,
      own = play.pool(pool),
      found = new Int32Array(MOST),
      taken = new Set();
    for (let k = 0; taken.size < MOST; k++) {
      const at = Math.floor(play.uniform(38, draw, k) * own.length * seeds);
      const configuration = own[Math.floor(at / seeds)];
      if (!taken.has(configuration)) found[taken.size] = configuration * seeds + (at % seeds);
      taken.add(configuration);
    }
    return found;
  };
  const rightOf = (training, epoch) => play.trainings.right(Math.floor(training / 5), training % 5, epoch);

  // The mean regret of the best of GROUP races, over all groups of these races: sorted by what winners have shown,
  // each race counts with the probability that it is the best one of a group.
  play.bestOfGroup = (shown, regrets) => {
    const races = shown.length,
      order = array(races, k => k).sort((a, b) => shown[b] - shown[a]);
    let chance = GROUP / races,
      total = 0;
    order.forEach((k, place) => {
      total += chance * regrets[k];
      chance *= max(0, races - GROUP - place) / (races - 1 - place || 1);
    });
    return total;
  };
  // Many races: how often the winner is the best, mean cost of stopping early, mean regret, also of the best of ten.
  const draws = {},
    known = {};
  play.manyRaces = (pool, rungs) =>
    (known[JSON.stringify([pool, rungs])] ??= (() => {
      const own = (draws[pool] ??= array(RACES, k => play.drawnTrainings(pool, 1e6 + k))),
        {regret} = play.trainings;
      const shown = [],
        regrets = [];
      let best = 0,
        cost = 0;
      for (const drawn of own) {
        const winner = play.race((at, epoch) => rightOf(drawn[at], epoch), rungs).at(-1)[0];
        const right = rightOf(drawn[winner], EPOCHS);
        let most = 0;
        for (let at = 0; at < rungs[0].size; at++) most = max(most, rightOf(drawn[at], EPOCHS));
        best += right === most ? 1 : 0;
        cost += (most - right) / 2.5;
        shown.push(right);
        regrets.push(regret(Math.floor(drawn[winner] / 5)));
      }
      return {best: best / RACES, cost: cost / RACES, regret: mean(regrets), group: play.bestOfGroup(shown, regrets)};
    })());
  const correlations = {};
  play.correlationOf = (pool, epoch) =>
    (correlations[`${pool} ${epoch}`] ??= (() => {
      const every = play.pool(pool).flatMap(at => array(play.trainings.seeds, seed => at * 5 + seed));
      return play.rankCorrelation(
        every.map(k => rightOf(k, epoch)),
        every.map(k => rightOf(k, EPOCHS))
      );
    })());

  // A line of the legend: a piece of line as in the chart, and what it is.
  const legend = (look, text) =>
    play.element(
      "span",
      {class: "row"},
      play.shape(
        "svg",
        {class: "chart", width: 26, height: 10, "aria-hidden": "true"},
        play.shape("line", {x1: 0, x2: 26, y1: 5, y2: 5, ...look})
      ),
      play.text(text)
    );
  const LOOKS = {
    winner: {class: "line c1 thick"},
    survivor: {class: "line c1"},
    best: {class: "line c2 thick"},
    looked: {class: "line c4 thick"},
    stopped: {class: "line c6", opacity: 0.75},
    rest: {class: "line", "stroke-dasharray": "1 4", "stroke-linecap": "round"}
  };
  const percent = right => play.number(right / 2.5, 1);

  // The race of a draw, and of each of its trainings: the last rung that it reached, and the order at the end.
  play.raceOf = (pool, draw, rungs) => {
    const drawn = play.drawnTrainings(pool, draw),
      every = array(rungs[0].size, k => k);
    const score = (at, epoch) => rightOf(drawn[at], epoch),
      after = epoch => every.map(at => score(at, epoch));
    const order = play.race(score, rungs),
      winner = order.at(-1)[0];
    const ends = [...every].sort((a, b) => score(b, EPOCHS) - score(a, EPOCHS) || (b === winner) - (a === winner));
    return {
      pool,
      drawn,
      score,
      rungs,
      every,
      order,
      winner,
      ends,
      best: ends[0],
      begun: after(rungs[0].budget),
      ended: after(EPOCHS),
      last: every.map(at => order.filter(rung => rung.includes(at)).length - 1)
    };
  };
  const configurationOf = training => {
    const {index, values, names} = play.trainings,
      at = index(Math.floor(training / 5));
    const [rate, batch, l2, dropout, units] = at.map((k, axis) => values[names[axis]][k]);
    return {rate, batch, l2, dropout, units};
  };
  // Ranks are places in the orders of the race and of the end; equal scores are marked.
  const wordsOfOne = ({drawn, rungs, order, begun, ended, ends, last}, at) => {
    const tie = all => play.text(all.filter(value => value === all[at]).length > 1 ? "rungs.tied" : "rungs.nothing");
    return play.text(rungs.length > 1 ? "rungs.one" : "rungs.one_whole", {
      ...configurationOf(drawn[at]),
      n: begun.length,
      budget: rungs[0].budget,
      begun: percent(begun[at]),
      ended: percent(ended[at]),
      place: order[0].indexOf(at) + 1,
      rank: ends.indexOf(at) + 1,
      tie: tie(begun),
      tie_at_end: tie(ended),
      stop: play.text(last[at] < rungs.length - 1 ? "rungs.stop" : "rungs.whole", {epoch: rungs[last[at]].budget})
    });
  };
  const wordsOfRace = ({rungs, order, begun, ended, ends, last, winner, best}) => {
    const values = {
      spent: play.spent(rungs),
      n: begun.length,
      all: begun.length * EPOCHS,
      budget: rungs[0].budget,
      won: percent(ended[winner]),
      best: percent(ended[best]),
      cost: percent(ended[best] - ended[winner]),
      rank: ends.indexOf(winner) + 1,
      place: order[0].indexOf(best) + 1,
      stop: rungs[last[best]].budget
    };
    if (rungs.length === 1) return play.text("rungs.all", values);
    const result = play.text(best === winner ? "rungs.none" : "rungs.cost", values);
    return play.text("rungs.spent", values) + play.text("rungs.space") + result;
  };
  const wordsOfOrder = ({pool, rungs, begun, ended}) =>
    rungs.length === 1
      ? ""
      : play.text("rungs.correlation", {
          budget: rungs[0].budget,
          n: begun.length,
          own: play.number(play.rankCorrelation(begun, ended), 2),
          every: play.number(play.correlationOf(pool, rungs[0].budget), 2),
          pool: play.text(`rungs.of_${pool}`)
        });
  const wordsOfMany = ({pool, rungs}) => {
    const {best, cost, regret, group} = play.manyRaces(pool, rungs);
    return play.text(rungs.length > 1 ? "rungs.many" : "rungs.many_whole", {
      races: play.number(RACES),
      share: play.number(100 * best),
      cost: play.number(cost, 1),
      regret: play.number(regret, 1),
      group: play.number(group, 1),
      epochs: play.spent(rungs)
    });
  };

  const picture = (chart, {rungs, score, every, last, winner, best}, looked, rest) => {
    const points = (at, from, to) => array(to - from + 1, k => [from + k, score(at, from + k) / 2.5]);
    chart.axes({
      x: [0.93, 28.5],
      y: [0, 100],
      xLog: true,
      xLabel: play.text("rungs.x"),
      yLabel: play.text("rungs.y"),
      xTicks: [...new Set([1, ...rungs.map(rung => rung.budget)])],
      yTicks: [0, 20, 40, 60, 80]
    });
    rungs.forEach(({size, budget}, k) => {
      chart.rule(budget, null, {class: "rule dashed", opacity: 0.6});
      const isAlone = rungs.length === 1,
        next = rungs[k + 1]?.size;
      if (!isAlone && !next) return; // the end: how many are left is said at the rung before
      const text = play.text(isAlone ? "rungs.alone" : k ? "rungs.left" : "rungs.begin", {size, next});
      const short = isAlone ? String(size) : `${k ? "" : `${size} `}→ ${next}`;
      chart.note(budget, 94, chart.width < 800 ? short : text, {
        "text-anchor": isAlone ? "end" : "start",
        dx: isAlone ? -5 : 5
      });
    });
    const draw = (at, look, r = 3) => {
      const stop = rungs[last[at]].budget,
        colour = look.class.replace(" thick", "");
      const unseen = {...LOOKS.rest, class: colour, opacity: look === LOOKS.stopped ? 0.5 : 1};
      if (rest && stop < EPOCHS) chart.line(points(at, stop, EPOCHS), unseen);
      chart.line(points(at, 1, stop), look);
      chart.dot(stop, score(at, stop) / 2.5, {class: colour.replace("line", "dot"), r});
    };
    const isStopped = at => last[at] < rungs.length - 1;
    every.filter(isStopped).forEach(at => draw(at, LOOKS.stopped));
    every.filter(at => !isStopped(at)).forEach(at => draw(at, LOOKS.survivor));
    draw(winner, LOOKS.winner, 5);
    if (best !== winner) draw(best, LOOKS.best, 5);
    if (looked !== winner && looked !== best) draw(looked, LOOKS.looked, 5);
  };

  play.instrument("rungs", stage => {
    let eta = 3,
      draw = 1,
      pool = "any",
      bracket = false,
      rest = true,
      race = null;
    const side = play.element("div", {class: "controls"}),
      host = play.element("div");
    const key = play.element("p", {class: "row soft"});
    const name = play.element("p", {class: "soft", "aria-live": "polite"});
    const said = play.element("p", {class: "said", "aria-live": "polite"});
    const order = play.element("p"),
      many = play.element("p");
    stage.append(side, host, key);
    const looked = play.slider(stage, {
      label: "rungs.look",
      min: 1,
      max: MOST,
      step: 1,
      value: 2,
      change: () => chart.draw()
    });
    stage.append(name, said, order, many);
    const rungs = skipped => play.schedule(eta, longest(eta) - skipped, bracket);
    const update = () => {
      race = play.raceOf(pool, draw, rungs(first.value));
      looked.input.max = race.every.length;
      looked.value = Math.min(looked.value, race.every.length);
      chart.draw();
    };
    const first = play.slider(side, {
      label: "rungs.first",
      min: 0,
      max: longest(eta),
      step: 1,
      value: 0,
      change: update,
      shown: skipped => play.text("rungs.epoch", {epoch: rungs(skipped)[0].budget})
    });
    play.choice(side, {
      label: "rungs.eta",
      choices: [2, 3, 4].map(k => [k, () => String(k)]),
      value: eta,
      change: k => {
        eta = k;
        first.input.max = longest(eta);
        first.value = Math.min(first.value, longest(eta));
        update();
      }
    });
    play.choice(side, {
      label: "rungs.size",
      value: "same",
      choices: [
        ["same", "rungs.same"],
        ["bracket", "rungs.bracket"]
      ],
      change: k => {
        bracket = k === "bracket";
        update();
      }
    });
    play.choice(side, {
      label: "rungs.pool",
      value: pool,
      choices: [
        ["any", "rungs.any"],
        ["quarter", "rungs.quarter"]
      ],
      change: k => {
        pool = k;
        update();
      }
    });
    const unseen = play.button(
      "rungs.rest",
      () => {
        rest = !rest;
        unseen.setAttribute("aria-pressed", rest);
        chart.draw();
      },
      {"aria-pressed": "true"}
    );
    side.append(
      play.element(
        "div",
        {class: "row"},
        play.button("rungs.other", () => {
          draw++;
          update();
        }),
        unseen
      )
    );

    const chart = play.chart(host, {height: 380, label: "rungs.chart"}, chart => {
      if (!race) return;
      const at = race.ends[looked.value - 1],
        isStopping = race.rungs.length > 1,
        {winner, best} = race;
      picture(chart, race, at, rest);
      const shown = {
        winner: true,
        survivor: race.rungs.at(-1).size > 1,
        best: best !== winner,
        stopped: isStopping,
        rest: rest && isStopping,
        looked: at !== winner && at !== best
      };
      const looks = Object.keys(shown).filter(look => shown[look]);
      key.replaceChildren(...looks.map(look => legend(LOOKS[look], `rungs.is_${look}`)));
      [
        [name, wordsOfOne(race, at)],
        [said, wordsOfRace(race)],
        [order, wordsOfOrder(race)],
        [many, wordsOfMany(race)]
      ].forEach(([place, words]) => {
        if (place.textContent !== words) place.textContent = words;
      });
    });
    // The curve that is nearest to the pointer, by mouse or finger; the slider does the same by keys.
    const point = event => {
      const {left, top} = chart.root.getBoundingClientRect(),
        px = event.clientX - left,
        py = event.clientY - top;
      const epoch = Math.min(EPOCHS, Math.max(1, Math.round(chart.inverse(px, py)[0])));
      const isHidden = at => !rest && epoch > race.rungs[race.last[at]].budget;
      const distance = at => Math.hypot(chart.X(epoch) - px, chart.Y(race.score(at, epoch) / 2.5) - py);
      const far = race.ends.map(at => (isHidden(at) ? Infinity : distance(at)));
      const place = far.indexOf(smallest(far));
      if (far[place] > 40 || looked.value === place + 1) return;
      looked.value = place + 1;
      chart.draw();
    };
    chart.root.addEventListener("pointermove", point);
    chart.root.addEventListener("pointerdown", point);
    update();
  });
})();
