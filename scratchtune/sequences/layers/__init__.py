"""The layers for sequences, one file for each kind."""
