"""What is wrong with a training, from its curves and its hidden units, and what to try first: `diagnose`."""
