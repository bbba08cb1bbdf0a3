"""CLI: the `duban` command."""
