"""Tasks: a unit of work each, one service call, plain data back."""
