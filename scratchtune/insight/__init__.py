"""Insight: what happened in a study, what mattered in it, and whether its gain is real; plots of studies and models.

Reading order for the importance of hyper-parameters: `variance_decomposition`; by a forest `regression_tree`,
`tree_marginals`, `forest`; by a Gaussian process `anova_kernel`, `gaussian_marginals`, `gaussian_draws`; then
`surrogate_choice`, `importances`, `partial_dependences`. For what each change gains: `ablations`. For whether a gain is
real: `fold_scores`, `winners_curse`, `gains`, `verdicts`, `paired_comparison`, `one_standard_error_choice`, `nested`,
`reevaluation`, `finalist_comparison`, `held_out`. All on one page: `reporting`. matplotlib is imported only when
something is plotted.
"""

from scratchtune.insight.ablation_path import AblationPath
from scratchtune.insight.ablation_plot import plot_ablation
from scratchtune.insight.ablations import ablation
from scratchtune.insight.brackets_plot import plot_brackets
from scratchtune.insight.classifier_plots import plot_calibration, plot_precision_recall, plot_roc
from scratchtune.insight.confusion import plot_confusion_matrix
from scratchtune.insight.densities_plot import plot_densities
from scratchtune.insight.dependence_plots import plot_partial_dependence
from scratchtune.insight.family_plot import plot_family
from scratchtune.insight.finalist_comparison import Finalists, finalists
from scratchtune.insight.gains import Gain, gain
from scratchtune.insight.grid_plot import plot_grid
from scratchtune.insight.held_out import HeldOut, Look
from scratchtune.insight.history_plots import plot_edf, plot_optimization_history
from scratchtune.insight.importance_plot import plot_param_importances
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.learning_curves import plot_learning_curves
from scratchtune.insight.nested import Nested, nested_cross_validation
from scratchtune.insight.one_standard_error_choice import Choice, one_standard_error
from scratchtune.insight.pair_plots import plot_contour, plot_rank
from scratchtune.insight.paired_comparison import Difference, compare, compare_several, holm
from scratchtune.insight.parameter_plots import plot_parallel_coordinate, plot_slice
from scratchtune.insight.pareto_plot import plot_pareto_front
from scratchtune.insight.partial_dependences import PartialDependence, partial_dependence
from scratchtune.insight.posterior_plot import plot_posterior
from scratchtune.insight.reevaluation import reevaluate
from scratchtune.insight.reporting import report
from scratchtune.insight.stopped_plots import plot_stopped
from scratchtune.insight.terminator_plot import plot_terminator_improvement
from scratchtune.insight.trial_plots import plot_intermediate_values, plot_timeline
from scratchtune.insight.variance_decomposition import Shares, decompose_grid
from scratchtune.insight.verdicts import verdict
from scratchtune.insight.winners_curse import Optimism, optimism

__all__ = [
    "AblationPath", "Choice", "Difference", "Finalists", "Gain", "HeldOut", "Importance", "Look", "Nested", "Optimism",
    "PartialDependence", "Shares", "ablation", "compare", "compare_several", "decompose_grid", "finalists", "gain",
    "holm", "importance", "nested_cross_validation", "one_standard_error", "optimism", "partial_dependence",
    "plot_ablation", "plot_brackets", "plot_calibration", "plot_confusion_matrix", "plot_contour", "plot_densities",
    "plot_edf", "plot_family", "plot_grid", "plot_intermediate_values", "plot_learning_curves",
    "plot_optimization_history", "plot_parallel_coordinate", "plot_param_importances", "plot_pareto_front",
    "plot_partial_dependence", "plot_posterior", "plot_precision_recall", "plot_rank", "plot_roc", "plot_slice",
    "plot_stopped", "plot_terminator_improvement", "plot_timeline", "reevaluate", "report", "verdict",
]
