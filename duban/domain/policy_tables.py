"""Typed, strict access to the tables of a TOML file: a refusal names the file, the line, the key and what is right."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from duban.errors import DubanError

E = TypeVar("E", bound=StrEnum)

_HEADER: Final = re.compile(r"\s*\[(\[?)\s*([^\]#]+?)\s*\]")
_ASSIGNMENT: Final = re.compile(r"\s*\"?([^\s\"=.]+)\"?\s*[.=]")


class PolicyInvalid(DubanError):
    """Policy {file}, line {line}, {key}: {problem}.

    {remedy}
    """

    code = "policy_invalid"
    status = 422
    exit_code = 2


class TomlFile:
    """A parsed TOML text that remembers where its tables and keys stand."""

    def __init__(self, text: str, filename: str) -> None:
        self.filename = filename
        self.lines = text.splitlines()
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            raise PolicyInvalid(
                file=filename,
                line=int(found.group(1)) if found else len(self.lines),
                key="syntax",
                problem=f"this is not TOML: {error}",
                remedy="Mend the syntax there; compare with policies/default.toml.",
            ) from error

    def line(self, table: str, index: int, key: str) -> int:
        """The 1-based line of a key in the `index`-th table of that name; of the table's head where it is missing."""
        current, seen, head = "", -1, 0
        for number, content in enumerate(self.lines, start=1):
            header = _HEADER.match(content)
            if header and "=" not in content.split("#")[0]:
                current = header.group(2)
                seen += current == table
                head = number if current == table and seen == index else head
            elif current == table and (not table or seen == index):
                assigned = _ASSIGNMENT.match(content)
                if assigned and assigned.group(1) == key:
                    return number
        return head or next((n for n, c in enumerate(self.lines, start=1) if key in c), 1)

    def table(self, name: str) -> Table:
        """The one table `[name]`; an absent one is refused."""
        found = self.data.get(name)
        if not isinstance(found, dict):
            self.refuse("", 0, name, f"the table [{name}] is missing", f"Write [{name}] as in policies/default.toml.")
        return Table(self, name, 0, found)

    def tables(self, name: str) -> Iterator[Table]:
        """Each table `[[name]]` in order; none if there are none."""
        found = self.data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            self.refuse("", 0, name, f"{name} is not a list of tables", f"Head each one with [[{name}]].")
        for index, entry in enumerate(found):
            yield Table(self, name, index, entry)

    def top(self, tables: Iterable[str]) -> Table:
        """The keys before any table. A table that is none of `tables` is refused."""
        names = set(tables)
        scalars = {key: value for key, value in self.data.items() if key not in names}
        top = Table(self, "", 0, scalars)
        top.read |= names
        return top

    def refuse(self, table: str, index: int, key: str, problem: str, remedy: str) -> NoReturn:
        """Raise `PolicyInvalid` for one place."""
        name = f"{table}[{index + 1}].{key}" if table and isinstance(self.data.get(table), list) else f"{table}.{key}"
        line = self.line(table, index, key)
        raise PolicyInvalid(file=self.filename, line=line, key=name.strip("."), problem=problem, remedy=remedy)


class Table:
    """One table, read key by key; `done` refuses whatever was not asked for."""

    def __init__(self, file: TomlFile, name: str, index: int, data: Mapping[str, Any]) -> None:
        self.file, self.name, self.index, self.data = file, name, index, data
        self.read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def refuse(self, key: str, problem: str, remedy: str) -> NoReturn:
        """Raise `PolicyInvalid` for a key of this table."""
        self.file.refuse(self.name, self.index, key, problem, remedy)

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not blank."""
        value = self._get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"{value!r} is no text", f'Write {key} = "…".')
        return value

    def number(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._get(key)
        if type(value) is not int or not low <= value <= high:
            self.refuse(key, f"{value!r} is out of place", f"Give a whole number from {low} to {high}.")
        return int(value)

    def optional_number(self, key: str, low: int, high: int) -> int | None:
        """The same, or None where the key is absent."""
        return self.number(key, low, high) if key in self else None

    def flag(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, f"{value!r} is neither true nor false", "Write true or false, without quotes.")
        return value

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        """One of an enumeration's values."""
        value = self._get(key, default)
        return self._member(key, kind, value)

    def choices(self, key: str, kind: type[E], default: tuple[E, ...] | None = None) -> tuple[E, ...]:
        """A list of an enumeration's values, none twice."""
        values = tuple(self._member(key, kind, v) for v in self._list(key, default))
        if len(set(values)) < len(values):
            self.refuse(key, "a name stands twice", "Name each once.")
        return values

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty where the key is absent."""
        values = self._list(key, ())
        if not all(isinstance(v, str) and v for v in values):
            self.refuse(key, "not every entry is a text", f'Write {key} = ["…"].')
        return tuple(values)

    def clock_time(self, key: str) -> dt.time:
        """A time of day as "17:00"."""
        value = self._get(key)
        try:
            return dt.time.fromisoformat(value) if isinstance(value, str) else self._no_time(key, value)
        except ValueError:
            self._no_time(key, value)

    def month_day(self, key: str, value: Any) -> tuple[int, int]:
        """A (month, day) written as "06-01"."""
        match = re.fullmatch(r"(\d\d)-(\d\d)", value) if isinstance(value, str) else None
        try:
            day = dt.date(2000, int(match.group(1)), int(match.group(2))) if match else None
        except ValueError:
            day = None
        if day is None or (day.month, day.day) == (2, 29):
            self.refuse(key, f"{value!r} is no day that every year has", 'Write month and day as "06-01".')
        return day.month, day.day

    def raw(self, key: str) -> Any:
        """The value as it stands, None where absent; whoever asks validates it."""
        self.read.add(key)
        return self.data.get(key)

    def done(self) -> None:
        """Refuse the keys that nobody asked for: a misspelt rule must not be ignored."""
        unknown = next((key for key in self.data if key not in self.read), None)
        if unknown is not None:
            self.refuse(unknown, "unknown key", f"Known here: {', '.join(sorted(self.read))}.")

    def _get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        if key not in self.data and default is None:
            self.refuse(key, "it is missing", f"Set {key}; compare with policies/default.toml.")
        return self.data.get(key, default)

    def _list(self, key: str, default: Any) -> Any:
        self.read.add(key)
        value = self.data.get(key, default)
        if not isinstance(value, (list, tuple)):
            self.refuse(key, "it is missing or no list", f'Write {key} = ["…"].')
        return value

    def _member(self, key: str, kind: type[E], value: Any) -> E:
        known = [str(member) for member in kind]
        if not isinstance(value, str) or value not in known:
            self.refuse(key, f"{value!r} is unknown", f"Known: {', '.join(known)}.")
        return kind(value)

    def _no_time(self, key: str, value: object) -> NoReturn:
        self.refuse(key, f"{value!r} is no time of day", 'Write it as "17:00".')
