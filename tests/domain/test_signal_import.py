"""Usage and intent from a file or a program: what is read, what is refused and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain import signal_import
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.signal_import import read_given, read_posted

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HEAD = "account,email,kind,title,detail,at\n"


def csv(*lines: str) -> tuple[list[str], list[str]]:
    given_, refused = read_given(HEAD + "\n".join(lines), "u.csv", now=NOW, zone=UTC)
    return [each.title for each in given_], [f"{each.line}: {each.why}" for each in refused]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("acme.com,,usage,Fewer logins,,2026-11-23", ""),
        (",jana@acme.com,INTENT,Read pricing,,2026-11-23T10:00:00+01:00", ""),
        ("acme.com,,usag,x,,2026-11-23", "kind is 'usag' (usage or intent)"),
        ("acme.com,,meeting booked,x,,2026-11-23", "usage or intent"),
        ("acme.com,,,x,,2026-11-23", "it has no kind"),
        ("acme.com,,usage,,,2026-11-23", "no title"),
        (",,usage,x,,2026-11-23", "no account and no e-mail"),
        (",jana,usage,x,,2026-11-23", "no e-mail address"),
        ("acme.com,,usage,x,,yesterday", "at is 'yesterday'"),
        ("acme.com,,usage,x,,2026-11-26", "still to come"),
        ("acme.com,,usage,x,,2026-10-01", "aged out"),
        ("acme.com", "it has no kind"),
    ],
)
def test_a_line_is_read_or_refused_with_its_number(row: str, why: str) -> None:
    titles, refused = csv(row)
    assert (len(titles), len(refused)) == ((0, 1) if why else (1, 0))
    assert not why or (why in refused[0] and refused[0].startswith("2: "))


def test_headings_by_other_names_semicolons_and_a_mark_at_the_start() -> None:
    text = "\ufeffDomain;Type;Summary;Date\nacme.com;usage;Fewer logins;2026-11-23\n\n"
    given_, refused = read_given(text, "u.csv", now=NOW, zone=UTC)
    assert ([(each.account, each.title) for each in given_], refused) == ([("acme.com", "Fewer logins")], [])


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("kind,title\n", "u.csv", "at"),
        ("kind,title,at\n", "u.csv", "account or email"),
        ("", "u.csv", "its first line names no"),
        ("{", "u.json", "no JSON"),
        ("[" * 100_000, "u.json", "no JSON"),
        ("3", "u.json", "no object and no list"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(text: str, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_given(text, name, now=NOW, zone=UTC)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"account": "a.com", "kind": "usage", "title": "t", "at": "2026-11-23"}
    monkeypatch.setattr(signal_import, "MAX_ROWS", 3)
    assert len(read_posted(json.dumps([row] * 3), now=NOW, zone=UTC)[0]) == 3
    with pytest.raises(InputError, match="more than 3 lines"):
        read_posted(json.dumps([row] * 4), now=NOW, zone=UTC)
    monkeypatch.setattr(signal_import, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="MiB"):
        read_given(HEAD, "u.csv", now=NOW, zone=UTC)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "title", "at", "email", "account", "signals", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_is_read_or_refused(data: object) -> None:
    try:
        given_, refused = read_posted(json.dumps(data), now=NOW, zone=UTC)
    except InputError:
        return
    assert all(each.title for each in given_) and all(each.why for each in refused)
