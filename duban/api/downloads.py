"""Files that were uploaded, given back: always as a download, whole or a part of it for one that broke off."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import Header, Response

from duban.api.context import Caller, Context
from duban.errors import DubanError
from duban.services.evidence_files import evidence_content
from duban.services.tools import evidence_store

Range = Annotated[str | None, Header(alias="Range", description="One part of the file, as in `bytes=1000-`.")]
_ONE_PART = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")


class NoSuchPart(DubanError):
    """The file has {size} bytes, and none of the part that was asked for.

    Ask for a part that begins within the file, or leave `Range` out.
    """

    code = "no_such_part"
    status = 416


def evidence_file(context: Context, caller: Caller, item_id: int, evidence_id: int, part: str | None) -> Response:
    """A file of an item, or the part of it that `Range` asks for; anything else in that header is passed over.

    Raises NotFound, OutOfScope, EvidenceGone, NoSuchPart.
    """
    found = evidence_content(
        context.database,
        item_id=item_id,
        evidence_id=evidence_id,
        scope=caller.scope,
        folder=evidence_store(context.settings).folder,
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
    }
    size = len(found.content)
    bounds = _bounds(part, size)
    if bounds is None:
        return Response(found.content, media_type=found.media_type, headers=headers)
    first, last = bounds
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(found.content[first : last + 1], 206, headers, found.media_type)


def _bounds(part: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of what a header asks for (RFC 9110, 14.2); None for the whole file. Raises NoSuchPart."""
    asked = _ONE_PART.fullmatch(part or "")
    if asked is None or asked[1] is None is asked[2]:
        return None
    if asked[1] is None:
        length = min(int(asked[2]), size)
        first, last = size - length, size - 1
    else:
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        if asked[2] is not None and int(asked[2]) < first:
            return None
    if first >= size:
        raise NoSuchPart(size=size)
    return first, last
