"""Insight: plots of studies and of trained models, and which hyper-parameters matter.

matplotlib is imported only when something is plotted.
"""

from scratchtune.insight.history_plots import plot_edf, plot_optimization_history
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.pair_plots import plot_contour, plot_rank
from scratchtune.insight.parameter_plots import plot_parallel_coordinate, plot_slice
from scratchtune.insight.trial_plots import plot_intermediate_values, plot_timeline

__all__ = [
    "Importance", "importance", "plot_contour", "plot_edf", "plot_intermediate_values", "plot_optimization_history",
    "plot_parallel_coordinate", "plot_rank", "plot_slice", "plot_timeline",
]
