"""Checks of the tree itself: what no compiler or linter knows to look for."""
