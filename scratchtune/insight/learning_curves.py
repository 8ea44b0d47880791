"""Learning curves: see `trial_plots`."""

from scratchtune.insight.trial_plots import plot_learning_curves as plot_learning_curves
