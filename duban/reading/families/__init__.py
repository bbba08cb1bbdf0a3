"""Families: one module a kind of document; each turns a `Source` into a `Reading`."""
