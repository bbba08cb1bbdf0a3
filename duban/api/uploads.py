"""Files of requests: their bytes within the limit, and the name that they came with."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, UploadFile
from starlette.datastructures import UploadFile as AnyUpload

from duban.api.problems import TooLarge

MAX_DOCUMENT = 20 * 1024 * 1024

DocumentFile = Annotated[UploadFile, File(description="The published document, at most 20 MB.")]
DirectoryFile = Annotated[UploadFile, File(description="A directory of parties, as CSV or .xlsx.")]


def content_of(file: AnyUpload) -> bytes:
    """The bytes of an uploaded file. Raises TooLarge."""
    content = file.file.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise TooLarge(limit="20 MB")
    return content


def name_of(file: AnyUpload, default: str = "document") -> str:
    """The file's own name, without the folders that some browsers send along."""
    return (file.filename or default).replace("\\", "/").rsplit("/", 1)[-1] or default
