"""Stub."""
from sklearn.ensemble import HistGradientBoostingClassifier as HistGradientBoostingClassifier
from sklearn.ensemble import HistGradientBoostingRegressor as HistGradientBoostingRegressor
