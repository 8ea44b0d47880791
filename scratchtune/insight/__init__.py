"""Insight: what happened in a study, what mattered in it, and whether its gain is real; plots of studies and models.

Reading order for the importance of hyper-parameters: `response`, `importances`. For what each
change gains: `ablation_path`. For whether a gain is real: `verdicts`, `reevaluation`. All on one page: `reporting`.

The public names are in ``__init__.pyi``; each is loaded when it is first used, and matplotlib when something is drawn.
"""

from scratchtune.core.lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__)
