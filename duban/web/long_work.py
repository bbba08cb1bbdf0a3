"""Work that takes longer than a person waits in the dark: the page comes at once and says how far it is, line by line.

It needs no script. What was begun is finished also where the reader leaves: it is whole in the ledger, or not at all.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

from fastapi.responses import StreamingResponse
from markupsafe import escape

from duban.errors import DubanError
from duban.web.session import Visitor
from duban.web.words import refusal

#: Documents of more items than this are worked on with their progress shown.
LARGE = 1000
_MARK = "<!-- work -->"
_ENDS = "</main>"
_DOING = {"items": "已写入事项", "clocks": "已开始计时"}

Progress = Callable[[str, int, int], None]


def with_progress(visit: Visitor, title: str, back: str, work: Callable[[Progress], str]) -> StreamingResponse:
    """A page of this title that says how far `work` is, and ends with what it gives: markup for the page's main part.

    A refusal is told in the page, with the way `back`.
    """
    page = bytes(visit.render("working.html", title=title).body).decode()
    head, _, tail = page.partition(_MARK)
    said: queue.Queue[tuple[bool, str]] = queue.Queue()

    def act() -> None:
        last = 0.0

        def progress(what: str, done: int, of: int) -> None:
            nonlocal last
            if time.monotonic() - last > 0.8 or done == of:
                last = time.monotonic()
                said.put((False, f"{_DOING.get(what, what)} {done} / {of}"))

        try:
            said.put((True, work(progress)))
        except DubanError as error:
            said.put((True, _failed(*refusal(error), back)))
        except Exception:
            said.put((True, _failed("没有办成，台账未变", "请重试；还不行的，请找系统管理员。", back)))
            raise

    def chunks() -> Iterator[str]:
        yield head
        threading.Thread(target=act, daemon=False).start()
        ended = False
        while not ended:
            try:
                ended, text = said.get(timeout=2)
            except queue.Empty:
                text = "…"
            yield f"</div></div>{text}" if ended else f"<p>{escape(text)}</p>\n"
        yield tail

    return StreamingResponse(chunks(), media_type="text/html; charset=utf-8")


def on_to(address: str) -> str:
    """The end of a work that leads to another page by itself."""
    to = escape(address)
    return f'<meta http-equiv="refresh" content="0;url={to}"><p class="ok"><a href="{to}">已办好，请看结果</a></p>'


def main_part(page: str) -> str:
    """The main part of a rendered page, to stand at the end of a work's page."""
    return page.partition("<main")[2].partition(">")[2].rpartition(_ENDS)[0]


def _failed(what: str, remedy: str, back: str) -> str:
    return f'<h2 class="bad">{escape(what)}</h2><p>{escape(remedy)}</p><p><a href="{escape(back)}">返回</a></p>'
