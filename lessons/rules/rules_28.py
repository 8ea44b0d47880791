"""The claims of lesson 28: a landscape on which each of the default's two models fails alone."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(28, "searched", "valley", "board")
PAIRS = 16  # of a draw on the checkerboard


@cache
def _best_losses(landscape, model, d, first, count):
    """The mean best loss of 40 trials, over so many searches."""
    return np.mean([lesson.searched(landscape, model, d, first + k).best_value for k in range(count)])


@claim("28a")
def parzen_in_a_valley(draw):
    """On a smooth valley in four dimensions TPE alone has a higher mean best loss than the process and the default."""
    of_tpe, of_process, of_both = (
        _best_losses(lesson.valley, model, 4, 10 * draw, 4) for model in ("tpe", "gp", "auto"))
    return of_tpe > max(of_process, of_both), of_tpe / max(of_process, of_both)


def _on_board(draw, model):
    return _best_losses(lesson.board, model, 2, PAIRS * draw, PAIRS)


@claim("28b", draws=12)
def process_on_a_board(draw):
    """On a checkerboard the process alone has a higher mean best loss of 16 searches than TPE alone."""
    gain = _on_board(draw, "gp") - _on_board(draw, "tpe")
    return gain > 0, gain


@claim("28c", draws=12)
def default_on_a_board(draw):
    """On a checkerboard the process alone has a higher mean best loss of 16 searches than the default."""
    gain = _on_board(draw, "gp") - _on_board(draw, "auto")
    return gain > 0, gain
