"""The rule of the house about text: nothing that came from outside is a plain `str` where Textual takes text.

A sink is any place where a string becomes something a terminal shows: a widget's text, a title, a tooltip, a toast,
`Content`, `Segment`. What goes in must be ours: a literal, a number, a date, `Content`, or the answer of a function
that cleans. The check reads the sources; where a name comes from a parameter it believes the annotation, which
mypy holds true.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCREENS = sorted((ROOT / "gangly_tui" / "tui").rglob("*.py"))
CLEANER = ROOT / "gangly_tui" / "tui" / "text.py"

WIDGETS = {
    "Static", "Label", "Button", "Option", "OptionList", "SelectionList", "Selection", "Tooltip", "Digits", "Link",
    "Markdown", "MarkdownViewer", "Checkbox", "RadioButton", "Switch", "Collapsible", "Tab", "TabPane", "Tree",
    "DataTable", "Log", "RichLog", "Rule", "Placeholder", "Pretty", "Sparkline", "Select",
}  # fmt: skip
BUILDERS = {"Content", "Text", "Segment", "styled", "assemble", "join", "DiscoveryHit", "Hit"}
METHODS = {
    "update", "notify", "write_line", "write_lines", "add_option", "add_options", "add_leaf", "add_row",
    "add_rows", "add_column", "add_columns", "set_options", "append_text", "with_tooltip", "set_label",
}  # fmt: skip
ATTRIBUTES = {
    "border_title", "border_subtitle", "tooltip", "title", "sub_title", "label", "placeholder", "prompt", "renderable",
}  # fmt: skip
RAW_EDITORS = {"Input", "TextArea", "MaskedInput"}
"""What a person types into: LineInput and PageText hold raw text and show it cleaned; these do not."""
SHOWN = {"content", "label", "text", "value", "placeholder", "tooltip", "prompt", "message", "title", "help"}
"""Keywords that carry text; all others carry ids, classes and switches."""

CLEANERS = {"content", "line", "cell", "clean", "one_line", "in_place", "day", "short_day", "ago"}
OUR_TYPES = {
    "Content", "Safe", "int", "float", "bool", "date", "datetime", "timedelta", "time", "list[Content]", "Strip",
    "tuple[Content, ...]", "Sequence[Content]", "Iterable[Content]", "Content | None", "int | None", "date | None",
    "dict[int, Content]", "list[int]", "list[Row]", "Text", "Text | None",
}  # fmt: skip
NUMBERS = {"len", "sum", "min", "max", "round", "abs", "int", "float", "cell_len"}
TEXT_METHODS = {
    "ljust", "rjust", "center", "strip", "rstrip", "lstrip", "wrap", "truncate", "join", "upper", "lower", "capitalize",
    "title", "stylize", "pad", "pad_right", "replace", "removesuffix", "removeprefix", "splitlines", "split",
    "right_crop", "append", "date", "astimezone", "items", "values",
}  # fmt: skip


def _said(node: ast.expr | None) -> str:
    return ast.unparse(node).strip("'\"") if node is not None else ""


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@dataclass
class House:
    """What the declarations of all screens say about names: types of attributes, answers of functions."""

    attributes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    answers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def learn(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(body=body):
                    for each in body:
                        if isinstance(each, ast.AnnAssign):
                            self.attributes[_name(each.target)].add(_said(each.annotation))
                case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=kind):
                    self.attributes[name].add(_said(kind))
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.answers[node.name].add(_said(node.returns))
                    if any(_name(each) in ("property", "cached_property") for each in node.decorator_list):
                        self.attributes[node.name].add(_said(node.returns))

    def attribute(self, name: str) -> bool:
        known = self.attributes.get(name)
        return bool(known) and known <= OUR_TYPES

    def answer(self, name: str) -> bool:
        known = self.answers.get(name)
        return bool(known) and known <= OUR_TYPES


@dataclass
class Scope:
    """One function with its names: what is known to be ours, by annotation or by every value it is given."""

    house: House
    given: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    kinds: dict[str, str] = field(default_factory=dict)
    outer: Scope | None = None
    asking: set[str] = field(default_factory=set)

    def read(self, owner: ast.AST) -> None:
        if isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            every = owner.args
            for each in [*every.posonlyargs, *every.args, *every.kwonlyargs, *filter(None, [every.vararg])]:
                self.kinds[each.arg] = _said(each.annotation) or "?"
        for node in _own(owner):
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                    self.kinds[name] = _said(kind)
                case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                    self._bind(target, value)
                case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
                    self._bind(target, source)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend"), args=[value]):
                    self.given[name].append(value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self.given[name].append(value)
            case ((ast.Tuple(elts=names) | ast.List(elts=names)), (ast.Tuple(elts=values))) if len(names) == len(
                values
            ):
                for each, one in zip(names, values, strict=True):
                    self._bind(each, one)
            case ast.Tuple(elts=[first, rest]), ast.Call(func=ast.Name(id="enumerate"), args=[source, *_]):
                self._bind(first, ast.Constant(0))
                self._bind(rest, source)
            case ast.Tuple(elts=names), ast.Call(func=ast.Name(id="zip"), args=sources) if len(names) == len(sources):
                for each, one in zip(names, sources, strict=True):
                    self._bind(each, one)
            case ((ast.Tuple(elts=names) | ast.List(elts=names)), _):
                for each in names:
                    self._bind(each.value if isinstance(each, ast.Starred) else each, value)

    def owns(self, name: str) -> bool:
        if name in self.kinds:
            return self.kinds[name] in OUR_TYPES
        if name in self.given:
            if name in self.asking:  # a name built from itself is as good as its other parts
                return True
            self.asking.add(name)
            try:
                return all(self.ours(each) for each in self.given[name])
            finally:
                self.asking.discard(name)
        return self.outer.owns(name) if self.outer else False

    def ours(self, node: ast.expr) -> bool:  # noqa: PLR0911 - one case a shape of expression
        """Whether an expression can only hold our own words, numbers, dates, or text that was cleaned."""
        match node:
            case ast.Constant() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.JoinedStr(values=parts):
                return all(self.ours(each) for each in parts)
            case ast.FormattedValue(value=value, format_spec=spec):
                return self.ours(value) or (spec is not None and _of_numbers(spec))
            case ast.BinOp(left=ast.Constant(), op=ast.Mult()):
                return True
            case ast.BinOp(left=left, right=right):
                return self.ours(left) and self.ours(right)
            case ast.IfExp(body=body, orelse=other):
                return self.ours(body) and self.ours(other)
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
                return all(self.ours(each) for each in values)
            case ast.Dict(values=values):
                return all(self.ours(each) for each in values)
            case ast.ListComp(elt=value) | ast.GeneratorExp(elt=value) | ast.Starred(value=value):
                return self.ours(value)
            case ast.Subscript(value=value) | ast.UnaryOp(operand=value) | ast.Await(value=value):
                return self.ours(value)
            case ast.NamedExpr(value=value):
                return self.ours(value)
            case ast.Name(id=name):
                return self.owns(name)
            case ast.Attribute(attr=name):
                return self.house.attribute(name)
            case ast.Call():
                return self._answer(node)
        return False

    def _answer(self, node: ast.Call) -> bool:
        name = _name(node.func)
        of_text = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant)  # ", ".join(...)
        if not of_text and (name in CLEANERS or name in NUMBERS or self.house.answer(name)):
            return True
        if name in BUILDERS and not of_text:
            return True  # a sink of its own: what goes in is looked at where it stands
        if name in ("str", "list", "tuple", "reversed", "sorted", "chain", "next", "islice", "filter"):
            return all(self.ours(each) for each in node.args if _said(each) != "None")
        if name == "highlight":  # of the palette's matcher: the text it is given, with a style
            return all(self.ours(each) for each in node.args)
        if isinstance(node.func, ast.Attribute) and name in TEXT_METHODS:
            return self.ours(node.func.value) and all(self.ours(each) for each in node.args)
        return False


def _of_numbers(spec: ast.expr) -> bool:
    """Whether a format such as `:,` or `:%H:%M` only takes numbers and times: text would raise there."""
    text = "".join(str(each.value) for each in getattr(spec, "values", []) if isinstance(each, ast.Constant))
    return text.endswith((",", "d", "f", "x", "X")) or "%" in text


def _own(owner: ast.AST) -> Iterator[ast.AST]:
    """The nodes of one function or module, without those of the functions inside it."""
    for child in ast.iter_child_nodes(owner):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _own(child)


def _text_of(node: ast.AST) -> list[ast.expr]:
    """The expressions that a node would show, if it is a sink."""
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            name = _name(func)
            spoken = [each.value for each in keywords if each.arg in SHOWN]
            if name in METHODS and isinstance(func, ast.Attribute):
                return [*args, *spoken]
            if name == "exit" and isinstance(func, ast.Attribute):
                return spoken
            if name in WIDGETS:
                return [*args[:1], *spoken]
            if name in ("Content", "Text", "Segment", "Hit", "DiscoveryHit"):
                return [*args[:1], *spoken] if name != "Hit" else [*args[1:2], *spoken]
            if name == "styled":
                return args[:1]
            if name == "assemble":
                return [each.elts[0] if isinstance(each, ast.Tuple) else each for each in args]
            if name == "join" and isinstance(func, ast.Name):
                return list(args)
        case ast.Assign(targets=targets, value=value) if any(
            isinstance(each, ast.Attribute) and each.attr in ATTRIBUTES for each in targets
        ):
            return [value]
    return []


def raw_editors(tree: ast.Module) -> Iterator[int]:
    """The lines that make an editor of Textual's own: it shows what it holds as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in RAW_EDITORS:
            yield node.lineno


def outside_text(tree: ast.Module, house: House) -> Iterator[int]:
    """The lines where something that may be from outside is shown as a plain string."""
    top = Scope(house=house)
    top.read(tree)
    yield from _inside(tree, top)


def _inside(owner: ast.AST, scope: Scope) -> Iterator[int]:
    for node in _own(owner):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            below = Scope(house=scope.house, outer=scope)
            below.read(node)
            yield from _inside(node, below)
        for each in _text_of(node):
            if not scope.ours(each):
                yield getattr(each, "lineno", 0)


@pytest.fixture(scope="module")
def house() -> House:
    learnt = House()
    for path in SCREENS:
        learnt.learn(ast.parse(path.read_text(encoding="utf-8")))
    return learnt


def _of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [each for each in SCREENS if each != CLEANER], ids=lambda path: path.name)
def test_no_screen_shows_a_string_from_outside(path: Path, house: House) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [f"{path.name}:{at} {lines[at - 1].strip()}" for at in outside_text(_of(path), house)] == []


def test_every_editor_shows_what_it_holds_cleaned() -> None:
    assert [f"{path.name}:{at}" for path in SCREENS for at in raw_editors(_of(path))] == []


SAMPLE = """
WORDS = {{"a": "our own words"}}

class Screen:
    def draw(self, record: Record, count: int, on: datetime, title: str, shown: Content, parts: list[str]) -> None:
        name = record.title
        seen = line(name)
        both = "deal " + name
        {code}
"""


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("Static(name)", True),
        ("Static(title)", True),
        ("Label(record.title)", True),
        ("Button(label=title)", True),
        ("Static(name, markup=False)", True),  # never markup, and still an escape
        ('Static(f"{name}")', True),
        ('Static(f"{title:>10}")', True),
        ('Static("deal " + name)', True),
        ("Static(both)", True),
        ('Static("%s" % name)', True),
        ('Static("{}".format(name))', True),
        ('Static(", ".join(parts))', True),
        ("OptionList(*parts)", True),
        ("Option(name)", True),
        ("Markdown(title)", True),
        ("self.query_one(Static).update(name)", True),
        ('self.notify(f"saved {name}")', True),
        ('self.notify("saved", title=name)', True),
        ("self.tooltip = name", True),
        ("self.border_title = title", True),
        ("self.app.title = name", True),
        ("self.field.placeholder = title", True),
        ("Content(name)", True),
        ('Content.styled(name, "bold")', True),
        ('Content.assemble(("x", "bold"), (name, "$quiet"))', True),
        ("join(seen, name)", True),
        ("Segment(title)", True),
        ("Text(name)", True),
        ("self.exit(message=name)", True),
        ('Static(name if count else "none")', True),
        ('Static(name or "none")', True),
        ("[Static(each) for each in parts]", True),
        ("say = lambda text: Static(text)", True),
        ("Static(seen)", False),
        ("Static(shown)", False),
        ("Static(line(name))", False),
        ("Static(content(both, style='bold'))", False),
        ('Static("our own words")', False),
        ('Static(WORDS["a"])', False),
        ('Static(f"{count} cards, {on:%H:%M}, {count:,}")', False),
        ('Static(f"{len(parts)} of {count}")', False),
        ('join(seen, "  ", shown)', False),
        ('self.notify("saved")', False),
        ('self.tooltip = "c or a click"', False),
        ("[join(each) for each in shown.wrap(count)]", False),
    ],
)
def test_the_check_of_text_bites(house: House, code: str, caught: bool) -> None:
    assert bool(list(outside_text(ast.parse(SAMPLE.format(code=code)), house))) is caught


@pytest.mark.parametrize("code", ["yield Input(value=x)", "yield TextArea()", "Input()"])
def test_the_check_of_editors_bites(code: str) -> None:
    assert list(raw_editors(ast.parse(code)))
    assert not list(raw_editors(ast.parse("yield LineInput(value=x)\nyield PageText()")))
