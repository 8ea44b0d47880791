"""Exercise 28: wrong answers of readers, each with a part of the hint that names its mistake."""

import scratchtune as st

GP, TPE = st.BayesianSearch(model="gp"), st.BayesianSearch(model="tpe")


class OddFirst(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.first if number % 2 else self.second
        return searcher.suggest(space, seen, pending, number, rng)


class NumberOfSeen(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.second if len(seen) % 2 else self.first
        return searcher.suggest(space, seen, pending, number, rng)


class CountsInSelf(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second
        self._turn = 0

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.second if self._turn % 2 else self.first
        self._turn += 1
        return searcher.suggest(space, seen, pending, number, rng)


class OwnTrialsOnly(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.second if number % 2 else self.first
        own = [each for each in seen if each.number % 2 == number % 2]
        return searcher.suggest(space, own, pending, number, rng)


class ForgetsPending(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.second if number % 2 else self.first
        return searcher.suggest(space, seen, [], number, rng)


class HalfTheNumber(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.second if number % 2 else self.first
        return searcher.suggest(space, seen, pending, number // 2, rng)


class RandomTurns(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        searcher = self.first if rng.random() < 0.5 else self.second
        return searcher.suggest(space, seen, pending, number, rng)


class AsksBoth(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        one = self.first.suggest(space, seen, pending, number, rng)
        other = self.second.suggest(space, seen, pending, number, rng)
        return other if number % 2 else one


class FixedSearchers(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        return (TPE if number % 2 else GP).suggest(space, seen, pending, number, rng)


class ReturnsTheSearcher(st.Searcher):
    def __init__(self, first=GP, second=TPE):
        self.first, self.second = first, second

    def suggest(self, space, seen, pending, number, rng):
        return self.second if number % 2 else self.first


WRONG = [
    ("The turns are the other way round", OddFirst),
    ("With trials still running", NumberOfSeen),
    ("The same arguments gave another proposal the second time", CountsInSelf),
    ("A searcher sees only a part of the results", OwnTrialsOnly),
    ("The searcher does not get the pending trials", ForgetsPending),
    ("The searcher gets another number than the trial's", HalfTheNumber),
    ("Whose turn it is changes with the generator", RandomTurns),
    ("Both searchers are called in each turn", AsksBoth),
    ("Neither of the two searchers has been called", FixedSearchers),
    ("This is the searcher itself", ReturnsTheSearcher),
]
