"""Insight: what happened in a study, and plots of studies and of trained models.

Reading order for the importance of hyper-parameters: `variance_decomposition`, `regression_tree`, `tree_marginals`,
`forest`, `importances`. matplotlib is imported only when something is plotted.
"""

from scratchtune.insight.brackets_plot import plot_brackets
from scratchtune.insight.densities_plot import plot_densities
from scratchtune.insight.family_plot import plot_family
from scratchtune.insight.grid_plot import plot_grid
from scratchtune.insight.history_plots import plot_edf, plot_optimization_history
from scratchtune.insight.importance_plot import plot_param_importances
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.pair_plots import plot_contour, plot_rank
from scratchtune.insight.parameter_plots import plot_parallel_coordinate, plot_slice
from scratchtune.insight.posterior_plot import plot_posterior
from scratchtune.insight.trial_plots import plot_intermediate_values, plot_timeline
from scratchtune.insight.variance_decomposition import Shares, decompose_grid

__all__ = [
    "Importance", "Shares", "decompose_grid", "importance", "plot_brackets", "plot_contour", "plot_densities",
    "plot_edf", "plot_family", "plot_grid", "plot_intermediate_values", "plot_optimization_history",
    "plot_parallel_coordinate", "plot_param_importances", "plot_posterior", "plot_rank", "plot_slice", "plot_timeline",
]
