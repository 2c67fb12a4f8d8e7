"""gangly hierarchy: the one page that says who owns what, printed, checked, explained and tried out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.domain.cases import Judged


@click.group()
def hierarchy() -> None:
    """The Integration Hierarchy: who owns each field, who wins it, what each connector may touch, who answers for it.

    The page is hierarchy.toml beside config.toml; without one of your own, the one that comes with gangly is used.

    \b
    Examples:
      gangly hierarchy show --file hierarchy.html
      gangly hierarchy check
      gangly hierarchy explain deal.close_date --current 2026-09-30 --by Kim --at 2026-10-01 --proposed 2026-11-15
      gangly hierarchy test cases.toml
    """


@hierarchy.command()
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write .md or .html to sign.")
@click.option("--own", is_flag=True, help="Copy the page to your own place, to be edited there.")
@as_json
def show(path: Path | None, own: bool, as_json: bool) -> None:
    """Print the page; --file writes it to be signed, --own makes a copy that you can change.

    \b
    Example:
      gangly hierarchy show --file hierarchy.html
    """
    from gangly_tui.commands.hierarchy_page import as_text, written
    from gangly_tui.profiles import hierarchy_page, own_page

    if own:
        made = own_page()
        out(str(made))
        tell("edit it, then: gangly hierarchy check")
        return
    page = hierarchy_page()
    if as_json:
        out_json(
            {
                "mode": page.mode,
                "trust": page.trust,
                "fields": {f"{kind.value}.{name}": owner for (kind, name), owner in page.owners.items()},
                "connectors": page.scopes,
                "sources": page.sources,
            }
        )
        return
    if path is not None:
        from datetime import UTC, datetime

        written(path, page, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        out(str(path))
        return
    import shutil

    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 120
    out(as_text(page, max(width, 60)))


@hierarchy.command()
@as_json
def check(as_json: bool) -> None:
    """Hold the page against what is connected, the CRM's live fields, today, and what was really used.

    Exit code 1 when something must be mended: a missing owner, an overdue review or rotation, a connected system that
    the page does not name.

    \b
    Example:
      gangly hierarchy check --json
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.config import load_config
    from gangly_tui.flow.governance import check_page

    config = load_config()
    with desk_at_hand() as desk:
        systems = tuple({desk.reader.system, *config.connections})
        found = check_page(desk, systems)
    if as_json:
        out_json(found)
    for each in () if as_json else found:
        out(f"{'!' if each.severe else '·'} {short(each.where)}: {short(each.what, 300)}")
        out(f"    {short(each.fix, 200)}")
    severe = sum(each.severe for each in found)
    if not found and not as_json:
        out("nothing to mend")
    if severe:
        tell(f"{severe} to mend, {len(found) - severe} worth knowing")
        raise SystemExit(1)


@hierarchy.command()
@click.argument("field", metavar="OBJECT.FIELD")
@click.option("--current", default=None, help="What stands in the CRM; without it the field is empty.")
@click.option("--by", default="", help="The CRM user who set it.")
@click.option("--at", "at", default=None, metavar="DAY", help="When it was set.")
@click.option("--proposed", default=None, help="What is proposed.")
@click.option("--source", default="customer", show_default=True, help="Where that comes from: customer, rep, or yours.")
@click.option("--said", default=None, metavar="DAY", help="When it was said; without it, after everything else.")
@as_json
def explain(  # noqa: PLR0917 - one parameter an option
    field: str,
    current: str | None,
    by: str,
    at: str | None,
    proposed: str | None,
    source: str,
    said: str | None,
    as_json: bool,
) -> None:
    """Say who owns a field and which rule keeps it; with --current and --proposed, which of the two wins and why.

    \b
    Example:
      gangly hierarchy explain deal.pain --current "too slow" --proposed "too dear"
    """
    from gangly_tui.domain.cases import KEEP, field_of, parse_case
    from gangly_tui.profiles import hierarchy_page

    page = hierarchy_page()
    kind, name = field_of(field)
    owner = page.owner(kind, name)
    writers = [each for each, scope in page.scopes.items() if scope.may_write(kind, name)]
    if proposed is None:
        if as_json:
            out_json({"field": f"{kind.value}.{name}", "owner": owner, "may_write": writers})
            return
        out(f"{kind.label}.{name}: owned by the {owner.layer.value} layer, {owner.system or 'any system of it'}")
        out(f"rule: {owner.rule.value}" + (f" ({', '.join(owner.order)})" if owner.order else ""))
        out("may be written to: " + (", ".join(writers) or "nothing"))
        return
    row = {"field": field, "current": current, "by": by, "proposed": proposed, "source": source, "expect": KEEP}
    judged = parse_case({**row, **({"at": at} if at else {}), **({"said": said} if said else {})}, page)
    if as_json:
        out_json({"came": judged.came, "rule": judged.verdict.rule, "value": judged.verdict.change.after})
        return
    out(f"{judged.came}: {judged.verdict.rule}")
    if judged.verdict.allowed:
        from gangly_tui.domain.values import show as shown

        change = judged.verdict.change
        before, after = (short(shown(each, change.type), 200) for each in (change.before, change.after))
        out(f"the card would say: {before} → {after}")


@hierarchy.command("test")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@as_json
def try_out(path: Path, as_json: bool) -> None:
    """Judge a table of cases that you wrote: current, proposed and source, and what should come of it.

    \b
    gangly hierarchy test cases.toml

    \b
    [[case]]
    name     = "a customer's later word beats the rep's"
    field    = "deal.close_date"
    current  = 2026-09-30
    by       = "Kim"                 # the CRM user who set it
    at       = 2026-09-01            # when
    proposed = 2026-11-15
    source   = "customer"            # or rep
    said     = 2026-09-23
    expect   = "propose"             # or keep, append
    """
    from gangly_tui.domain.cases import judge, parse_cases
    from gangly_tui.profiles import hierarchy_page

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text", fix="write the cases as TOML, in UTF-8") from error
    page = hierarchy_page()
    judged = [judge(each, page) for each in parse_cases(text)]
    if as_json:
        out_json([{"name": e.case.name, "passed": e.passed, "came": e.came, "rule": e.verdict.rule} for e in judged])
    else:
        for each in judged:
            out(_line(each))
    failed = sum(not each.passed for each in judged)
    tell(f"{len(judged) - failed} of {len(judged)} as expected")
    if failed:
        raise SystemExit(1)


def _line(judged: Judged) -> str:
    case = judged.case
    passed = "ok  " if judged.passed else "FAIL"
    head = f"{passed}  {short(case.name, 80)}: {judged.came}, {short(judged.verdict.rule, 160)}"
    if judged.passed:
        return head
    from gangly_tui.domain.records import FIELDS
    from gangly_tui.domain.values import show as shown

    came = short(shown(judged.verdict.change.after, FIELDS[case.kind][case.field]), 100)
    wanted = short(shown(case.result, FIELDS[case.kind][case.field]), 100) if case.result is not None else ""
    return head + f"\n      expected {case.expect}" + (f" of {wanted}, got {came}" if wanted else "")
