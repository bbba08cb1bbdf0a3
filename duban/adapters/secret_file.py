"""Secrets that duban makes for itself: files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def keep_first(file: Path, text: str) -> bool:
    """Writes the file unless there is one; whether it did. Of several processes that start at once, one wins."""
    with _fresh(file, text) as name:
        try:
            os.link(name, file)
        except FileExistsError:
            return False
    return True


def keep(file: Path, text: str) -> None:
    """Writes the file in the place of what was there."""
    with _fresh(file, text) as name:
        name.replace(file)


@contextmanager
def _fresh(file: Path, text: str) -> Iterator[Path]:
    """The text in a file of its own beside the one that is meant, mode 0600."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as fresh:
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
