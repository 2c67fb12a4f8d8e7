"""Small defects, made on the syntax tree: each is one another program, named so that it is found again."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip
_WORDS = 90
_CRASH_POINTS = ("at_point", "_at", "_reached")
"""Names for the harness of kills, which stops there; they do nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect. `name` does not hang on line numbers; `lines` are those a test has to run to meet it."""

    name: str
    operator: str
    lines: range
    source: str = field(repr=False)


@dataclass(slots=True)
class _Place:
    """A node, the function it stands in, and the lines of its statement."""

    node: ast.AST
    parent: ast.AST
    where: str
    lines: range


def mutants(source: str) -> list[Mutant]:
    """Every defect of a file, in its order."""
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    found = []
    for place in _places(tree):
        for operator, new in _changes(place):
            before, after = _said(place.node), _said(new)
            if before == after:
                continue
            name = f"{place.where}: {before} => {after}"
            seen[name] += 1
            if seen[name] > 1:
                name = f"{name} #{seen[name]}"
            found.append(Mutant(name=name, operator=operator, lines=place.lines, source=_with(tree, place.node, new)))
    return found


def _said(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"


def _with(tree: ast.Module, old: ast.AST, new: ast.AST) -> str:
    """The program with one node replaced."""

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else self.generic_visit(node)

    # the tree itself stays as it is: only the way to the changed node is copied
    return ast.unparse(ast.fix_missing_locations(Swap().visit(_shallow(tree, old))))


def _shallow(node: ast.AST, keep: ast.AST) -> ast.AST:
    """A copy down to, not including, the node to replace."""
    if node is keep:
        return node
    made = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            setattr(made, name, [_shallow(each, keep) if isinstance(each, ast.AST) else each for each in value])
        elif isinstance(value, ast.AST):
            setattr(made, name, _shallow(value, keep))
    return made


def _places(tree: ast.Module) -> Iterator[_Place]:
    yield from _walk(tree, "module", range(0), tree)


def _walk(node: ast.AST, where: str, lines: range, parent: ast.AST, remembers: bool = False) -> Iterator[_Place]:
    """`remembers`: inside a function that runs once for each argument, so that no line tells which tests need it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        where = node.name if where == "module" else f"{where}.{node.name}"
        remembers = not isinstance(node, ast.ClassDef) and "cache" in " ".join(map(ast.unparse, node.decorator_list))
    if isinstance(node, ast.stmt):
        last = node.body[0].lineno - 1 if getattr(node, "body", None) else node.end_lineno or node.lineno
        lines = range(0) if remembers else range(node.lineno, max(last, node.lineno) + 1)
    if _is_left_alone(node):
        return
    yield _Place(node=node, parent=parent, where=where, lines=lines)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(node, ast.Call):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _walk(each, where, lines, node, remembers)


def _is_left_alone(node: ast.AST) -> bool:
    """Documentation, types, imports, and what the reader asserts to the type checker."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign) and "NewType" in ast.unparse(node.value):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _called(node.value) in _CRASH_POINTS:
        return True
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _changes(place: _Place) -> Iterator[tuple[str, ast.AST]]:
    node = place.node
    match node:
        case ast.Compare():
            for at, each in enumerate(node.ops):
                ops = [*node.ops[:at], _COMPARE[type(each)](), *node.ops[at + 1 :]]
                yield "comparison", ast.Compare(left=node.left, ops=ops, comparators=node.comparators)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "boolean", ast.BoolOp(op=other, values=node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield "boolean", node.operand
        case ast.UnaryOp(op=ast.USub()):
            yield "arithmetic", node.operand
        case ast.BinOp() if not _is_text(node):
            yield "arithmetic", ast.BinOp(left=node.left, op=_ARITHMETIC[type(node.op)](), right=node.right)
        case ast.AugAssign():
            yield "arithmetic", ast.AugAssign(target=node.target, op=_ARITHMETIC[type(node.op)](), value=node.value)
        case ast.Constant():
            yield from _other_constants(node)
        case ast.Return(value=ast.expr()) if not _says_no(node.value):
            yield "return", ast.Return(value=ast.Constant(value=None))
        case ast.If() | ast.While() | ast.IfExp():
            for value in (True, False):
                if not (value and isinstance(node, ast.While)):  # no test tells an endless loop from a long one
                    changed = copy.copy(node)
                    changed.test = ast.Constant(value=value)
                    yield "branch", changed
        case ast.comprehension() if node.ifs:
            for at in range(len(node.ifs)):
                changed = copy.copy(node)
                changed.ifs = [*node.ifs[:at], *node.ifs[at + 1 :]]
                yield "branch", changed
        case ast.Raise():
            yield "call", ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
            yield "call", ast.Pass()


def _says_no(node: ast.expr) -> bool:
    """None, or a yes or no, which the operator of constants turns round."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _is_text(node: ast.BinOp) -> bool:
    """Two texts side by side: the other operator is no program at all."""
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in (node.left, node.right)
    )


def _other_constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    """Numbers, bytes and yes or no. Words are left alone: most are for people."""
    match node.value:
        case bool():
            yield "constant", ast.Constant(value=not node.value)
        case int() | float():
            yield "constant", ast.Constant(value=node.value + 1)
        case bytes():
            yield "constant", ast.Constant(value=node.value + b"!")
