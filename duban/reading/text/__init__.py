"""Text layer: one module a file format; each turns bytes into the lines and cells of a `Source`."""
