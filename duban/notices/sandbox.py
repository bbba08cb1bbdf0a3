"""The template environment: strict about missing values, escaped by our suffixes, and sandboxed for everybody.

A template, ours or an office's, reaches the keys of its context and nothing else: no attributes of Python objects, no
calls but macros and blocks, no arithmetic that makes huge strings, no files outside its folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment

from duban.notices import wording

ALLOWED_FILTERS = frozenset(
    {"abs", "default", "d", "e", "escape", "first", "int", "join", "last", "length", "count", "list", "lower", "map",
     "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "trim",
     "truncate", "unique", "upper"}
)  # fmt: skip
"""Filters of Jinja that can neither reach attributes of objects nor build large strings."""

_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth"})
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of text
    r"\ufeff\ufffe\uffff\ud800-\udfff]"  # not characters
)


class MemoryLoader(BaseLoader):
    """Templates from memory under their names, which also stand in error messages."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The source of a name; a name that is not there is `TemplateNotFound`, so no other file can be reached."""
        if template not in self.sources:
            raise TemplateNotFound(template)
        return self.sources[template], template, lambda: True


class NoticeEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for notices. Keys of mappings come before anything that Python hangs on a mapping."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader | None = None) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=escapes,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            cache_size=400,
        )
        self.globals.clear()
        self.filters = {k: v for k, v in self.filters.items() if k in ALLOWED_FILTERS} | wording.FILTERS

    def join_path(self, template: str, parent: str) -> str:
        """The name as it is. Text inside HTML would be put there unescaped, so that is refused."""
        if escapes(parent) and not escapes(template):
            raise SecurityError(f"{parent} is HTML and may not include {template}, which is not escaped")
        return template

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: a key of a mapping, or what a loop knows about itself."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, TemplateReference):
            return obj[attribute]  # `self.title()`: a block of the template itself
        return self._restricted(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: a key, or a position of a list."""
        if isinstance(obj, Mapping):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=str(argument))
        if isinstance(obj, (list, tuple)) and isinstance(argument, (int, slice)):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return self._restricted(obj, str(argument))

    def _restricted(self, obj: Any, attribute: str) -> Any:
        if obj is None:
            return self.undefined(
                obj=None, name=attribute, hint=f"{attribute!r} is asked of a field that is empty here"
            )
        if isinstance(obj, Undefined) or (isinstance(obj, LoopContext) and attribute in _LOOP):
            return super().getattr(obj, attribute)
        raise SecurityError(f"{attribute!r} is asked of a {type(obj).__name__}, whose attributes cannot be reached")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Nothing but what a loop knows about itself."""
        return isinstance(obj, LoopContext) and attr in _LOOP

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks and `super()`; never a function or a method."""
        return isinstance(obj, (Macro, BlockReference, LoopContext))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers only: `"x" * 10**9` and `l + l` would fill the memory, and `%` formats."""
        if operator != "**" and all(isinstance(v, (int, float)) for v in (left, right)):
            return super().call_binop(context, operator, left, right)
        raise SecurityError(f"operator {operator} is not allowed here")


def escapes(name: str | None) -> bool:
    """Whether a template of this name is HTML (`*.html.j2`) and escapes what it is given."""
    return name is not None and name.endswith(".html.j2")


def plain(value: Any) -> Any:
    """A copy of a context in which every text is one line, free of control and direction-changing characters.

    A line break in a name could otherwise start a new header or paragraph, and a control character breaks Word files.
    """
    if isinstance(value, str):
        return " ".join(_UNSAFE.sub("", value).split())
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value
