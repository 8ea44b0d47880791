"""Exercise 28: a searcher that takes turns between two others."""

import numpy as np

import scratchtune as st
from scratchtune.core.search.searcher import Result, Seen

CASES: list = []
SPACE = st.search.Space({"x": st.Float(0.0, 1.0)})


class _Recorder(st.Searcher):
    """Records what it is called with, and proposes a point of its own."""

    def __init__(self, name):
        self.name, self._calls = name, []

    def suggest(self, space, seen, pending, number, rng):
        self._calls.append((list(seen), list(pending), number, rng))
        return st.Suggestion({"x": (number + rng.random()) / 100.0}, why={"by": self.name})


def _turns(propose):
    class MyTurns(st.Searcher):
        def __init__(self, first=None, second=None):
            self.first, self.second, self._count = first, second, 0

        def suggest(self, space, seen, pending, number, rng):
            self._count += 1
            return propose(self, space, seen, pending, number, rng)

    return MyTurns


def _by(whose):
    """Turns by a rule: 0 is the first searcher, 1 the second one."""
    return _turns(lambda self, space, seen, pending, number, rng: (self.first, self.second)[
        int(whose(self, seen, number, rng))].suggest(space, seen, pending, number, rng))


right = _by(lambda self, seen, number, rng: number % 2)

RAISES = "suggest should return what one of the two searchers suggests."
PARAMS = "suggest should return the Suggestion itself, with its reasons: not its params, and no new one."
ONE = "Only one of the two ever proposes; whose turn it is should depend on `number`."
REVERSED = "The turns are the other way round: even numbers are the first searcher's."
COUNTER = ("The same arguments gave another proposal the second time: whose turn it is must follow from `number`, not "
           "from a count kept in self. A study that is resumed calls a new object.")
RANDOM = "Whose turn it is changes with the generator: alternate by `number`, draw nothing."
BY_SEEN = ("With trials still running, the turns go wrong: there are fewer results than trials begun. Use `number`, "
           "not the length of `seen`.")
BLOCKS = "The searchers do not alternate: one proposes several trials in a row."
OWN = "A searcher sees only a part of the results: pass it all of `seen`, also the trials of the other one."
PENDING = "The searcher does not get the pending trials, so it may propose a point that is running: pass them on."
KEYED = "The searcher draws from another generator than `rng`, so that the study is not reproducible: pass `rng` on."
RETURNED = "This is the searcher itself: call its suggest with the same arguments, and return what that returns."
OTHERS = "Neither of the two searchers has been called: use self.first and self.second, whichever they are."
BOTH = ("Both searchers are called in each turn, and the first call draws from `rng`, so that the second one gets "
        "other random numbers: call only the one whose turn it is.")
RENUMBERED = "The searcher gets another number than the trial's: pass `number` itself, which its design depends on."


class _Asked:
    """A learner's searcher, asked for trials: who proposed each, called with what, and whether both were called."""

    def __init__(self, solution):
        self.solution, self.called_both = solution, []
        self.recorders = [_Recorder("first"), _Recorder("second")]
        self.kept = solution(*self.recorders)

    def again(self):
        """Who proposes trial 4, by the one searcher that is kept."""
        return self._proposed(self.kept, 4)[0]

    def fresh(self, number, running=0, seed=0):
        """Who proposes a trial of a new searcher, and what it was called with."""
        both = _Recorder("first"), _Recorder("second")
        self.recorders.extend(both)
        found = self._proposed(self.solution(*both), number, running, seed)
        if all(each._calls for each in both):
            self.called_both.append(number)
        return found

    def _proposed(self, searcher, number, running=0, seed=0):
        done = [Result(k, {"x": k / 50.0}, float(k), "complete") for k in range(number - running)]
        pending = [{"x": k / 50.0} for k in range(number - running, number)]
        rng = np.random.default_rng([seed, number])
        given = list(done), list(pending), number, rng
        try:
            found = searcher.suggest(SPACE, Seen(done), pending, number, rng)
        except NotImplementedError:
            raise
        except Exception as error:
            raise AssertionError(f"{RAISES} Yours raises {type(error).__name__}: {error}") from None
        self._check(found)
        calls = next((each._calls for each in (searcher.first, searcher.second) if each.name == found.why["by"]), [])
        return found.why["by"], calls[-1], given

    def _check(self, found):
        """What was returned is a suggestion of one of the two."""
        if found is None:
            raise AssertionError(f"{RAISES} Yours returns nothing.")
        if isinstance(found, st.Searcher):
            raise AssertionError(RETURNED)
        if isinstance(found, st.Suggestion) and not any(each._calls for each in self.recorders):
            raise AssertionError(OTHERS)
        if not isinstance(found, st.Suggestion) or "by" not in found.why:
            raise AssertionError(PARAMS)


def extra(solution):
    asked = _Asked(solution)
    if len({asked.again() for _ in range(3)}) > 1:
        raise AssertionError(COUNTER)
    if asked.again() != asked.fresh(4)[0]:
        raise AssertionError(COUNTER)
    turns = [asked.fresh(number)[0] for number in range(12)]
    if any(asked.fresh(number, seed=seed)[0] != turns[number] for number in range(4) for seed in range(1, 6)):
        raise AssertionError(RANDOM)
    if len(set(turns)) == 1:
        raise AssertionError(ONE)
    if turns == ["second", "first"] * 6:
        raise AssertionError(REVERSED)
    if turns != ["first", "second"] * 6:
        raise AssertionError(BLOCKS)
    if [asked.fresh(number, running=1 + number % 3)[0] for number in range(4, 12)] != ["first", "second"] * 4:
        raise AssertionError(BY_SEEN)
    if asked.called_both:
        raise AssertionError(BOTH)
    for number, running in ((6, 0), (7, 2)):
        _, (seen, pending, called, rng), given = asked.fresh(number, running)
        if seen != given[0]:
            raise AssertionError(OWN)
        if pending != given[1]:
            raise AssertionError(PENDING)
        if called != given[2]:
            raise AssertionError(RENUMBERED)
        if rng is not given[3]:
            raise AssertionError(KEYED)


def _turn(self, number):
    return (self.first, self.second)[number % 2]


MISTAKES = [
    (PARAMS, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number).suggest(
        space, seen, pending, number, rng).params)),
    (ONE, _by(lambda self, seen, number, rng: 0)),
    (REVERSED, _by(lambda self, seen, number, rng: (number + 1) % 2)),
    (COUNTER, _by(lambda self, seen, number, rng: (self._count + 1) % 2)),
    (RANDOM, _by(lambda self, seen, number, rng: rng.random() < 0.5)),
    (BY_SEEN, _by(lambda self, seen, number, rng: len(seen) % 2)),
    (BLOCKS, _by(lambda self, seen, number, rng: number // 2 % 2)),
    (OWN, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number).suggest(
        space, Seen(list(seen)[number % 2::2]), pending, number, rng))),
    (PENDING, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number).suggest(
        space, seen, [], number, rng))),
    (RENUMBERED, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number).suggest(
        space, seen, pending, number // 2, rng))),
    (KEYED, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number).suggest(
        space, seen, pending, number, np.random.default_rng(0)))),
    (RETURNED, _turns(lambda self, space, seen, pending, number, rng: _turn(self, number))),
    (OTHERS, _turns(lambda self, space, seen, pending, number, rng: st.RandomSearch().suggest(
        space, seen, pending, number, rng))),
    (BOTH, _turns(lambda self, space, seen, pending, number, rng: [
        each.suggest(space, seen, pending, number, rng) for each in (self.first, self.second)][number % 2])),
]
