"""A sign-in that replaces another, killed in between: never the tokens of one account behind the other's store."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell
from tests.cli.test_connect_command import browser, config, crm, keyring  # noqa: F401 - the fixtures
from tests.connectors.trial_vendor import NAME, State


def test_killed_while_the_tokens_are_replaced_it_is_connected_to_neither(
    shell: Shell,
    crm: State,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gangly_tui import connecting

    browser(shell, crm)
    before = config(shell)["connections"][NAME]
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt  # the tokens are in the vault, and nothing after that was done

        patch.setattr(connecting, "_enter", killed)
        assert browser(shell, crm).code != 0
    assert config(shell)["connections"][NAME] == {**before, "unfinished": "yes"}
    asked = len(crm.asked)
    told = shell("pull")
    assert told.code == 1 and "signing in to trial again was cut short" in told.err
    assert len(crm.asked) == asked, "nothing goes out with the tokens of one account into another's store"
    assert browser(shell, crm).code == 0
    assert "unfinished" not in config(shell)["connections"][NAME] and shell("pull").code == 0
