// Instrument: the winner's curse: some tries, some validation images; what the best try promises, and what it keeps.
(() => {
  const SEARCHES = 500,
    TRIES = 200,
    NARROW = 250,
    WIDE = 750,
    ALL = 1597;
  const IMAGES = [20, 30, 40, 60, 80, 100, 125, 150, 200, NARROW, WIDE];
  const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, TRIES];

  // The probability that at most 0, 1, ... of `rows` images are right drawn from `all`, of which `right` are: so
  // one random number draws what play.drawn draws with one for each image.
  play.cumulative = (right, all, rows) => {
    const made = new Float64Array(rows + 1).fill(1),
      least = max(0, rows - all + right),
      most = min(rows, right);
    let weight = 1,
      total = 0;
    for (let hits = 0; hits <= most; hits++) {
      if (hits >= least) total += weight;
      made[hits] = total;
      if (hits >= least) weight *= ((right - hits) * (rows - hits)) / ((hits + 1) * (all - right - rows + hits + 1));
    }
    for (let hits = 0; hits <= most; hits++) made[hits] /= total;
    return made;
  };
  const inverse = (cumulative, u) => {
    let low = 0,
      high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  // Of each training, as configuration * seeds + seed: its right images of 250 and of 750, its accuracy on held-out
  // ones, and that of its configuration with the other seeds. The tries of all searches: a training, a random number.
  let table = null;
  play.curseTable = () =>
    (table ??= (() => {
      const {total, seeds, epochs, rows, right, wide, heldOut} = play.trainings,
        size = total * seeds;
      const made = {
        narrow: new Uint16Array(size),
        wide: new Uint16Array(size),
        kept: new Float64Array(size),
        again: new Float64Array(size),
        tried: new Uint16Array(SEARCHES * TRIES),
        u: new Float64Array(SEARCHES * TRIES)
      };
      for (let k = 0; k < size; k++) {
        const at = Math.floor(k / seeds),
          seed = k % seeds;
        made.narrow[k] = right(at, seed, epochs);
        made.wide[k] = made.narrow[k] + wide(at, seed);
        made.kept[k] = heldOut(at, seed) / rows.held_out;
        for (let other = 0; other < seeds; other++)
          if (other !== seed) made.again[k] += heldOut(at, other) / rows.held_out / (seeds - 1);
      }
      for (let k = 0; k < SEARCHES * TRIES; k++) {
        made.tried[k] = Math.floor(play.uniform(15, 0, k) * size);
        made.u[k] = play.uniform(15, 1, k);
      }
      const ahead = (hits, images) => hits.reduce((sum, value, k) => sum + value / images - made.kept[k], 0) / size;
      return {...made, offsets: {[NARROW]: ahead(made.narrow, NARROW), [WIDE]: ahead(made.wide, WIDE)}};
    })());

  /* What all searches have after 1, 2, ... tries, at (tries - 1) * SEARCHES + search: the accuracy that the best one so
     far promises, and the one that it keeps. If all tries are equal, each is one network, on images drawn from all. */
  play.searches = (images, equal) => {
    const {narrow, wide, kept, again, tried, u, offsets} = play.curseTable(),
      size = SEARCHES * TRIES;
    const pool = equal ? ALL : images > NARROW ? WIDE : NARROW,
      known = images > NARROW ? wide : narrow;
    const {best: first, seeds, heldOut} = play.trainings,
      one = first * seeds,
      whole = wide[one] + heldOut(first, 0);
    const found = {images, offset: equal ? 0 : offsets[pool]};
    for (const name of ["promised", "kept", "again"]) found[name] = new Float64Array(size);
    const tables = [],
      draw = (right, at) => inverse((tables[right] ??= play.cumulative(right, pool, images)), u[at]);
    const most = new Int32Array(SEARCHES).fill(-1),
      best = new Uint16Array(SEARCHES);
    for (let at = 0; at < size; at++) {
      const search = at % SEARCHES,
        training = equal ? one : tried[at],
        right = equal ? whole : known[training];
      const hits = images === pool ? right : draw(right, at);
      if (hits > most[search]) {
        most[search] = hits;
        best[search] = training;
      }
      found.promised[at] = most[search] / images;
      found.kept[at] = equal ? whole / ALL : kept[best[search]];
      found.again[at] = again[best[search]];
    }
    return found;
  };
  const after = (values, tries) => values.subarray((tries - 1) * SEARCHES, tries * SEARCHES);
  const average = values => values.reduce((total, value) => total + value, 0) / values.length;
  // By how many points each search's promise is too high, less what it is for an average training: that is the split's.
  play.excess = (found, tries) => {
    const kept = after(found.kept, tries);
    return [...after(found.promised, tries)].map((value, k) => 100 * (value - kept[k] - found.offset));
  };

  // The standard error of a mean over all searches, from the means of 20 groups of them: the line has a sum in a sum,
  // which takes too long for 500 values.
  const GROUP = SEARCHES / 20;
  play.errorOf = values =>
    play.formulas.standard_error_of_mean(array(20, k => mean(values.slice(k * GROUP, (k + 1) * GROUP)))).e;

  const histogram = (values, [from, to]) => {
    const heights = Array(to - from).fill(0);
    for (const value of values) heights[min(to - from - 1, max(0, Math.floor(value) - from))]++;
    return heights.map((height, k) => [from + k, from + k + 1, height]);
  };
  const legend = (look, text) =>
    play.element(
      "span",
      {class: "row"},
      play.shape(
        "svg",
        {class: "chart", width: 26, height: 12, "aria-hidden": "true"},
        play.shape("rect", {x: 0, y: 0, width: 26, height: 12, class: look})
      ),
      text
    );
  const meanAfter = (values, tries) => 100 * average(after(values, tries));

  // By how much the promises are too high: of one try, and of the best of some.
  const drawExcess = (chart, found, tries) => {
    const between = [-16, 31],
      excess = play.excess(found, tries),
      middle = mean(excess);
    const bars = [play.excess(found, 1), excess].map(values => histogram(values, between));
    const highest = largest(bars.map(each => each.map(bar => bar[2])));
    const [low, high] = [between[0] + 0.5, between[1] - 0.5]; // the outer bars have all that is beyond, too
    const xTick = v => (v === low ? "< −15" : v === high ? "≥ 30" : play.number(v));
    chart.axes({
      x: between,
      y: [0, 1.12 * highest],
      xLabel: play.text("curse.x"),
      yLabel: play.text("curse.y"),
      xTicks: [low, 0, 10, 20, high],
      xTick
    });
    chart.bars(bars[0], {class: "bar c6", opacity: 0.45});
    chart.bars(bars[1], {class: "bar c2"});
    chart.rule(0, null);
    chart.rule(middle, null, {class: "rule c2 dashed"});
    chart.note(middle, 0, play.text("curse.mean", {mean: play.number(middle, 1)}), {class: "c2", y: 22, dx: 5});
  };
  // What the best try promises and keeps, by the number of tries; below LOWEST percent is no room.
  const LOWEST = 60;
  const drawCurves = (chart, found, tries) => {
    chart.axes({
      x: [1, TRIES * 1.1],
      y: [LOWEST, 102],
      xLog: true,
      xTicks: [1, 3, 10, 30, 100, 200],
      yTicks: [60, 70, 80, 90, 100],
      xLabel: play.text("curse.tries"),
      yLabel: play.text("curse.accuracy")
    });
    const [promised, kept] = [found.promised, found.kept].map(values =>
      COUNTS.map(n => [n, meanAfter(values, n)]).map(([n, value]) => [n, value < LOWEST ? NaN : value])
    );
    chart.area(promised, kept, {class: "area c2"});
    chart.line(promised, {class: "line c2"});
    chart.line(kept, {class: "line c1"});
    chart.rule(tries, null, {class: "rule dashed"});
    for (const [values, colour] of [
      [found.promised, "c2"],
      [found.kept, "c1"]
    ])
      if (meanAfter(values, tries) >= LOWEST) chart.dot(tries, meanAfter(values, tries), {class: `dot ${colour}`});
  };
  const wordsOf = (found, tries) => {
    const excess = play.excess(found, tries),
      percent = (values, n) => play.number(meanAfter(values, n), 1);
    return {
      tries,
      images: found.images,
      promised: percent(found.promised, tries),
      kept: percent(found.kept, tries),
      excess: play.number(mean(excess), 1),
      error: play.number(play.errorOf(excess), 1),
      ordinary: play.number(mean(play.excess(found, 1)), 1),
      offset: play.number(100 * found.offset, 2),
      one: percent(found.kept, 1),
      most: percent(found.kept, TRIES),
      again: percent(found.again, tries)
    };
  };

  play.instrument("curse", stage => {
    let equal = false,
      found = null;
    const side = play.element("div", {class: "controls"}),
      left = play.element("div"),
      right = play.element("div");
    const [keyOfMany, keyOfFew] = array(2, () => play.element("p", {class: "row soft"}));
    const said = play.element("p", {class: "said", "aria-live": "polite"}),
      paid = play.element("p");
    const note = play.element("p", {class: "soft"});
    stage.append(side, play.element("div", {class: "columns"}, left, right), said, paid, note);
    const tries = play.slider(side, {
      label: "curse.tries",
      min: 0,
      max: COUNTS.length - 1,
      step: 1,
      value: COUNTS.indexOf(60),
      shown: k => play.number(COUNTS[k]),
      change: () => draw()
    });
    const images = play.slider(side, {
      label: "curse.images",
      min: 0,
      max: IMAGES.length - 1,
      step: 1,
      value: IMAGES.indexOf(100),
      shown: k => play.number(IMAGES[k]),
      change: () => search()
    });
    play.choice(side, {
      label: "curse.kind",
      value: "random",
      choices: [
        ["random", "curse.random"],
        ["equal", "curse.equal"]
      ],
      change: kind => {
        equal = kind === "equal";
        search();
      }
    });

    const many = play.chart(left, {height: 300, label: "curse.chart"}, chart => {
      if (!found) return;
      drawExcess(chart, found, COUNTS[tries.value]);
      const words = wordsOf(found, COUNTS[tries.value]);
      keyOfMany.replaceChildren(
        legend("bar c6", play.text("curse.ordinary")),
        legend("bar c2", play.text("curse.best", words))
      );
      said.textContent = play.text(equal ? "curse.said_equal" : "curse.said", words);
      note.textContent = equal ? "" : play.text("curse.note", words);
      const isAtEnd = words.tries === 1 || words.tries === TRIES;
      paid.textContent = play.text(equal ? "curse.paid_equal" : isAtEnd ? "curse.paid_ends" : "curse.paid", words);
    });
    const few = play.chart(right, {height: 300, label: "curse.curves"}, chart => {
      if (!found) return;
      drawCurves(chart, found, COUNTS[tries.value]);
      keyOfFew.replaceChildren(
        legend("bar c2", play.text("curse.promised")),
        legend("bar c1", play.text("curse.kept"))
      );
    });
    left.append(keyOfMany);
    right.append(keyOfFew);
    const draw = () => {
      many.draw();
      few.draw();
    };
    const search = () => {
      found = play.searches(IMAGES[images.value], equal);
      draw();
    };
    search();
  });
})();
