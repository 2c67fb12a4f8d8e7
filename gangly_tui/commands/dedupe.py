"""gangly dedupe: what the CRM holds twice, and what matching makes of what people typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from datetime import datetime

    from gangly_tui.domain.dedupe_people import Known
    from gangly_tui.flow.dedupe import Audit, Group

_COLUMNS = (
    "group", "object", "system", "id", "suggestion", "name", "email", "phone", "company", "owner", "made by", "match",
    "likely", "reasons",
)  # fmt: skip
_SOURCES = 8
_FORMS = 40
_MERGE = 0.9


@click.group()
def dedupe() -> None:
    """What the CRM holds twice. gangly finds and explains; merging stays in the CRM, which knows what hangs on what.

    \b
    Examples:
      gangly dedupe audit
      gangly dedupe audit --csv duplicates.csv
      gangly dedupe normalise --dry-run
    """


@dedupe.command()
@click.option("--csv", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write FILE for a merge tool.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Groups to print; 0 prints all.")
@as_json
def audit(path: Path | None, limit: int, as_json: bool) -> None:
    """Find contacts and accounts that are there twice: which, why, how sure, and who made them.

    Reads the local mirror alone; `gangly pull` makes it fresh. A pair is exact when both deliver to one mailbox (or
    are one domain) and the names do not disagree, else fuzzy, with how likely it is. The first of a group is the one to
    keep. The CSV has a row a record: the CRM's ids, "keep", "merge" or "check" (less than 90 % likely), the reasons.

    \b
    Examples:
      gangly dedupe audit
      gangly dedupe audit --csv duplicates.csv
      gangly dedupe audit --json | jq '.groups[] | .members | map(.ref)'
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.domain.records import Kind
    from gangly_tui.flow.dedupe import audit as look
    from gangly_tui.store import mirror

    with desk_at_hand() as desk:
        many = mirror.count(desk.db, Kind.CONTACT)
        if many > 5_000:
            tell(f"comparing {many:,} contacts …")
        found = look(desk.db, desk.hierarchy, desk.settings.aliases)
    if path is not None:
        _write(path, found)
    if as_json:
        out_json(_whole(found))
        return
    _print(found, limit)
    if path is not None:
        tell(f"written: {path}; it holds personal data in clear")


@dedupe.command()
@click.option("--dry-run", is_flag=True, help="Required: there is nothing but a dry run.")
@click.option("--batch", "size", type=click.IntRange(1), default=500, show_default=True, help="Records of each kind.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Only what changed before this DAY.")
@click.option("--all", "every", is_flag=True, help="Print every form, not the first 40 of each field.")
@as_json
def normalise(dry_run: bool, size: int, before: datetime | None, every: bool, as_json: bool) -> None:
    """Show, for one batch of what is in the CRM, what matching reads instead of what was typed.

    E-mail: lower case, without a plus-alias, dots where they count, international hosts as DNS knows them. Domain: the
    registrable one. Phone: E.164. Company: without its legal form. A hint is shown for a mistyped mail host, and is
    never matched by. For matching only: nothing that a person typed is ever rewritten, here or in the CRM.

    \b
    Examples:
      gangly dedupe normalise --dry-run
      gangly dedupe normalise --dry-run --before 2026-01-01 --batch 2000 --json
    """
    if not dry_run:
        raise click.UsageError("nothing typed is ever rewritten: say --dry-run to see what matching reads")
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.dedupe import normalise as forms_of

    with desk_at_hand() as desk:
        moment = before.replace(tzinfo=desk.settings.timezone) if before else None
        looked, forms = forms_of(desk.db, size=size, before=moment, aliases=desk.settings.aliases)
    if as_json:
        out_json(
            {
                "looked_at": looked,
                "forms": [
                    {"record": each.known.ref, "field": each.field, "typed": each.typed, "form": each.form}
                    for each in forms
                ],
            }
        )
        return
    for field in ("email", "domain", "phone", "name", "hint"):
        mine = [each for each in forms if each.field == field]
        if not mine:
            continue
        out(f"{field}: {len(mine):,} of {looked:,} records")
        for each in mine if every else mine[:_FORMS]:
            out(f"  {each.known.ref.id:<12}  {short(each.typed, 60)} → {short(each.form, 60) or '(nothing)'}")
        if len(mine) > _FORMS and not every:
            out(f"  … {len(mine) - _FORMS:,} more: --all")
    tell(f"{looked:,} records looked at, nothing written" if looked else "nothing here: gangly pull")


def _whole(found: Audit) -> dict[str, object]:
    return {
        "exact": found.exact,
        "fuzzy": found.fuzzy,
        "kinds": [_tally(each) for each in found.kinds],
        "sources": [_tally(each) for each in found.sources],
        "groups": [
            {
                "object": group.kind,
                "keep": group.members[0].ref,
                "why_keep": group.why_keep,
                "members": group.members,
                "pairs": [
                    {
                        "left": each.left.ref,
                        "right": each.right.ref,
                        "match": each.sure,
                        "likely": each.likely,
                        "reasons": each.reasons,
                    }
                    for each in group.doubles
                ],
            }
            for group in found.groups
        ],
        "mistyped": [{"contact": each.ref, "email": each.email, "perhaps": meant} for each, meant in found.mistyped],
    }


def _tally(each: object) -> dict[str, object]:
    return {name: getattr(each, name) for name in ("name", "records", "surplus", "rate")}


def _print(found: Audit, limit: int) -> None:
    for each in found.kinds:
        out(f"{each.records:>9,} {each.name}s, {each.surplus:,} more than there should be ({each.rate:.1%})")
    if not found.groups:
        tell("nothing is there twice" if any(each.records for each in found.kinds) else "nothing here: gangly pull")
    else:
        out(f"{found.exact:,} exact and {found.fuzzy:,} fuzzy pairs in {len(found.groups):,} groups")
    for group in found.groups[: limit or None]:
        out()
        for line in _group(group):
            out(line)
    left = len(found.groups) - limit if limit else 0
    if left > 0:
        out()
        tell(f"{left:,} more groups: --limit 0 prints them, --csv FILE writes them")
    if found.mistyped:
        out()
        out("addresses that look mistyped (a hint: somebody may own that domain)")
        for known, meant in found.mistyped[: limit or None]:
            out(f"  {known.ref.id}  {short(known.name, 40)}: {short(known.email, 80)}, perhaps {short(meant, 80)}")
    if found.groups:
        out()
        out("made by                          records   twice   rate")
        for source in found.sources[:_SOURCES]:
            out(f"  {short(source.name, 28):<28} {source.records:>9,} {source.surplus:>7,} {source.rate:>6.1%}")
        tell("merge them in the CRM: gangly dedupe audit --csv FILE names the ids, and which to keep")


def _group(group: Group) -> Iterator[str]:
    keep, *rest = group.members
    yield f"keep   {_named(keep)}  ({short(group.why_keep)})"
    for each in rest:
        best = max(pair.likely for pair in group.doubles if each.ref in (pair.left.ref, pair.right.ref))
        yield f"{'merge' if best >= _MERGE else 'check'}  {_named(each)}"
    for pair in group.doubles:
        sure = (
            "exact"
            if pair.sure.value == "exact"
            else "over 99% likely"
            if pair.likely > 0.99
            else f"{pair.likely:.0%} likely"
        )
        whose = "" if len(rest) == 1 else f"{pair.left.ref.id} and {pair.right.ref.id}: "
        yield f"       {whose}{sure}: {short('; '.join(pair.reasons), 400)}"


def _named(each: Known) -> str:
    where = each.email or each.domain or each.home
    return f"{each.ref.id}  {short(each.name, 60)}" + (f" <{short(where, 80)}>" if where else "")


def _write(path: Path, found: Audit) -> None:
    import os

    from gangly_tui.store.trail_export import csv_line

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(csv_line(_COLUMNS))
        for number, group in enumerate(found.groups, start=1):
            for each in group.members:
                pairs = [pair for pair in group.doubles if each.ref in (pair.left.ref, pair.right.ref)]
                best = max(pairs, key=lambda pair: pair.likely)
                reasons = "; ".join(dict.fromkeys(reason for pair in pairs for reason in pair.reasons))
                keep = each is group.members[0]
                suggestion = "keep" if keep else "merge" if best.likely >= _MERGE else "check"
                file.write(
                    csv_line(
                        [
                            number, group.kind.label, each.ref.system, each.ref.id, suggestion, each.name, each.email,
                            each.phone, each.home or each.domain, each.owner, each.by, best.sure.value,
                            f"{best.likely:.4f}", group.why_keep + "; " + reasons if keep else reasons,
                        ]
                    )
                )  # fmt: skip
