"""Small bugs that can be put into a module, one at a time: what a test suite should notice."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
_REMOVABLE = (ast.Expr, ast.Raise, ast.AugAssign, ast.Delete)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Mutant:
    """A module with one small bug in it.

    `function` is the dotted name of what surrounds the bug ("" for the module), `text` is the line as it is written,
    and `change` says what becomes of it. The bug is executed only if one of `lines` is; `on_import` says that it is
    executed before any test begins.
    """

    function: str
    text: str
    change: str
    lines: frozenset[int]
    on_import: bool
    source: str

    @property
    def key(self) -> str:
        """Names the mutant by its content, so that it is found again where lines have moved."""
        return f"{self.function} | {self.text} | {self.change}"


@dataclass(frozen=True)
class _Place:
    function: str
    on_import: bool
    statement: int


@dataclass(frozen=True)
class _Edit:
    node: ast.stmt | ast.expr | ast.ExceptHandler
    place: _Place
    change: str
    apply: Callable[[], None]


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module's source, in the order of its syntax tree."""
    lines = source.splitlines()
    for number, edit in enumerate(_edits(ast.parse(source))):
        # Each gets a tree of its own: an edit changes the tree that it was found in.
        tree = ast.parse(source)
        list(_edits(tree))[number].apply()
        end = edit.node.lineno if isinstance(edit.node, ast.ExceptHandler) else edit.node.end_lineno or edit.node.lineno
        yield Mutant(
            edit.place.function,
            lines[edit.node.lineno - 1].strip(),
            edit.change,
            frozenset({edit.place.statement, *range(edit.node.lineno, end + 1)}),
            edit.place.on_import,
            ast.unparse(ast.fix_missing_locations(tree)),
        )


def _edits(tree: ast.Module) -> list[_Edit]:
    return list(_within(tree, _Place("", on_import=True, statement=1)))


def _within(node: ast.AST, place: _Place) -> Iterator[_Edit]:
    for field, value in ast.iter_fields(node):
        # Annotations are not executed as conditions are, and a mutant of one says nothing about the tests.
        if field in {"annotation", "returns", "type_params"} or isinstance(node, ast.JoinedStr):
            continue
        inside = _inner(node, field, place)
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            here = _Place(inside.function, inside.on_import, child.lineno) if isinstance(child, ast.stmt) else inside
            if isinstance(value, list):
                yield from _of_member(node, value, child, here)
            yield from _of_node(child, here)
            yield from _within(child, here)


def _inner(node: ast.AST, field: str, place: _Place) -> _Place:
    if field != "body" or not isinstance(node, _DEFINITIONS):
        return place
    on_import = place.on_import and isinstance(node, ast.ClassDef)
    return _Place(f"{place.function}.{node.name}".lstrip("."), on_import, place.statement)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _of_member(parent: ast.AST, siblings: list[ast.AST], child: ast.AST, place: _Place) -> Iterator[_Edit]:
    def remove() -> None:
        siblings[siblings.index(child)] = ast.Pass()

    if isinstance(child, _REMOVABLE):
        yield _Edit(child, place, "removed", remove)
    if isinstance(child, ast.Continue):
        yield _Edit(child, place, "break", lambda: siblings.__setitem__(siblings.index(child), ast.Break()))
    if isinstance(child, ast.ExceptHandler):
        yield _Edit(child, place, "handler raises", lambda: setattr(child, "body", [ast.Raise()]))
    if isinstance(child, ast.keyword) and isinstance(parent, ast.Call) and child.arg:
        yield _Edit(child.value, place, f"without {child.arg}=", lambda: siblings.remove(child))
    if isinstance(parent, ast.Set | ast.Tuple | ast.List) and isinstance(child, ast.expr) and len(siblings) > 1:
        yield _Edit(child, place, f"without {ast.unparse(child)}", lambda: siblings.remove(child))


def _of_node(node: ast.AST, place: _Place) -> Iterator[_Edit]:
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]
            yield _Edit(node, place, f"comparison {number} {other.__name__}", _setter(node.ops, number, other()))
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _Edit(node, place, type(swapped).__name__.lower(), lambda: setattr(node, "op", swapped))
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        other_operator = _ARITHMETIC[type(node.op)]
        yield _Edit(node, place, other_operator.__name__, lambda: setattr(node, "op", other_operator()))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _Edit(node, place, "without not", lambda: _double(node))
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield _Edit(node.test, place, "condition turned round", lambda: setattr(node, "test", _negated(node.test)))
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield _Edit(node, place, "return None", lambda: setattr(node, "value", ast.Constant(None)))
    elif isinstance(node, ast.Constant):
        for changed in _changed(node.value):
            yield _Edit(node, place, f"{node.value!r} is {changed!r}", _constant(node, changed))


def _setter(values: list[ast.cmpop], number: int, value: ast.cmpop) -> Callable[[], None]:
    return lambda: values.__setitem__(number, value)


def _constant(node: ast.Constant, value: bool | int | float | str) -> Callable[[], None]:
    return lambda: setattr(node, "value", value)


def _double(node: ast.UnaryOp) -> None:
    node.operand = _negated(node.operand)


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _changed(value: object) -> list[bool | int | float | str]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1]
    return [f"{value}~"] if isinstance(value, str) else []
