"""API: the HTTP interface under /api/v1."""
