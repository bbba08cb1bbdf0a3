"""Figures of what duban costs, each a ratio to a floor or a peer measured in the same run. See docs/guide/figures.md."""
