"""The check of a template before it is saved: every field it asks for exists, and it reaches for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError, nodes

from duban.notices.errors import TemplateRefused
from duban.notices.sandbox import NoticeEnvironment, escapes
from duban.notices.schema import Many, Record, Shape, Unknown, Value

DEEPEST_LOOP = 3
"""Loops within loops (plans, colours, entries); more multiply a few lines of template into minutes of work."""

LONGEST_LIST = 50
"""Members of a list that a template writes out."""

_SAME = frozenset({"sort", "reverse", "list", "unique", "select", "reject", "selectattr", "rejectattr", "default", "d"})
_ONE_OF = frozenset({"first", "last"})
_BY_ATTRIBUTE = frozenset({"map", "sort", "sum", "unique", "join", "groupby", "min", "max"})
_BUILT_IN = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})

Scope = dict[str, Shape]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and in which line (from 1) of which template."""

    name: str
    line: int
    reason: str


@dataclass(slots=True)
class Checker:
    """Walks a template and what it includes. `sources` are the templates that it may include."""

    environment: NoticeEnvironment
    sources: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    _name: str = ""
    _seen: set[str] = field(default_factory=set)
    _loops: int = 0
    _filled: dict[str, str] = field(default_factory=dict)  # block -> the template that fills it, over its layout's own

    def check(self, name: str, source: str, fields: Record) -> list[Problem]:
        """The problems of one template, in the order of its lines."""
        self._template(name, source, dict(fields.fields))
        return sorted(set(self.problems), key=lambda p: (p.name != name, p.name, p.line))

    def _template(self, name: str, source: str, scope: Scope) -> Scope:
        outer, self._name = self._name, name
        self._seen.add(name)
        try:
            tree = self.environment.parse(source, name)
        except TemplateSyntaxError as error:
            self.problems.append(Problem(error.name or name, error.lineno, f"syntax: {error.message}"))
        else:
            for block in tree.find_all(nodes.Block):
                self._filled.setdefault(block.name, name)
            self._walk_all(tree.body, scope)
        self._name = outer
        return scope

    def _say(self, node: nodes.Node, reason: str) -> None:
        self.problems.append(Problem(self._name, node.lineno, reason))

    def _walk_all(self, body: list[nodes.Node], scope: Scope) -> None:
        for node in body:
            self._walk(node, scope)

    def _walk(self, node: nodes.Node, scope: Scope) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node, scope)
        elif isinstance(node, nodes.Expr):
            self._shape(node, scope)
        else:
            for child in node.iter_child_nodes():
                self._walk(child, scope)

    # statements

    def _for(self, node: nodes.For, scope: Scope) -> None:
        self._loops += 1
        if self._loops > DEEPEST_LOOP:
            self._say(node, f"loops are nested more than {DEEPEST_LOOP} deep")
        shape = self._shape(node.iter, scope)
        if isinstance(shape, (Record, Value)) and not isinstance(node.iter, (nodes.List, nodes.Tuple)):
            self._say(node, "what is looped over is not a list")
        inner = scope | dict.fromkeys(_names(node.target), Unknown()) | {"loop": Unknown()}
        if isinstance(node.target, nodes.Name):
            inner[node.target.name] = shape.of if isinstance(shape, Many) else Unknown()
        if node.test is not None:
            self._shape(node.test, inner)
        self._walk_all(node.body, inner)
        self._walk_all(node.else_, scope)
        self._loops -= 1

    def _assign(self, node: nodes.Assign, scope: Scope) -> None:
        shape = self._shape(node.node, scope)
        for name in _names(node.target):
            scope[name] = shape if isinstance(node.target, nodes.Name) else Unknown()

    def _assign_block(self, node: nodes.AssignBlock, scope: Scope) -> None:
        self._walk_all(node.body, dict(scope))
        scope |= dict.fromkeys(_names(node.target), Value())

    def _macro(self, node: nodes.Macro | nodes.CallBlock, scope: Scope) -> None:
        given = {arg.name: Unknown() for arg in node.args}
        for default in node.defaults:
            self._shape(default, scope)
        if isinstance(node, nodes.Macro):
            scope[node.name] = Unknown()
        else:
            self._shape(node.call, scope)
        self._walk_all(node.body, scope | given | {"caller": Unknown()})

    def _block(self, node: nodes.Block, scope: Scope) -> None:
        if self._filled.get(node.name, self._name) == self._name:
            self._walk_all(node.body, dict(scope))

    def _include(self, node: nodes.Include, scope: Scope) -> None:
        self._other(node, node.template, dict(scope))

    def _extends(self, node: nodes.Extends, scope: Scope) -> None:
        # A layout's own names (imported macros) are there for the blocks that fill it.
        found = self._other(node, node.template, dict(scope))
        scope |= {name: shape for name, shape in found.items() if name not in scope}

    def _import(self, node: nodes.FromImport | nodes.Import, scope: Scope) -> None:
        self._other(node, node.template, {})
        if isinstance(node, nodes.Import):
            scope[node.target] = Unknown()
        else:
            scope |= {name if isinstance(name, str) else name[1]: Unknown() for name in node.names}

    def _other(self, node: nodes.Node, template: nodes.Expr, scope: Scope) -> Scope:
        if not isinstance(template, nodes.Const) or not isinstance(template.value, str):
            self._say(node, "the name of an included template must stand there as it is")
        elif template.value not in self.sources:
            self._say(node, f"there is no template {template.value}; files outside the folder cannot be reached")
        elif escapes(self._name) and not escapes(template.value):
            self._say(node, f"{template.value} is not HTML and would stand there unescaped")
        elif template.value not in self._seen:
            return self._template(template.value, self.sources[template.value], scope)
        return scope

    # expressions

    def _shape(self, node: nodes.Node, scope: Scope) -> Shape:
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(self, node, scope)
        for child in node.iter_child_nodes():
            self._shape(child, scope)
        if not isinstance(node, (nodes.List, nodes.Tuple)):
            return Value()
        if len(node.items) > LONGEST_LIST:
            self._say(node, f"a list has more than {LONGEST_LIST} members")
        return Many(Unknown())

    def _of_name(self, node: nodes.Name, scope: Scope) -> Shape:
        if node.name in scope:
            return scope[node.name]
        if node.name not in _BUILT_IN:
            self._say(node, f"there is no field {node.name}; there are: {_listed(scope)}")
        return Unknown()

    def _of_getattr(self, node: nodes.Getattr, scope: Scope) -> Shape:
        return self._member(node, self._shape(node.node, scope), node.attr)

    def _of_getitem(self, node: nodes.Getitem, scope: Scope) -> Shape:
        shape = self._shape(node.node, scope)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._member(node, shape, node.arg.value)
        self._shape(node.arg, scope)
        if isinstance(shape, Many):
            return shape if isinstance(node.arg, nodes.Slice) else shape.of
        return Unknown()

    def _member(self, node: nodes.Node, shape: Shape, name: str) -> Shape:
        if name.startswith("_"):
            self._say(node, f"{name} is no field; attributes of objects cannot be reached")
        elif isinstance(shape, Record):
            found = shape.get(name)
            if found is not None:
                return found
            self._say(node, f"there is no field {name} here; there are: {_listed(dict(shape.fields))}")
        elif isinstance(shape, Many):
            self._say(node, f"{name} is asked of a list; loop over it first")
        elif isinstance(shape, Value):
            self._say(node, f"{name} is asked of a single value, which has no fields")
        return Unknown()

    def _of_filter(self, node: nodes.Filter, scope: Scope) -> Shape:
        shape = self._shape(node.node, scope) if node.node is not None else Value()
        if node.name not in self.environment.filters:
            self._say(node, f"there is no filter {node.name}")
        for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
            self._shape(argument, scope)
        if isinstance(shape, Many):
            for name in _attributes_named(node):
                self._member(node, shape.of, name)
        if node.name in _SAME:
            return shape
        if node.name in _ONE_OF and isinstance(shape, Many):
            return shape.of
        return Many(Unknown()) if node.name == "map" else Value()

    def _of_call(self, node: nodes.Call, scope: Scope) -> Shape:
        target = node.node
        own_block = (
            isinstance(target, nodes.Getattr) and isinstance(target.node, nodes.Name) and target.node.name == "self"
        )
        named = isinstance(target, nodes.Name) and isinstance(scope.get(target.name, Unknown()), Unknown)
        if not own_block and not named:
            self._say(node, "only macros can be called")
        elif isinstance(target, nodes.Name):
            self._of_name(target, scope)
        for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
            self._shape(argument, scope)
        return Value()

    def _of_choice(self, node: nodes.CondExpr, scope: Scope) -> Shape:
        self._shape(node.test, scope)
        shape = self._shape(node.expr1, scope)
        if node.expr2 is not None:
            self._shape(node.expr2, scope)
        return shape

    def _of_either(self, node: nodes.Or, scope: Scope) -> Shape:
        self._shape(node.right, scope)
        return self._shape(node.left, scope)


def refuse_if_any(problems: list[Problem]) -> None:
    """Raises `TemplateRefused` for the first problem, with the others counted."""
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise TemplateRefused(f"{first.name}, line {first.line}", first.reason + more)


def _names(target: nodes.Node) -> Iterator[str]:
    if isinstance(target, nodes.Name):
        yield target.name
    for child in target.iter_child_nodes():
        yield from _names(child)


def _attributes_named(node: nodes.Filter) -> Iterator[str]:
    """The fields that a filter is told to look at: `map(attribute="name")`, `selectattr("name")`."""
    if node.name in _BY_ATTRIBUTE:
        for pair in node.kwargs:
            if pair.key == "attribute" and isinstance(pair.value, nodes.Const):
                yield str(pair.value.value)
    if node.name in ("selectattr", "rejectattr") and node.args and isinstance(node.args[0], nodes.Const):
        yield str(node.args[0].value)


def _listed(scope: Mapping[str, Shape]) -> str:
    return ", ".join(sorted(name for name in scope if name not in _BUILT_IN)) or "none"


_Handler = Callable[..., None]
_STATEMENTS: dict[type[nodes.Node], _Handler] = {
    nodes.For: Checker._for,
    nodes.Assign: Checker._assign,
    nodes.AssignBlock: Checker._assign_block,
    nodes.Macro: Checker._macro,
    nodes.CallBlock: Checker._macro,
    nodes.Block: Checker._block,
    nodes.Include: Checker._include,
    nodes.Extends: Checker._extends,
    nodes.FromImport: Checker._import,
    nodes.Import: Checker._import,
}
_EXPRESSIONS: dict[type[nodes.Node], Callable[..., Shape]] = {
    nodes.Name: Checker._of_name,
    nodes.Getattr: Checker._of_getattr,
    nodes.Getitem: Checker._of_getitem,
    nodes.Filter: Checker._of_filter,
    nodes.Call: Checker._of_call,
    nodes.CondExpr: Checker._of_choice,
    nodes.Or: Checker._of_either,
}
