"""One job on a table: read it, search models and preprocessing together, say what to expect on new rows, save, predict.

Reading order: `reading` (a file becomes a `Table` of numbers, texts and dates), `row_order` (groups, times),
`encoded_columns`, `features` (preprocessing), `trees`, `leaks`, `audit` (what may spoil the scores), `prepared`, `goal`
(the metric), `families` (the models), `members` (out-of-fold predictions), `portfolio`, `searching`,
`ensemble_selection`, `expectation` (the score on new rows), `explaining`, `auto` (`AutoClassifier`, `AutoRegressor`),
`job` (the same on a file).

Implements section 8.1 of the document.
"""
