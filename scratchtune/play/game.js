// The game: a map of configurations, learning curves that are paid for by the epoch, one configuration to hand in.
(() => {
  const LEVELS = ["two", "five", "noisy"],
    TICK = 120,
    STEP = 3; // ms an epoch; epochs at a time without animation
  const axes = {rate: 0, batch: 1}; // the hyper-parameters of the map; the others are chosen below it
  const WORDS = ["rate", "batch", "epoch", "validation", "searcher", "l2", "dropout", "units", "hand"];
  let state,
    running = null,
    timer = null,
    message = () => "",
    other = [],
    cell = [5, 2];

  const level = () => play.moves.levels[state.level];
  const spent = () => state.tries.reduce((sum, each) => sum + each.epochs, 0);
  const left = () => play.moves.budget - spent();
  // The share of the level's validation images that a try reads correctly after some epochs.
  const score = ({at, seed}, epochs) => {
    const {right, rows} = play.trainings,
      seen = right(at, seed, epochs),
      all = rows.validation;
    return level().rows === all ? seen / all : play.drawn(seen, all, level().rows, state.game, at, seed) / level().rows;
  };
  const shown = each => score(each, each.epochs);
  const best = tries =>
    tries.filter(each => each.epochs).reduce((one, each) => (!one || shown(each) > shown(one) ? each : one), null);
  const chosen = () => state.tries[state.chosen] ?? best(state.tries);
  const percent = (value, decimals = 1) => play.number(100 * value, decimals) + (play.language === "zh" ? "%" : " %");
  const value = (name, v) => (name === "l2" && v === 0 ? play.text("game.none") : String(v));
  const searched = () => level().free.length > 2;
  const base = () => level().bases[state.game % level().bases.length];
  // The best configuration of those that can be chosen: of all, or of the 66 of this game's network.
  const top = () => {
    const T = play.trainings,
      others = T.index(base()).slice(2);
    if (searched()) return T.best;
    const every = [...Array(T.sizes[0] * T.sizes[1]).keys()].map(k =>
      T.flat([Math.floor(k / T.sizes[1]), k % T.sizes[1], ...others])
    );
    return every.reduce((one, at) => (T.expected(at) > T.expected(one) ? at : one));
  };
  const regret = at => 100 * (play.trainings.expected(top()) - play.trainings.expected(at));

  // Colours of an accuracy: dark blue at chance to yellow at the best; the text on it is black or white.
  play.heat = accuracy => {
    const stops = [
      [54, 48, 110],
      [45, 105, 142],
      [40, 160, 125],
      [150, 205, 70],
      [253, 231, 37]
    ];
    const t = Math.max(0, Math.min(1, (accuracy - 0.1) / (play.brightest - 0.1))) ** 2.2 * 4;
    const k = Math.min(3, Math.floor(t)),
      colour = stops[k].map((c, i) => Math.round(c + (t - k) * (stops[k + 1][i] - c)));
    const [r, g, b] = colour.map(c => (c / 255) ** 2.2);
    return {ground: `rgb(${colour})`, ink: 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff"};
  };

  // What survives a reload: this game, and the regrets of those that were handed in -----------------------------------

  const kept = name => {
    try {
      return JSON.parse(localStorage.getItem(`scratchtune-${name}`));
    } catch {
      return null;
    }
  };
  const keep = (name, what) => {
    try {
      localStorage.setItem(`scratchtune-${name}`, JSON.stringify(what));
    } catch {
      /* a private window */
    }
  };
  const whole = (value, from, to) => Number.isInteger(value) && value >= from && value <= to;
  const named = (name, game) => LEVELS.includes(name) && whole(game, 0, play.moves.games - 1);
  // A stored game, or null where it is none: a page must not fail on what an older one, or a hand, has left.
  const readable = saved => {
    const {epochs, total, seeds} = play.trainings;
    if (!saved || !named(saved.level, saved.game) || !Array.isArray(saved.tries)) return null;
    const tries = saved.tries.filter(
      each => each && whole(each.at, 0, total - 1) && whole(each.seed, 0, seeds - 1) && whole(each.epochs, 1, epochs)
    );
    const sound =
      tries.length === saved.tries.length && tries.reduce((sum, each) => sum + each.epochs, 0) <= play.moves.budget;
    const chosen = whole(saved.chosen, 0, tries.length - 1) ? saved.chosen : null;
    return sound
      ? {
          level: saved.level,
          game: saved.game,
          tries,
          chosen,
          done: saved.done === true && chosen !== null,
          opened: saved.opened === true
        }
      : null;
  };
  const everyResult = () => {
    const all = kept("results");
    return Array.isArray(all)
      ? all.filter(
          each =>
            each &&
            named(each.level, each.game) &&
            Number.isFinite(each.regret) &&
            whole(each.top, 0, play.trainings.total - 1)
        )
      : [];
  };
  const results = () => everyResult().filter(each => each.level === state.level);
  const games = () => {
    const all = kept("games");
    return all && typeof all === "object" ? all : {};
  };
  const save = () => {
    if (state)
      keep("games", {
        ...games(),
        [`${state.level}-${state.game}`]: {...state, tries: state.tries.filter(each => each.epochs)},
        last: [state.level, state.game]
      });
  };
  const begin = (name, game) => {
    clearInterval(timer);
    running = null;
    state = readable(games()[`${name}-${game}`]) ?? {
      level: name,
      game,
      tries: [],
      chosen: null,
      done: false,
      opened: false
    };
    other = play.trainings.index(searched() && !state.done ? base() : top()).slice(2);
    message = () => "";
    play.brightest = play.trainings.expected(top());
    save();
    if (location.hash && !location.hash.includes("=")) return; // a place on the page
    const address = play.address();
    address.set("level", name);
    address.set("game", game + 1);
    history.replaceState(null, "", `#${address}`);
  };
  const firstUnplayed = name => {
    const played = everyResult()
      .filter(each => each.level === name)
      .map(each => each.game);
    return [...Array(play.moves.games).keys()].find(game => !played.includes(game)) ?? 0;
  };

  play.game = host => {
    const T = play.trainings,
      [rates, batches] = [T.values[T.names[axes.rate]], T.values[T.names[axes.batch]]];
    const at = (rate, batch) => T.flat([rate, batch, ...other]);
    const e = play.element;
    // The game that the address asks for; else the last one, else the first.
    const asked = () => {
      const address = play.address(),
        [level, game] = Array.isArray(games().last) && named(...games().last) ? games().last : ["two", 0];
      const name = LEVELS.includes(address.get("level")) ? address.get("level") : level,
        number = Number(address.get("game")) - 1;
      if (named(name, number)) return [name, number, true];
      return [name, name === level ? game : firstUnplayed(name), !address.has("game")];
    };
    const open = () => {
      const [name, game, known] = asked(),
        number = play.address().get("game");
      begin(name, game);
      if (!known) message = () => play.text("game.unknown", {number, last: play.moves.games});
    };
    open();
    addEventListener("hashchange", () => {
      const [name, game] = asked();
      if (name === state.level && game === state.game) return;
      if (running) finish();
      save();
      open();
      fresh();
    });
    addEventListener("pagehide", save);

    // The parts of the page -------------------------------------------------------------------------------------------

    const bar = e("div", {class: "bar"}, e("i")),
      budget = e("b", {"aria-live": "off"}),
      means = e("span", {class: "soft"});
    const number = e("b"),
      hand = play.button("game.hand", handIn, {class: "main"}),
      live = e("p", {class: "message", role: "status"});
    const map = e("div", {class: "map", role: "group", "data-label": "game.map"}),
      knobs = e("div"),
      hint = e("p", {class: "soft hint"});
    const mapTitle = e("h2"),
      curves = e("div"),
      stop = play.button("game.stop", () => finish(), {class: "main"});
    const more = play.button("game.more", () => advance(STEP)),
      skip = play.button("game.skip", () => advance(T.epochs));
    const head = e("thead"),
      body = e("tbody"),
      list = e(
        "section",
        {class: "card"},
        e("h2", {"data-text": "game.tries"}),
        e("p", {class: "soft", "data-text": "game.choose"}),
        e(
          "div",
          {class: "scroll", tabindex: 0, role: "region", "data-label": "game.tries"},
          e("table", {class: "tries"}, head, body)
        )
      );
    const end = e("section", {id: "end", tabindex: -1});
    const words = e("dl"),
      intro = e("p", {class: "big intro"}),
      setup = e("div", {class: "row game-setup"});
    host.append(
      e("h1", {"data-text": "game.title"}),
      intro,
      setup,
      e("details", {class: "words"}, e("summary", {"data-text": "game.words"}), words),
      e("div", {class: "budget"}, budget, bar, stop, hand),
      e(
        "div",
        {class: "columns"},
        e(
          "section",
          {class: "card", "data-label": "game.map"},
          mapTitle,
          map,
          e("p", {class: "soft axis", "data-text": "game.axes"}),
          knobs
        ),
        e(
          "section",
          {class: "card", "data-label": "game.curve"},
          e("h2", {"data-text": "game.curve"}),
          curves,
          live,
          e("div", {class: "row"}, more, skip)
        )
      ),
      hint,
      list,
      end
    );
    const choice = play.choice(setup, {
      label: "game.level",
      value: state.level,
      choices: LEVELS.map(name => [name, `game.${name}`]),
      change: name => {
        if (running) finish();
        save();
        begin(name, firstUnplayed(name));
        fresh();
      }
    });
    setup.append(number, play.button("game.next", next), means);
    const buttons = batches.map((_, b) =>
      rates.map((_, r) =>
        e("button", {
          type: "button",
          tabindex: -1,
          onclick: () => {
            focus(r, b, false);
            train(r, b);
          }
        })
      )
    );
    for (let b = batches.length - 1; b >= 0; b--)
      map.append(e("span", {class: "label", text: batches[b]}), ...buttons[b]);
    map.append(e("span"), ...rates.map(rate => e("span", {class: "label", text: String(rate).replace(/^0\./, ".")})));
    map.addEventListener("keydown", event => {
      const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
      if (!way) return;
      event.preventDefault();
      focus(
        Math.max(0, Math.min(rates.length - 1, cell[0] + way[0])),
        Math.max(0, Math.min(batches.length - 1, cell[1] + way[1])),
        true
      );
    });
    addEventListener("keydown", event => {
      if (event.key === "Escape" && running) finish();
    });
    const focus = (rate, batch, move) => {
      buttons[cell[1]][cell[0]].tabIndex = -1;
      cell = [rate, batch];
      buttons[batch][rate].tabIndex = 0;
      if (move) buttons[batch][rate].focus({preventScroll: true});
    };

    // Training --------------------------------------------------------------------------------------------------------

    const train = (rate, batch) => {
      if (state.done) return;
      if (running) return say(() => play.text("game.busy"));
      const where = at(rate, batch),
        same = state.tries.filter(each => each.at === where);
      const unfinished = same.find(each => each.epochs < T.epochs);
      if (unfinished) return resume(unfinished);
      if (same.length >= T.seeds) return say(() => play.text("game.seeds"));
      if (left() <= 0) return say(() => play.text("game.empty"));
      const seed = (play.hash(state.game, where) + same.length) % T.seeds,
        made = {at: where, seed, epochs: 0};
      state.tries.push(made);
      resume(made);
    };
    const resume = each => {
      if (running || left() <= 0) return say(() => play.text(running ? "game.busy" : "game.empty"));
      running = each;
      message = () => "";
      if (innerWidth < 768 && state.tries.length === 1)
        host.querySelector(".budget").scrollIntoView({behavior: play.still() ? "auto" : "smooth"});
      if (play.still()) advance(STEP);
      else timer = setInterval(() => advance(1), TICK);
      paint();
    };
    const advance = epochs => {
      for (let k = 0; k < epochs && running; k++) {
        running.epochs++;
        if (running.epochs === T.epochs || left() === 0) finish();
      }
      if (running) tick();
    };
    const finish = () => {
      clearInterval(timer);
      const each = running,
        at = state.tries.indexOf(each) + 1;
      running = null;
      if (each.epochs === 0) state.tries.splice(at - 1, 1);
      else
        say(() =>
          [
            play.text(each.epochs === T.epochs ? "game.done" : left() > 0 ? "game.stopped" : "game.ended", {
              number: at,
              score: percent(shown(each)),
              epochs: each.epochs,
              rest: T.epochs - each.epochs
            }),
            left() > 0 ? "" : play.text("game.empty")
          ].join(" ")
        );
      save();
      paint();
    };
    const say = text => {
      message = text;
      live.textContent = text();
    };
    function handIn() {
      if (running || !chosen()) return;
      state.chosen = state.tries.indexOf(chosen());
      state.done = true;
      save();
      keep("results", [
        ...everyResult().filter(each => each.level !== state.level || each.game !== state.game),
        {level: state.level, game: state.game, regret: regret(chosen().at), top: top()}
      ]);
      other = T.index(top()).slice(2);
      message = () => "";
      fresh();
      end.focus({preventScroll: true});
      end.scrollIntoView({behavior: play.still() ? "auto" : "smooth"});
    }
    function next() {
      if (running) finish();
      save();
      begin(state.level, (state.game + 1) % play.moves.games);
      fresh();
      host.scrollIntoView();
    }

    // Drawing ---------------------------------------------------------------------------------------------------------

    const cellOf = (rate, batch) => {
      const button = buttons[batch][rate],
        where = at(rate, batch),
        here = state.tries.filter(each => each.at === where && each.epochs);
      const elsewhere = state.tries.some(
        each => each.at !== where && T.index(each.at)[0] === rate && T.index(each.at)[1] === batch
      );
      // Of several tries the mean of those that were trained to the end.
      const full = here.filter(each => each.epochs === T.epochs),
        several = full.length > 1 && !here.includes(running);
      const number = state.done
        ? T.expected(where)
        : here.includes(running)
          ? shown(running)
          : several
            ? mean(full.map(shown))
            : here.length
              ? shown(best(here))
              : null;
      const colour = number === null ? {ground: "", ink: ""} : play.heat(number);
      button.style.background = colour.ground;
      button.style.color = colour.ink;
      button.textContent = number === null ? "" : play.number(100 * number);
      button.dataset.times = several && !state.done ? `×${full.length}` : "";
      button.classList.toggle("elsewhere", elsewhere);
      button.classList.toggle("now", running !== null && running.at === where);
      button.classList.toggle("mine", state.done && where === chosen().at);
      button.classList.toggle("best", state.done && where === top());
      button.classList.toggle("ridge", state.done && ridge(rate, batch));
      button.tabIndex = cell[0] === rate && cell[1] === batch ? 0 : -1;
      button.setAttribute("aria-disabled", state.done);
      button.setAttribute(
        "aria-label",
        play.text("game.cell", {
          rate: rates[rate],
          batch: batches[batch],
          score: number === null ? play.text("game.untried") : percent(number, 0)
        })
      );
    };
    // Whether a learning rate is the best one for its batch size, with the other hyper-parameters as chosen.
    const ridge = (rate, batch) => rates.every((_, r) => T.expected(at(r, batch)) <= T.expected(at(rate, batch)));
    const chart = play.chart(curves, {height: () => (innerWidth < 600 ? 210 : 300), label: "game.curve"}, chart => {
      chart.axes({
        x: [0, T.epochs],
        y: [0, 1],
        xTicks: [0, 9, 18, 27],
        yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1],
        yTick: v => play.number(100 * v),
        xLabel: play.text("game.epochs"),
        yLabel: play.text("game.accuracy", {rows: level().rows})
      });
      const line = (each, until, from = 1) =>
        [...Array(until - from + 1).keys()].map(k => [k + from, score(each, k + from)]);
      const winner = chosen();
      for (const each of state.tries) {
        if (each === running || !each.epochs) continue;
        chart.line(line(each, each.epochs), {class: each === winner ? "line ink" : "line faint"});
        if (each.epochs < T.epochs) chart.dot(each.epochs, shown(each), {r: 3.5, class: "dot hollow"});
        if (state.done) chart.line(line(each, T.epochs, each.epochs), {class: "line faint dashed"});
      }
      if (winner) {
        chart.rule(null, shown(winner), {class: "rule dashed"});
        chart.note(
          0.3,
          shown(winner),
          play.text(state.chosen === null || state.done ? "game.best" : "game.yours", {score: percent(shown(winner))}),
          {dy: -6, class: "title"}
        );
      } else if (!running)
        chart.note(T.epochs / 2, 0.5, play.text("game.begin"), {"text-anchor": "middle", class: "title"});
      if (running && running.epochs) {
        chart.line(line(running, running.epochs), {class: "line you thick"});
        chart.dot(running.epochs, shown(running), {class: "dot you"});
      }
    });
    const tick = () => {
      const part = (100 * left()) / play.moves.budget;
      budget.textContent = play.text("game.left", {left: left(), budget: play.moves.budget});
      bar.firstChild.style.width = `${part}%`;
      if (running) cellOf(...T.index(running.at).slice(0, 2));
      chart.draw();
    };
    const row = (each, k) => {
      const pick = e("input", {
        type: "radio",
        name: "handed",
        checked: each === chosen(),
        disabled: state.done || !each.epochs,
        onchange: () => {
          state.chosen = k;
          save();
          paint();
        },
        "aria-label": play.text("game.pick", {number: k + 1})
      });
      const resumable = !state.done && each.epochs < T.epochs && each !== running;
      const free = T.names
        .map((name, k) => [name, T.index(each.at)[k]])
        .filter(([name]) => level().free.includes(name));
      return e(
        "tr",
        {class: each === chosen() ? "chosen" : false},
        e("td", {}, e("label", {}, pick, ` ${k + 1}`)),
        e(
          "td",
          {},
          resumable ? play.button("game.resume", () => resume(each), {disabled: running !== null || left() <= 0}) : null
        ),
        e("td", {text: each.epochs ? percent(shown(each)) : ""}),
        e("td", {text: each.epochs}),
        ...free.map(([name, i]) => e("td", {text: value(name, T.values[name][i])}))
      );
    };
    const paint = () => {
      const fixed = T.names.slice(2).map((name, k) => [name, value(name, T.values[name][T.index(base())[k + 2]])]);
      intro.textContent = play.text(`game.intro_${state.level}`, {
        budget: play.moves.budget,
        ...Object.fromEntries(fixed)
      });
      words.replaceChildren(
        ...WORDS.map(word => [
          e("dt", {text: play.text(`game.word_${word}`)}),
          e("dd", {text: play.text(`game.means_${word}`)})
        ]).flat()
      );
      number.textContent = play.text("game.number", {number: state.game + 1});
      mapTitle.textContent = play.text(state.done ? "game.open" : "game.map");
      hint.textContent = play.text(
        state.done ? (searched() ? "game.opened_five" : "game.opened") : searched() ? "game.hint_five" : "game.hint"
      );
      const mine = results();
      means.textContent = mine.length
        ? play.text(searched() ? "game.mean_same" : "game.mean", {
            games: mine.length,
            first: play.number(mine[0].regret, 1),
            regret: play.number(mean(mine.map(each => each.regret)), 1)
          })
        : "";
      budget.textContent = play.text("game.left", {left: left(), budget: play.moves.budget});
      buttons.forEach((row, b) => row.forEach((_, r) => cellOf(r, b)));
      hand.disabled = state.done || running !== null || !chosen();
      stop.disabled = skip.disabled = running === null;
      more.hidden = !play.still();
      more.disabled = running === null;
      live.textContent = message();
      list.hidden = !state.tries.length;
      const columns = ["number", "score", "epochs"].map(name => play.text(`game.column_${name}`));
      const [first, ...others] = [...columns, ...level().free.map(name => play.text(`game.${name}`))].map(text =>
        e("th", {scope: "col", text})
      );
      head.replaceChildren(e("tr", {}, first, e("td"), ...others));
      body.replaceChildren(...state.tries.map(row));
      host.classList.toggle("done", state.done);
      tick();
    };
    const fresh = () => {
      choice.value = state.level;
      knobs.replaceChildren();
      if (searched())
        T.names.slice(2).forEach((name, k) =>
          play.choice(knobs, {
            label: `game.${name}`,
            value: other[k],
            choices: T.values[name].map((v, i) => [i, () => value(name, v)]),
            change: i => {
              other[k] = i;
              paint();
            }
          })
        );
      if (searched() && state.done)
        knobs.append(
          e(
            "div",
            {class: "row"},
            ...[
              ["game.show_best", top],
              ["game.show_mine", () => chosen().at]
            ].map(([text, at]) =>
              play.button(text, () => {
                other = T.index(at()).slice(2);
                fresh();
              })
            )
          )
        );
      end.replaceChildren();
      host.append(...(state.done ? [end, list] : [list, end]));
      paint();
      if (state.done)
        play.ending(end, {state, level, score, shown, chosen, best, percent, value, results, next, save, regret, top});
    };

    fresh();
    play.part(paint);
    play.state = () => ({...state, spent: spent(), left: left(), running, chosen: chosen()});
  };
})();
