"""Exercise 18: a random search."""

import numpy as np

import scratchtune as st

SPACE = {"learning_rate": st.Float(1e-4, 1.0, log=True), "units": st.Int(1, 4), "optimizer": ["sgd", "adam", "rmsprop"],
         "dropout": st.Float(0.0, 0.5)}
TRIALS = 300
CASES: list = []


def right():
    return _searcher(lambda space, rng, number: space.from_unit(rng.random(len(space.names))))


def _searcher(propose):
    class MyRandomSearch(st.Searcher):
        def suggest(self, space, seen, pending, number, rng):
            return st.Suggestion(propose(space, rng, number))

    return MyRandomSearch


right = right()
NOT_KEYED = ("The same seed gave other trials the second time: draw from `rng`, not from np.random or from a "
             "generator of your own.")
ONE_NUMBER = ("All hyper-parameters of a trial have the same value on the unit interval: draw one number for each "
              "name, not one for all.")
NOT_LOG = ("Only one in a few trials has a learning rate below 0.1: on the range's logarithmic scale three in four "
           "have. Draw between 0 and 1, and let space.from_unit do the scaling.")
SAME_POINT = "Every trial is the same configuration: draw new numbers for each."
ENDS = "Only the ends and the middles of the ranges are tried: draw any number between 0 and 1."
BELL = "Values in the middle come up far more often than at the ends: draw uniformly (rng.random), not from a bell."
NOT_SEEDED = ("Another seed of the study gives the same trials: a generator of your own, with a fixed seed or with the "
              "trial's number, does not know the study's seed. Draw from `rng`.")
SEEN = "Your trials depend on the losses before them: random search ignores `seen`."
UNIT = ("The numbers between 0 and 1 are returned unchanged: let space.from_unit(u) make a configuration of them.")
LACKING = "suggest should return st.Suggestion(params), with a value for each name of the space."


def extra(solution):
    params = _run(solution)
    units = np.array([st.search.Space(SPACE).to_unit(each) for each in params])[:, [0, 3]]
    if _run(solution) != params:
        raise AssertionError(NOT_KEYED)
    if _run(solution, losses=np.arange(TRIALS)[::-1]) != params:
        raise AssertionError(SEEN)
    if all(each == params[0] for each in params):
        raise AssertionError(SAME_POINT)
    if abs(units[:, 0] - units[:, 1]).max() < 1e-6:
        raise AssertionError(ONE_NUMBER)
    if len({round(each, 6) for each in units[:, 0]}) < 20:
        raise AssertionError(ENDS)
    if np.mean(units[:, 0] < 0.75) < 0.5:
        raise AssertionError(NOT_LOG)
    if max(np.mean(abs(units - 0.5) < 0.25, axis=0)) > 0.65:
        raise AssertionError(BELL)
    if _run(solution, seed=4) == params:
        raise AssertionError(NOT_SEEDED)
    for k, name in enumerate(("learning_rate", "dropout")):
        counts = np.histogram(units[:, k], 5, (0.0, 1.0))[0]
        assert counts.min() > TRIALS / 10, (
            f"{name}: the fifths of its range come up {counts.tolist()} times of {TRIALS}.")
    for name, values in (("units", [1, 2, 3, 4]), ("optimizer", SPACE["optimizer"])):
        counts = [sum(each[name] == value for each in params) for value in values]
        assert min(counts) > TRIALS / len(values) / 2, f"{name}: {values} come up {counts} times of {TRIALS}."


def _run(solution, seed=3, losses=(0.0,) * TRIALS):
    study = st.Study(SPACE, solution(), seed=seed)
    found = []
    for loss in losses:
        try:
            trial = study.ask()
        except NotImplementedError:
            raise
        except Exception as error:
            if _is_unit(solution):
                raise AssertionError(UNIT) from None
            raise AssertionError(f"{LACKING} Yours raises {type(error).__name__}: {error}") from None
        study.tell(trial, float(loss))
        found.append(trial.params)
    return found


def _is_unit(solution):
    """Whether a suggestion has a number between 0 and 1 for each name, also where that is no value."""
    space = st.search.Space(SPACE)
    try:
        params = solution().suggest(space, [], [], 0, np.random.default_rng(0)).params
        return set(params) == set(space.names) and all(0.0 <= float(value) < 1.0 for value in params.values())
    except Exception:  # whatever it raises, it is no suggestion of unit values
        return False


def _linear(space, rng, number):
    u = rng.random(4)
    return {"learning_rate": 1e-4 + u[0] * (1.0 - 1e-4), "units": 1 + int(u[1] * 4),
            "optimizer": SPACE["optimizer"][int(u[2] * 3)], "dropout": 0.5 * u[3]}


class _NearTheBest(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        u = rng.random(len(space.names))
        if seen:
            best = min(seen, key=lambda result: result.value)
            u = np.clip(space.to_unit(best.params) + 0.2 * (u - 0.5), 0.0, 1.0)
        return st.Suggestion(space.from_unit(u))


MISTAKES = [
    (NOT_KEYED, _searcher(lambda space, rng, number: space.from_unit(np.random.random(len(space.names))))),
    (ONE_NUMBER, _searcher(lambda space, rng, number: space.from_unit([rng.random()] * len(space.names)))),
    (NOT_LOG, _searcher(_linear)),
    (SAME_POINT, _searcher(lambda space, rng, number: space.from_unit([0.5] * len(space.names)))),
    (ENDS, _searcher(lambda space, rng, number: space.from_unit(rng.choice([0.0, 0.5, 1.0], len(space.names))))),
    (BELL, _searcher(lambda space, rng, number: space.from_unit(
        np.clip(rng.normal(0.5, 0.17, len(space.names)), 0.0, 1.0)))),
    (NOT_SEEDED, _searcher(lambda space, rng, number: space.from_unit(
        np.random.default_rng(number).random(len(space.names))))),
    (SEEN, _NearTheBest),
    (UNIT, _searcher(lambda space, rng, number: dict(zip(space.names, rng.random(len(space.names)), strict=True)))),
]
