"""Insight: what happened in a study, and plots of studies and of trained models.

Reading order for the importance of hyper-parameters: `variance_decomposition`, `regression_tree`, `tree_marginals`,
`forest`, `importances`. matplotlib is imported only when something is plotted.
"""

from scratchtune.insight.history_plots import plot_edf, plot_optimization_history
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.pair_plots import plot_contour, plot_rank
from scratchtune.insight.parameter_plots import plot_parallel_coordinate, plot_slice
from scratchtune.insight.reporting import report
from scratchtune.insight.trial_plots import plot_intermediate_values, plot_timeline
from scratchtune.insight.variance_decomposition import Shares, decompose_grid

__all__ = [
    "Importance", "Shares", "decompose_grid", "importance", "plot_contour", "plot_edf", "plot_intermediate_values",
    "plot_optimization_history", "plot_parallel_coordinate", "plot_rank", "plot_slice", "plot_timeline",
    "report",
]
