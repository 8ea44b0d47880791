"""Insight: what happened in a study, and plots of studies and of trained models.

Reading order for the importance of hyper-parameters: `variance_decomposition`, `regression_tree`, `tree_marginals`,
`forest`, `importances`. matplotlib is imported only when something is plotted.
"""

from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.variance_decomposition import Shares, decompose_grid

__all__ = ["Importance", "Shares", "decompose_grid", "importance"]
