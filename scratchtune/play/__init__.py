"""A page to play on: a game against the searchers, and interactive pictures of how tuning works, in one file.

Reading order: `javascript` (a formula's line as JavaScript), `page` (puts the page together). What moves is written by
hand: ``core.js`` (texts, drawing, controls), ``formulas.js`` (what the generated formulas call), ``trainings.js``
(look-ups), ``game.js``, and a file for each instrument; their texts are in ``texts/``, in English and Chinese.
"""
