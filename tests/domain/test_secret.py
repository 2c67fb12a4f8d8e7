"""A secret that cannot slip out by being printed, formatted, pickled, compared or hashed."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from gangly_tui.domain.secret import Secret

TOKEN = "canary-token"


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(TOKEN)),
        str(Secret(TOKEN)),
        f"{Secret(TOKEN)}",
        f"{Secret(TOKEN):>40}",
        f"{Secret(TOKEN)!r}",
        "%s" % Secret(TOKEN),  # noqa: UP031 - one of the ways
        str([Secret(TOKEN)]),
        str({"token": Secret(TOKEN.encode())}),
    ],
)
def test_it_shows_nothing(shown: str) -> None:
    assert "canary" not in shown
    assert "hidden" in shown


def test_it_is_not_written_anywhere_by_accident() -> None:
    for act in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash):
        with pytest.raises(TypeError):
            act(Secret(TOKEN))
    assert not hasattr(Secret(TOKEN), "__dict__")


def test_it_is_itself_and_equal_to_its_like() -> None:
    assert Secret(TOKEN).reveal() == TOKEN
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret("\ud800ü") == Secret("\ud800ü")
    assert Secret(b"1") == Secret(b"1")
    assert Secret("1") != Secret("2")
    assert Secret("1") != Secret(b"1")
    assert Secret("1") != "1"
    assert (len(Secret("four")), bool(Secret(""))) == (4, False)
