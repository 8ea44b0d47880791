"""Other programs: Optuna's studies, training and trials on several workers."""
