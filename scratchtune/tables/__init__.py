"""One job on a table: read it, search models and preprocessing together, say what to expect on new rows, save, predict.

Reading order: `reading` (a file becomes a `Table` of numbers, texts and dates), `target`, `splitting` (groups, times,
folds), `features` (preprocessing), `leaks` and `audit` (what may spoil the scores), `prepared`; `goal` (the metric),
`layers`, `networks` and `trees` (the models), `families`, `members` (out-of-fold predictions), `searching`;
`expectation` (the score on new rows), `ensemble_selection` (and the verdict), `evaluating`, `explaining`, `page`;
`auto` (`AutoClassifier`, `AutoRegressor`), `job` (the same on a file).

Implements section 8.1 of the document.
"""
