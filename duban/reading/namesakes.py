"""Two people of one name: told apart by the post that is printed beside it, 张伟（副区长） and 张伟（区住建局局长）.

A name without a post among several of that name is nobody's: who could be meant is offered to a person.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from duban.reading.model import Item, Reading
from duban.reading.party_words import ONLY_POST, POST_NAME
from duban.reading.source import Line, Source

_LABELLED = re.compile(r"^(?P<name>[\u4e00-\u9fff·]{2,12})\s*[(\uff08](?P<post>[^()\uff08\uff09]+)[)\uff09]$")
_LISTED = re.compile(r"[、,\uff0c\s]|兼")
#: What ends the words that may be a post before a name, and behind it.
_BEFORE = re.compile(r"[^\u4e00-\u9fff]|[由请和及与]")
_BEHIND = re.compile(r"^\s*(?:[(\uff08](?P<inside>[^()\uff08\uff09]{2,40})[)\uff09]|(?P<bare>[\u4e00-\u9fff]{2,14}))")


def parted(name: str) -> tuple[str, str]:
    """A person's name and the post that is written with it: of 张伟（副区长） or 副区长张伟; without one, ""."""
    if found := _LABELLED.match(name.strip()):
        return found["name"], found["post"].strip()
    if found := POST_NAME.match(name.strip()):
        return found["name"], found["post"].strip()
    return name.strip(), ""


def labelled(name: str, post: str) -> str:
    """How one of several of that name is called."""
    return f"{name}（{post}）"


def holders(post: str, posts: Mapping[str, str]) -> list[str]:
    """Those (of key to post) whose post this is: exactly, else as one part of a longer title."""
    wanted = _bare(post)
    if not wanted:
        return []
    exact = [key for key, one in posts.items() if _bare(one) == wanted]
    return exact or [key for key, one in posts.items() if wanted in _parts(one) or _bare(one) in _parts(post)]


def _bare(post: str) -> str:
    return re.sub(r"\s", "", post)


def _parts(post: str) -> set[str]:
    return {part for part in _LISTED.split(post) if part}


def tell_apart(reading: Reading, source: Source) -> None:
    """Gives people of one name that the document prints with different posts the post as part of their name.

    The post of everybody else that has one stays beside the reading (`posts`), for a directory that knows two.
    """
    printed: dict[str, set[str]] = defaultdict(set)
    of_item: list[tuple[Item, dict[str, list[str]]]] = []
    numbers = [line.number for line in source.lines]
    for item in reading.walk():
        own = source.lines[bisect_left(numbers, item.place.line) : bisect_right(numbers, item.place.end_line)]
        beside = {name: _posts_beside(name, own) for name in item.lead_officials}
        of_item.append((item, beside))
        for name, posts in beside.items():
            printed[name].update(posts)
    several = {name for name, posts in printed.items() if len(_different(posts)) > 1}
    reading.posts = {name: min(posts, key=len) for name, posts in printed.items() if posts and name not in several}
    for item, beside in of_item:
        item.lead_officials = [one for name in item.lead_officials for one in _called(name, beside[name], several)]


def _called(name: str, posts: list[str], several: set[str]) -> Iterator[str]:
    if name in several and posts:
        yield from (labelled(name, post) for post in posts)
    else:
        yield name


def _different(posts: Iterable[str]) -> set[str]:
    """Posts that are not only a shorter way to write another one of them."""
    found = set(posts)
    return {post for post in found if not any(post != other and post in other for other in found)}


def _posts_beside(name: str, own: Iterable[Line]) -> list[str]:
    """The posts that an item's own lines print beside the name, in order."""
    found: dict[str, None] = {}
    for line in own:
        if name in line.text:
            text = "|".join(line.cells) if line.cells else line.text
            for place in re.finditer(re.escape(name), text):
                if post := _post_at(text, place.start(), place.end()):
                    found[post] = None
    return list(found)


def _post_at(text: str, start: int, end: int) -> str | None:
    behind = _BEHIND.match(text[end:])
    if behind is not None:
        said = (behind["inside"] or behind["bare"] or "").strip()
        if said and all(ONLY_POST.match(part) for part in _parts(said)):
            return said
    before = _BEFORE.split(text[:start])[-1][-16:]
    return before if before and ONLY_POST.match(before) else None
