"""The layers of the core, one file for each kind."""
