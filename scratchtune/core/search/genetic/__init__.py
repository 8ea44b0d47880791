"""Genetic search: its operators, its brood, and NSGA-II for several objectives."""
