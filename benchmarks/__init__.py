"""What duban costs: each figure a ratio to a floor or a peer of the same run. See docs/guide/figures.md."""
