// The game: a map of configurations, learning curves that are paid for by the epoch, one configuration to hand in.
(() => {
  const LEVELS = ["two", "five", "noisy"], TICK = 85, STEP = 3;  // ms an epoch; epochs at a time without animation
  const axes = {rate: 0, batch: 1};  // the hyper-parameters of the map; the others are chosen below it
  let state, running = null, timer = null, message = () => "", other = [], cell = [5, 2];

  const level = () => play.moves.levels[state.level];
  const spent = () => state.tries.reduce((sum, each) => sum + each.epochs, 0);
  const left = () => play.moves.budget - spent();
  // The share of the level's validation images that a try reads correctly after some epochs.
  const score = ({at, seed}, epochs) => {
    const {right, rows} = play.trainings, seen = right(at, seed, epochs), all = rows.validation;
    return level().rows === all ? seen / all : play.drawn(seen, all, level().rows, state.game, at, seed) / level().rows;
  };
  const shown = each => score(each, each.epochs);
  const best = tries => tries.filter(each => each.epochs).reduce((one, each) => !one || shown(each) > shown(one) ? each : one, null);
  const chosen = () => state.tries[state.chosen] ?? best(state.tries);
  const percent = (value, decimals = 1) => `${play.number(100 * value, decimals)} %`;
  const value = (name, v) => name === "l2" && v === 0 ? play.text("game.none") : String(v);
  const searched = () => level().free.length > 2;

  // Colours of an accuracy: dark blue at chance to yellow at the best; the text on it is black or white.
  play.heat = accuracy => {
    const stops = [[54, 48, 110], [45, 105, 142], [40, 160, 125], [150, 205, 70], [253, 231, 37]];
    const t = Math.max(0, Math.min(1, (accuracy - 0.1) / (play.trainings.expected(play.trainings.best) - 0.1))) ** 2.2 * 4;
    const k = Math.min(3, Math.floor(t)), colour = stops[k].map((c, i) => Math.round(c + (t - k) * (stops[k + 1][i] - c)));
    const [r, g, b] = colour.map(c => (c / 255) ** 2.2);
    return {ground: `rgb(${colour})`, ink: 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff"};
  };

  // What survives a reload: this game, and the regrets of those that were handed in -------------------------------------

  const kept = (name, otherwise) => { try { return JSON.parse(localStorage.getItem(`scratchtune-${name}`)) ?? otherwise; } catch { return otherwise; } };
  const keep = (name, what) => { try { localStorage.setItem(`scratchtune-${name}`, JSON.stringify(what)); } catch { /* a private window */ } };
  const results = () => kept("results", []).filter(each => each.level === state.level);
  const readable = saved => saved && Number.isInteger(saved.game) && LEVELS.includes(saved.level) && Array.isArray(saved.tries) && saved.tries.every(({at, seed, epochs}) =>
    at >= 0 && at < play.trainings.total && seed >= 0 && seed < play.trainings.seeds && epochs >= 0 && epochs <= play.trainings.epochs);
  const save = () => { if (state) keep("games", {...kept("games", {}), [state.level]: state, last: state.level}); };
  const begin = (name, game) => {
    clearInterval(timer);
    running = null;
    const saved = kept("games", {})[name];
    state = readable(saved) && saved.level === name && (game === null || saved.game === game) ? saved
      : {level: name, game: game ?? firstUnplayed(name), tries: [], chosen: null, done: false, opened: false};
    other = play.trainings.index(state.done || !searched() ? play.trainings.best : level().base).slice(2);
    if (searched() && !state.done) other = other.map((_, k) => Math.floor((play.trainings.sizes[k + 2] - 1) / 2));
    save();
    message = () => "";
    const address = play.address();
    address.set("level", name);
    address.set("game", state.game + 1);
    history.replaceState(null, "", `#${address}`);
  };
  const firstUnplayed = name => {
    const played = kept("results", []).filter(each => each.level === name).map(each => each.game);
    const open = [...Array(play.moves.games).keys()].find(game => !played.includes(game));
    return open ?? 0;
  };

  play.game = host => {
    const T = play.trainings, [rates, batches] = [T.values[T.names[axes.rate]], T.values[T.names[axes.batch]]];
    const at = (rate, batch) => T.flat([rate, batch, ...other]);
    const e = play.element;
    const asked = play.address(), wanted = [asked.get("level"), kept("games", {}).last, "two"].find(name => LEVELS.includes(name));
    const named = Number(asked.get("game")), known = Number.isInteger(named) && named >= 1 && named <= play.moves.games;
    begin(wanted, known ? named - 1 : null);
    addEventListener("pagehide", save);

    // The parts of the page ---------------------------------------------------------------------------------------------

    const bar = e("div", {class: "bar"}, e("i")), budget = e("b", {"aria-live": "off"}), means = e("span", {class: "soft"});
    const number = e("b"), hand = play.button("game.hand", handIn, {class: "main"}), live = e("p", {class: "message", role: "status"});
    const map = e("div", {class: "map", role: "group", "data-label": "game.map"}), knobs = e("div"), hint = e("p", {class: "soft hint"});
    const mapTitle = e("h2"), curves = e("div"), stop = play.button("game.stop", () => finish(false), {class: "main"});
    const more = play.button("game.more", () => advance(STEP)), skip = play.button("game.skip", () => advance(T.epochs));
    const head = e("thead"), body = e("tbody"), list = e("section", {class: "card"}, e("h2", {"data-text": "game.tries"}),
      e("p", {class: "soft", "data-text": "game.choose"}),
      e("div", {class: "scroll", tabindex: 0, role: "region", "data-label": "game.tries"}, e("table", {class: "tries"}, head, body)));
    const end = e("section", {id: "end", tabindex: -1});
    const intro = e("p", {class: "big intro"}), setup = e("div", {class: "row game-setup"});
    host.append(e("h1", {"data-text": "game.title"}), intro, setup,
      e("div", {class: "budget"}, budget, bar, hand),
      e("div", {class: "columns"},
        e("section", {class: "card", "data-label": "game.map"}, mapTitle, map, e("p", {class: "soft axis", "data-text": "game.axes"}), knobs, hint),
        e("section", {class: "card", "data-label": "game.curve"}, e("h2", {"data-text": "game.curve"}), curves, live,
          e("div", {class: "row"}, stop, more, skip))),
      list, end);
    const choice = play.choice(setup, {label: "game.level", value: state.level, choices: LEVELS.map(name => [name, `game.${name}`]),
      change: name => { if (running) finish(false); begin(name, null); fresh(); }});
    setup.append(number, play.button("game.next", next), means);
    const buttons = batches.map((_, b) => rates.map((_, r) => e("button", {type: "button", tabindex: -1, onclick: () => { focus(r, b, false); train(r, b); }})));
    for (let b = batches.length - 1; b >= 0; b--) map.append(e("span", {class: "label", text: batches[b]}), ...buttons[b]);
    map.append(e("span"), ...rates.map(rate => e("span", {class: "label", text: String(rate).replace(/^0\./, ".")})));
    map.addEventListener("keydown", event => {
      const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
      if (!way) return;
      event.preventDefault();
      focus(Math.max(0, Math.min(rates.length - 1, cell[0] + way[0])), Math.max(0, Math.min(batches.length - 1, cell[1] + way[1])), true);
    });
    addEventListener("keydown", event => { if (event.key === "Escape" && running) finish(false); });
    const focus = (rate, batch, move) => {
      buttons[cell[1]][cell[0]].tabIndex = -1;
      cell = [rate, batch];
      buttons[batch][rate].tabIndex = 0;
      if (move) buttons[batch][rate].focus({preventScroll: true});
    };

    // Training -----------------------------------------------------------------------------------------------------------

    const train = (rate, batch) => {
      if (state.done) return;
      if (running) return say(() => play.text("game.busy"));
      const where = at(rate, batch), same = state.tries.filter(each => each.at === where);
      const unfinished = same.find(each => each.epochs < T.epochs);
      if (unfinished) return resume(unfinished);
      if (same.length >= T.seeds) return say(() => play.text("game.seeds"));
      if (left() <= 0) return say(() => play.text("game.empty"));
      const seed = (play.hash(state.game, where) + same.length) % T.seeds, made = {at: where, seed, epochs: 0};
      state.tries.push(made);
      resume(made);
    };
    const resume = each => {
      if (running || left() <= 0) return say(() => play.text(running ? "game.busy" : "game.empty"));
      running = each;
      message = () => "";
      if (play.still()) advance(STEP); else timer = setInterval(() => advance(1), TICK);
      paint();
    };
    const advance = epochs => {
      for (let k = 0; k < epochs && running; k++) {
        running.epochs++;
        if (running.epochs === T.epochs || left() === 0) finish(true);
      }
      if (running) tick();
    };
    const finish = ended => {
      clearInterval(timer);
      const each = running, at = state.tries.indexOf(each) + 1;
      running = null;
      if (each.epochs === 0) state.tries.splice(at - 1, 1);
      else say(() => [play.text(each.epochs === T.epochs ? "game.done" : "game.stopped", {number: at, score: percent(shown(each)), epochs: each.epochs, rest: T.epochs - each.epochs}),
        left() > 0 ? "" : play.text("game.empty")].join(" "));
      save();
      paint();
    };
    const say = text => { message = text; live.textContent = text(); };
    function handIn() {
      if (running || !chosen()) return;
      state.chosen = state.tries.indexOf(chosen());
      state.done = true;
      save();
      keep("results", [...kept("results", []).filter(each => each.level !== state.level || each.game !== state.game),
        {level: state.level, game: state.game, regret: T.regret(chosen().at)}]);
      other = T.index(T.best).slice(2);
      fresh();
      end.focus({preventScroll: true});
      end.scrollIntoView({behavior: play.still() ? "auto" : "smooth"});
    }
    function next() {
      begin(state.level, (state.game + 1) % play.moves.games);
      fresh();
      host.scrollIntoView();
    }

    // Drawing ------------------------------------------------------------------------------------------------------------

    const cellOf = (rate, batch) => {
      const button = buttons[batch][rate], where = at(rate, batch), here = state.tries.filter(each => each.at === where && each.epochs);
      const elsewhere = state.tries.some(each => each.at !== where && T.index(each.at)[0] === rate && T.index(each.at)[1] === batch);
      const seen = here.includes(running) ? running : best(here), number = state.done ? T.expected(where) : seen ? shown(seen) : null;
      const colour = number === null ? {ground: "", ink: ""} : play.heat(number);
      button.style.background = colour.ground;
      button.style.color = colour.ink;
      button.textContent = number === null ? "" : play.number(100 * number);
      button.classList.toggle("elsewhere", elsewhere);
      button.classList.toggle("now", running !== null && running.at === where);
      button.classList.toggle("mine", state.done && where === chosen().at);
      button.classList.toggle("best", state.done && where === T.best);
      button.classList.toggle("ridge", state.done && ridge(rate, batch));
      button.tabIndex = cell[0] === rate && cell[1] === batch ? 0 : -1;
      button.setAttribute("aria-disabled", state.done);
      button.setAttribute("aria-label", play.text("game.cell", {rate: rates[rate], batch: batches[batch],
        score: number === null ? play.text("game.untried") : percent(number, 0)}));
    };
    // Whether a learning rate is the best one for its batch size, with the other hyper-parameters as chosen.
    const ridge = (rate, batch) => rates.every((_, r) => T.expected(at(r, batch)) <= T.expected(at(rate, batch)));
    const chart = play.chart(curves, {height: () => innerWidth < 600 ? 210 : 300, label: "game.curve"}, chart => {
      chart.axes({x: [0, T.epochs], y: [0, 1], xTicks: [0, 9, 18, 27], yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1], yTick: v => play.number(100 * v),
        xLabel: play.text("game.epochs"), yLabel: play.text("game.accuracy", {rows: level().rows})});
      const line = (each, until, from = 1) => [...Array(until - from + 1).keys()].map(k => [k + from, score(each, k + from)]);
      const winner = chosen();
      for (const each of state.tries) {
        if (each === running || !each.epochs) continue;
        chart.line(line(each, each.epochs), {class: each === winner ? "line ink" : "line faint"});
        if (each.epochs < T.epochs) chart.dot(each.epochs, shown(each), {r: 3.5, class: "dot hollow"});
        if (state.done) chart.line(line(each, T.epochs, each.epochs), {class: "line faint dashed"});
      }
      if (winner) {
        chart.rule(null, shown(winner), {class: "rule dashed"});
        chart.note(0.3, shown(winner), play.text("game.best", {score: percent(shown(winner))}), {dy: -6, class: "title"});
      } else if (!running) chart.note(T.epochs / 2, 0.5, play.text("game.begin"), {"text-anchor": "middle", class: "title"});
      if (running && running.epochs) {
        chart.line(line(running, running.epochs), {class: "line you thick"});
        chart.dot(running.epochs, shown(running), {class: "dot you"});
      }
    });
    const tick = () => {
      const part = 100 * left() / play.moves.budget;
      budget.textContent = play.text("game.left", {left: left(), budget: play.moves.budget});
      bar.firstChild.style.width = `${part}%`;
      if (running) cellOf(...T.index(running.at).slice(0, 2));
      chart.draw();
    };
    const row = (each, k) => {
      const pick = e("input", {type: "radio", name: "handed", checked: each === chosen(), disabled: state.done || !each.epochs,
        onchange: () => { state.chosen = k; save(); paint(); }, "aria-label": play.text("game.pick", {number: k + 1})});
      const resumable = !state.done && each.epochs < T.epochs && each !== running;
      const free = T.names.map((name, k) => [name, T.index(each.at)[k]]).filter(([name]) => level().free.includes(name));
      return e("tr", {class: each === chosen() ? "chosen" : false}, e("td", {}, e("label", {}, pick, ` ${k + 1}`)),
        e("td", {text: each.epochs ? percent(shown(each)) : ""}), e("td", {text: each.epochs}),
        ...free.map(([name, i]) => e("td", {text: value(name, T.values[name][i])})),
        e("td", {}, resumable ? play.button("game.resume", () => resume(each), {disabled: running !== null || left() <= 0}) : null));
    };
    const paint = () => {
      intro.textContent = play.text(`game.intro_${state.level}`, {budget: play.moves.budget});
      number.textContent = play.text("game.number", {number: state.game + 1});
      mapTitle.textContent = play.text(state.done ? "game.open" : "game.map");
      hint.textContent = play.text(state.done ? searched() ? "game.opened_five" : "game.opened" : searched() ? "game.hint_five" : "game.hint");
      const mine = results();
      means.textContent = mine.length ? play.text("game.mean", {games: mine.length, regret: play.number(mean(mine.map(each => each.regret)), 1)}) : "";
      budget.textContent = play.text("game.left", {left: left(), budget: play.moves.budget});
      buttons.forEach((row, b) => row.forEach((_, r) => cellOf(r, b)));
      hand.disabled = state.done || running !== null || !chosen();
      stop.disabled = skip.disabled = running === null;
      more.hidden = !play.still();
      more.disabled = running === null;
      live.textContent = message();
      list.hidden = !state.tries.length;
      const columns = ["number", "score", "epochs"].map(name => play.text(`game.column_${name}`));
      head.replaceChildren(e("tr", {}, ...columns.map(text => e("th", {scope: "col", text})),
        ...level().free.map(name => e("th", {scope: "col", text: play.text(`game.${name}`)})), e("td")));
      body.replaceChildren(...state.tries.map(row));
      host.classList.toggle("done", state.done);
      host.classList.toggle("played", state.tries.length > 0);
      tick();
    };
    const fresh = () => {
      choice.value = state.level;
      knobs.replaceChildren();
      if (searched()) T.names.slice(2).forEach((name, k) => play.choice(knobs, {label: `game.${name}`, value: other[k],
        choices: T.values[name].map((v, i) => [i, () => value(name, v)]), change: i => { other[k] = i; paint(); }}));
      if (searched() && state.done) knobs.append(e("div", {class: "row"}, ...[["game.show_best", () => T.best], ["game.show_mine", () => chosen().at]]
        .map(([text, at]) => play.button(text, () => { other = T.index(at()).slice(2); fresh(); }))));
      end.replaceChildren();
      host.append(...state.done ? [end, list] : [list, end]);
      paint();
      if (state.done) play.ending(end, {state, level, score, shown, chosen, best, percent, value, results, next, save});
    };

    fresh();
    play.part(paint);
    play.state = () => ({...state, spent: spent(), left: left(), running, chosen: chosen()});
  };
})();
