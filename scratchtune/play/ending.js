// The end of a game: what the map hid, the searchers' tries, the regret, the rank, and last the held-out score.
(() => {
  const COLOURS = {random: "c6", grid: "c5", bayesian: "c1", genetic: "c3", hyperband: "c4", yours: "ink"};
  const name = key => (key === "yours" ? play.data.board.name : play.text(`ending.${key}`));

  // The move that would be handed in after each one: the best score among those of the most epochs so far.
  const incumbents = moves => {
    let best = null;
    return moves.map(move => {
      if (!best || move[3] > best[3] || (move[3] === best[3] && move[4] > best[4])) best = move;
      return best;
    });
  };
  play.incumbents = incumbents;

  play.ending = (host, round) => {
    const {state, level, percent, chosen, shown, regret: regretOf, top} = round,
      T = play.trainings,
      e = play.element;
    const searches = level().searches,
      names = Object.keys(searches),
      game = state.game;
    const handed = (key, of = game) => searches[key][of].moves[searches[key][of].handed];
    const mine = regretOf(chosen().at),
      players = level().players[game % level().players.length];
    const verdict = e("p", {class: "big"}),
      rank = e("p"),
      regret = e("div"),
      table = e("div", {
        class: "scroll",
        tabindex: 0,
        role: "region",
        "data-label": "ending.title",
        "aria-label": play.text("ending.title")
      }),
      games = e("p"),
      replay = e("div", {class: "columns"}),
      last = e("div"),
      share = e("span", {class: "soft"});
    const section = (title, ...children) =>
      e("section", {class: "card"}, e("h2", {"data-text": title, text: play.text(title)}), ...children);
    host.append(
      section(
        "ending.title",
        verdict,
        rank,
        regret,
        e("p", {class: "soft", "data-text": "ending.regret_note", text: play.text("ending.regret_note")}),
        table,
        games
      ),
      section("ending.searchers", replay),
      section("ending.held_out", last),
      e("div", {class: "row"}, play.button("game.next", round.next, {class: "main"}), share)
    );

    // Who hands in what: the score, the regret in this game, and the mean regret of many searches.
    const compared = () => {
      const row = (who, score, regret, usual) =>
        e(
          "tr",
          {},
          [who, percent(score), play.number(regret, 1), usual].map((text, k) =>
            e(k ? "td" : "th", {scope: k ? null : "row", text})
          )
        );
      return e(
        "table",
        {},
        e(
          "thead",
          {},
          e(
            "tr",
            {},
            ["who", "score", "here", "usually"].map((key, k) =>
              e(k ? "th" : "td", {scope: k ? "col" : null, text: k ? play.text(`ending.${key}`) : ""})
            )
          )
        ),
        e(
          "tbody",
          {},
          row(play.text("ending.you"), shown(chosen()), mine, ""),
          ...names.map(key =>
            row(
              name(key),
              handed(key)[4] / level().rows,
              regretOf(handed(key)[0]),
              level().regret[key]
                ? `${play.number(level().regret[key].at(-1), 1)} ± ${play.number(level().error[key], 1)}`
                : ""
            )
          )
        )
      );
    };
    const beaten = () => names.filter(key => mine < regretOf(handed(key)[0]) - 1e-9);
    const tell = () => {
      verdict.textContent = play.text(mine < 0.05 ? "ending.found" : "ending.verdict", {
        number: state.chosen + 1,
        regret: play.number(mine, 1),
        best: percent(T.expected(top()))
      });
      const worse = players.filter(each => each > mine + 0.005).length,
        better = players.filter(each => each < mine - 0.005).length;
      const lower = beaten()
        .map(name)
        .join(play.language === "zh" ? "、" : ", ");
      rank.textContent =
        play.text("ending.rank", {worse, better, of: play.number(players.length)}) +
        (play.language === "zh" ? "" : " ") +
        play.text(lower ? "ending.beaten" : "ending.unbeaten", {names: lower});
      share.textContent = play.text("ending.share", {address: `#level=${state.level}&game=${state.game + 1}`});
      table.replaceChildren(compared());
      const played = round.results(),
        best = each => (level().free.length > 2 ? T.best : each.top);
      const of = key =>
        mean(played.map(each => 100 * (T.expected(best(each)) - T.expected(handed(key, each.game)[0]))));
      games.textContent =
        played.length < 2
          ? ""
          : play.text("ending.games", {
              games: played.length,
              yours: play.number(mean(played.map(each => each.regret)), 1),
              bayesian: play.number(of("bayesian"), 1),
              random: play.number(of("random"), 1)
            });
    };
    play.part(tell, rank);

    // Regret while the epochs are spent -------------------------------------------------------------------------------

    const ours = () => {
      let sum = 0;
      const list = state.tries.map(each => [each.at, each.seed, 0, each.epochs, shown(each)]),
        paid = list.map(move => (sum += move[3]));
      return incumbents(list).map((move, k) => [paid[k], regretOf(move[0])]);
    };
    const steps = (points, end) =>
      points.flatMap(([x, y], k) => [
        [x, y],
        [k + 1 < points.length ? points[k + 1][0] : end, y]
      ]);
    play.chart(regret, {height: 300, label: "ending.regret"}, chart => {
      const high = 30,
        budget = play.moves.budget;
      chart.axes({
        x: [0, budget],
        y: [0, high],
        xTicks: [0, 81, 162, 243, 324],
        xLabel: play.text("ending.epochs"),
        yLabel: play.text("ending.regret")
      });
      const clipped = points => points.map(([x, y]) => [x, Math.min(y, high)]);
      names.forEach((key, k) => {
        const {moves} = searches[key][game];
        let sum = 0;
        const paid = moves.map(move => (sum += move[3] - move[2]));
        chart.line(
          clipped(
            steps(
              incumbents(moves).map((move, i) => [paid[i], regretOf(move[0])]),
              budget
            )
          ),
          {class: `line ${COLOURS[key]}`}
        );
        chart.note(budget, high, name(key), {
          class: COLOURS[key],
          "text-anchor": "end",
          dx: -4,
          dy: 14 + 15 * k,
          style: "font-weight:600"
        });
      });
      chart.line(clipped([...steps(ours(), budget).slice(0, -1), [budget, ours().at(-1)[1]], [budget, mine]]), {
        class: "line you thick"
      });
      chart.note(budget, high, play.text("ending.you"), {
        class: "you",
        "text-anchor": "end",
        dx: -4,
        dy: 14 + 15 * names.length,
        style: "font-weight:700"
      });
    });

    // The tries of a searcher on the map ------------------------------------------------------------------------------

    let who = names.includes("yours") ? "yours" : "bayesian",
      move = 0,
      timer = null;
    const tabs = e("div", {class: "row"}),
      map = e("div"),
      position = e("b"),
      what = e("p"),
      why = e("p", {class: "why"});
    const moves = () => searches[who][game].moves;
    const go = to => {
      move = Math.max(0, Math.min(moves().length - 1, to));
      draw();
    };
    const pause = () => {
      clearInterval(timer);
      timer = null;
    };
    const running = play.button("ending.play", () => {
      if (timer) {
        pause();
        return draw();
      }
      if (move === moves().length - 1) move = -1;
      timer = setInterval(() => {
        if (!host.isConnected || move >= moves().length - 1) pause();
        else move++;
        draw();
      }, 1100);
      go(move + 1);
    });
    replay.append(
      e("div", {}, tabs, map),
      e(
        "div",
        {},
        e(
          "div",
          {class: "row"},
          play.button("ending.back", () => {
            pause();
            go(move - 1);
          }),
          running,
          play.button("ending.on", () => {
            pause();
            go(move + 1);
          }),
          position
        ),
        what,
        why,
        e("p", {class: "soft", "data-text": "ending.why_note", text: play.text("ending.why_note")})
      )
    );
    const buttons = names.map(key => {
      const button = e("button", {
        type: "button",
        onclick: () => {
          pause();
          who = key;
          go(0);
        }
      });
      tabs.append(button);
      return button;
    });
    const [rates, batches] = T.names.map(each => T.values[each]);
    const picture = play.chart(
      map,
      {height: 310, label: () => play.text("ending.replay", {name: name(who)})},
      chart => {
        chart.axes({
          x: [-0.5, rates.length - 0.5],
          y: [-0.5, batches.length - 0.5],
          xTicks: rates.map((_, k) => k),
          yTicks: batches.map((_, k) => k),
          tick: () => "",
          xLabel: play.text("game.learning_rate"),
          yLabel: play.text("game.batch_size")
        });
        const rest = T.index(moves()[move][0]).slice(2),
          wide = chart.X(1) - chart.X(0),
          high = chart.Y(0) - chart.Y(1);
        rates.forEach((rate, r) =>
          chart.note(r, -0.5, String(rate).replace(/^0\./, "."), {"text-anchor": "middle", dy: 16})
        );
        batches.forEach((batch, b) => chart.note(-0.5, b, batch, {"text-anchor": "end", dx: -6, dy: 4}));
        rates.forEach((_, r) =>
          batches.forEach((_, b) =>
            chart.tile(r, b, wide - 2, high - 2, play.heat(T.expected(T.flat([r, b, ...rest]))).ground)
          )
        );
        moves()
          .slice(0, move + 1)
          .forEach(([at, , , to], k) => {
            const [r, b] = T.index(at),
              now = k === move,
              spread = 0.22 * (((k * 7) % 3) - 1);
            chart.dot(r + (now ? 0 : spread), b + (now ? 0 : spread / 2), {
              r: now ? 10 : 3 + 4 * Math.sqrt(to / T.epochs),
              class: now ? "dot now" : "dot past"
            });
          });
      }
    );
    const draw = () => {
      buttons.forEach((button, k) => {
        button.textContent = name(names[k]);
        button.setAttribute("aria-pressed", names[k] === who);
      });
      const [at, , from, to, right, english, chinese] = moves()[move];
      running.textContent = play.text(timer ? "ending.pause" : "ending.play");
      running.dataset.text = timer ? "ending.pause" : "ending.play";
      position.textContent = play.text("ending.position", {number: move + 1, of: moves().length});
      const values = T.index(at)
        .map((k, axis) => [T.names[axis], T.values[T.names[axis]][k]])
        .filter(([each]) => level().free.includes(each));
      what.textContent =
        values.map(([each, v]) => `${play.text(`game.${each}`)} ${round.value(each, v)}`).join(", ") +
        ": " +
        play.text(from ? "ending.promoted" : "ending.scored", {score: percent(right / level().rows), from, to});
      why.textContent = play.language === "zh" ? chinese : english;
      picture.draw();
    };
    play.part(draw, why);

    // Last: the held-out images ---------------------------------------------------------------------------------------

    const ends = () =>
      [
        ["you", shown(chosen()), chosen()],
        ...names.map(key => {
          const [at, seed, , , right] = handed(key);
          return [key, right / level().rows, {at, seed}];
        })
      ].map(([key, promised, {at, seed}]) => ({
        key,
        promised,
        held: T.heldOut(at, seed) / T.rows.held_out,
        mean: T.expected(at)
      }));
    const open = () => {
      state.opened = true;
      round.save();
      const said = e("p", {class: "big"}),
        note = e("p", {class: "soft"}),
        picture = e("div"),
        read = e("p");
      last.replaceChildren(said, picture, note, read);
      play.chart(picture, {height: 46 + 34 * (names.length + 1), label: "ending.held_out"}, chart => {
        const every = ends(),
          all = every.flatMap(each => [each.promised, each.held]);
        const low = Math.floor(20 * Math.min(...all)) / 20,
          top = Math.ceil(20 * Math.max(...all) + 0.01) / 20;
        chart.axes({
          x: [low, top],
          y: [every.length - 0.5, -0.5],
          yTicks: [],
          left: 92,
          xTick: v => play.number(100 * v),
          xLabel: play.text("ending.accuracy")
        });
        every.forEach(({key, promised, held}, k) => {
          const look = key === "you" ? "you" : COLOURS[key];
          chart.note(low, k, key === "you" ? play.text("ending.you") : name(key), {
            "text-anchor": "end",
            dx: -8,
            dy: 4,
            class: look,
            style: "font-weight:600"
          });
          chart.line(
            [
              [promised, k],
              [held, k]
            ],
            {class: `line thick ${look}`}
          );
          chart.dot(promised, k, {class: `dot hollow ${look}`, r: 6});
          chart.dot(held, k, {class: `dot ${look}`, r: 6});
        });
      });
      const explain = () => {
        const [you, ...others] = ends(),
          drop = 100 * (you.promised - you.held),
          above = curses();
        const key = chosen().epochs < T.epochs ? "ending.unfinished" : drop > 0 ? "ending.luck" : "ending.no_luck";
        said.textContent = play.text(key, {
          promised: percent(you.promised),
          held: percent(you.held),
          rows: play.number(T.rows.held_out),
          drop: play.number(Math.abs(drop), 1),
          epochs: chosen().epochs
        });
        const searchers = mean(others.map(each => 100 * (each.promised - each.held)));
        note.textContent = [
          play.text("ending.curse", {
            players: play.number(mean(above), 1),
            share: above.filter(each => each > 0).length
          }),
          play.text(searchers > 0 ? "ending.others_lose" : "ending.others_gain", {
            points: play.number(Math.abs(searchers), 1)
          })
        ].join(play.language === "zh" ? "" : " ");
        read.replaceChildren(play.text("core.read"), " ", play.lesson(15));
      };
      play.part(explain, said);
    };
    // How much the score that each of 1,000 random players hands in is above the held-out one, in points.
    const curses = () =>
      array(1000, player => {
        const others = T.index(top()).slice(2),
          pick = (k, size) => Math.floor(play.uniform(k, player, size) * size);
        const tries = array(12, k => ({
          epochs: T.epochs,
          seed: pick(100 + k, T.seeds),
          at:
            level().free.length > 2
              ? pick(k, T.total)
              : T.flat([pick(k, T.sizes[0]), pick(50 + k, T.sizes[1]), ...others])
        }));
        const winner = round.best(tries);
        return 100 * (shown(winner) - T.heldOut(winner.at, winner.seed) / T.rows.held_out);
      });
    play.curses = curses;
    if (state.opened) open();
    else
      last.append(
        e("p", {"data-text": "ending.before", text: play.text("ending.before")}),
        play.button("ending.open", open, {class: "main"})
      );
  };
})();
