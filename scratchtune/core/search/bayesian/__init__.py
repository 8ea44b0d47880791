"""Bayesian search: the Gaussian process, the Parzen estimator, and what chooses the next point from them."""
