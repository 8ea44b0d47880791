// The 11,880 trainings of `st.datasets.load_trainings()`: look-ups by the index of each hyper-parameter, and a seed.
(() => {
  const bytes = async text => {
    const packed = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  play.unpacked = async text => JSON.parse(new TextDecoder().decode(await bytes(text)));
  let validation, wide, heldOut, expected;
  play.unpack = async () => {
    const {values, seeds, epochs, rows, packed} = play.data.trainings,
      names = Object.keys(values);
    validation = await bytes(packed.validation);
    for (let at = 0; at < validation.length; at++) if (at % epochs) validation[at] += validation[at - 1]; // of one byte
    [wide, heldOut] = (await Promise.all([bytes(packed.wide), bytes(packed.held_out)])).map(
      each => new Uint16Array(each.buffer)
    );
    const sizes = names.map(name => values[name].length),
      total = sizes.reduce((a, b) => a * b);
    const all = rows.validation + rows.wide + rows.held_out;
    const flat = index => index.reduce((at, k, axis) => at * sizes[axis] + k, 0);
    const right = (at, seed, epoch) => validation[(at * seeds + seed) * epochs + epoch - 1];
    expected = Float64Array.from({length: total}, (_, at) => {
      let sum = 0;
      for (let s = 0; s < seeds; s++) sum += right(at, s, epochs) + wide[at * seeds + s] + heldOut[at * seeds + s];
      return sum / seeds / all;
    });
    const best = expected.reduce((at, value, k) => (value > expected[at] ? k : at), 0);
    const index = at =>
      sizes.map((size, axis) => Math.floor(at / sizes.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);
    /* A configuration is its flat number `at`, 0 to 2,375. `right`: correct of 250 validation rows after an epoch (1 to
       27); `wide`: of 500 further ones at the end; `heldOut`: of 847; `expected`: mean accuracy of the five seeds on
       all of these; `regret`: how far it is below the best one, in percentage points. */
    play.trainings = {
      values,
      names,
      sizes,
      seeds,
      epochs,
      rows,
      total,
      flat,
      index,
      right,
      best,
      wide: (at, seed) => wide[at * seeds + seed],
      heldOut: (at, seed) => heldOut[at * seeds + seed],
      expected: at => expected[at],
      regret: at => 100 * (expected[best] - expected[at])
    };
    if (play.data.moves) play.moves = await play.unpacked(play.data.moves);
  };
})();
