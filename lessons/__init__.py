"""Lessons are scripts to read, run, break and solve, one idea each; `python -m lessons` lists them."""
