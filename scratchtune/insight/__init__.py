"""Insight: pictures of what a search has tried and found. matplotlib is loaded only when a picture is drawn."""
