"""The text layer: the bytes of a file become a `Source`, one reader a format.

Heavy libraries are imported by the reader of their own format only, so that a text file is read at once.
"""

from __future__ import annotations

from duban.reading.text.detect import text_layer

__all__ = ["text_layer"]
