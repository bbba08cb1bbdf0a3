"""Flows: order, concurrency and parameters; they read like the crontab that they replace."""
