"""Insight: plots of studies and of trained models. matplotlib is imported only when something is plotted."""
