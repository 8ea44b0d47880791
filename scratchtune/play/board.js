// The race on ten landscapes: the mean regret of each searcher, and where a reader's own one is among them.
(() => {
  const COLOURS = {
    random: "c6",
    halton: "c6",
    grid: "c5",
    genetic: "c3",
    tpe: "c1",
    gp: "c1",
    bayesian: "c1",
    hyperband: "c4",
    yours: "you"
  };
  const SEPARATOR = {en: ", ", zh: "、"};

  play.board = host => {
    const {name, errors, trials, seeds, players, ranks, verdicts, landscapes, means} = play.data.board,
      e = play.element;
    const named = key => (key === "yours" ? name : key),
      listed = keys => keys.map(named).join(SEPARATOR[play.language]);
    const short = text => (text.length > 22 ? `${text.slice(0, 21)}…` : text);
    const landscape = each => play.text(`board.${each}`);
    let shown = "all";
    // The searchers that were measured on the landscape, the one with the lowest regret after the most trials first.
    const order = () =>
      Object.keys(means)
        .filter(key => means[key][shown])
        .sort((a, b) => means[a][shown].at(-1)[0] - means[b][shown].at(-1)[0]);
    const what = e("p"),
      said = e("p", {class: "big"}),
      wrong = e("ul"),
      select = e("select", {id: "board-landscape"});
    const picture = e("div"),
      table = e("div", {class: "scroll", tabindex: 0, role: "region", "data-label": "board.numbers"}),
      hint = e("p", {class: "soft"});
    select.append(
      ...["all", ...landscapes].map(each =>
        e("option", {value: each, "data-text": `board.${each}`, text: landscape(each)})
      )
    );
    select.addEventListener("change", () => {
      shown = select.value;
      draw();
    });
    host.append(
      e("h2", {"data-text": "board.title"}),
      what,
      said,
      wrong,
      e("p", {class: "row"}, e("label", {for: "board-landscape", "data-text": "board.landscape"}), select),
      hint,
      e("div", {class: "columns"}, picture, table)
    );

    // What is said of the reader's searcher: its rank, whom it is better than, and what went wrong.
    const tell = () => {
      what.textContent =
        play.text("board.what", {seeds: seeds[0]}) +
        (name && seeds[1] !== seeds[0] ? play.text("board.yours", {name, seeds: seeds[1]}) : "") +
        play.text("board.regret");
      const by = ending => listed(Object.keys(verdicts).filter(key => verdicts[key] === ending));
      const lines = !name
        ? []
        : ranks
          ? [
              play.text("board.rank", {
                name,
                players: play.number(players),
                first: ranks[0],
                last: ranks[1],
                few: trials[0],
                many: trials[1]
              })
            ]
          : [play.text("board.unranked", {name})];
      if (name && ranks && !verdicts) lines.push(play.text("board.few", {seeds: seeds[1]}));
      else if (verdicts)
        for (const ending of ["better", "worse", "no verdict"])
          if (by(ending)) lines.push(play.text(`board.${ending}`, {names: by(ending), many: trials[1]}));
      if (Object.values(play.moves?.levels ?? {}).some(level => level.searches.yours))
        lines.push(play.text("board.replayed", {name}));
      said.textContent = lines.join(play.language === "zh" ? "" : " ");
      said.hidden = !lines.length;
      wrong.hidden = !errors.length;
      wrong.replaceChildren(
        ...errors.map(({levels, landscapes: where = levels, what}) =>
          e("li", {
            text: play.text(levels ? "board.broke_level" : "board.broke", {
              name,
              where: where.map(each => `“${landscape(each)}”`).join(SEPARATOR[play.language]),
              what
            })
          })
        )
      );
    };

    const chart = play.chart(
      picture,
      {height: () => 56 + 30 * order().length, label: () => play.text("board.chart", {landscape: landscape(shown)})},
      chart => {
        const keys = order(),
          all = keys.flatMap(key => means[key][shown]),
          top = Math.max(...all.map(([value, error]) => value + error));
        const left = 14 + 7.8 * Math.max(...keys.map(key => short(named(key)).length));
        chart.axes({
          x: [0, 1.05 * top],
          y: [keys.length - 0.5, -0.5],
          yTicks: [],
          left: Math.min(left, 0.45 * chart.width),
          xLabel: play.text("board.axis", {few: trials[0], many: trials[1]})
        });
        keys.forEach((key, k) => {
          const look = COLOURS[key],
            points = means[key][shown];
          chart.note(0, k, short(named(key)), {
            "text-anchor": "end",
            dx: -8,
            dy: 4,
            class: look,
            style: `font-weight:${key === "yours" ? 800 : 600}`
          });
          points.forEach(([value, error], which) => {
            const y = k + (which ? 0.12 : -0.12);
            chart.line(
              [
                [value - error, y],
                [value + error, y]
              ],
              {class: `line ${look}`}
            );
            chart.dot(value, y, {class: `dot ${which ? "" : "hollow "}${look}`});
          });
        });
      }
    );
    const draw = () => {
      const cell = ([value, error]) => `${play.number(value, 1)} ± ${play.number(error, 1)}`;
      hint.textContent =
        play.text(`board.about ${shown}`) + (play.language === "zh" ? "" : " ") + play.text("board.lines");
      chart.draw();
      table.replaceChildren(
        e(
          "table",
          {},
          e(
            "thead",
            {},
            e(
              "tr",
              {},
              [play.text("board.searcher"), ...trials.map(many => play.text("board.trials", {many}))].map(text =>
                e("th", {scope: "col", text})
              )
            )
          ),
          e(
            "tbody",
            {},
            order().map(key =>
              e(
                "tr",
                {},
                e("th", {scope: "row", text: named(key), style: key === "yours" ? "color:var(--you)" : null}),
                means[key][shown].map(each => e("td", {text: cell(each)}))
              )
            )
          )
        )
      );
    };
    play.part(tell, host);
    play.part(draw, host);
  };
})();
