"""For every test: Hypothesis is imported before any test runs.

Its pytest plugin imports it when the session ends. After a verb that left an event loop's connections to the collector,
that late import ends in a SystemError of the interpreter, and a run that passed is told as failed.
"""

from __future__ import annotations

import hypothesis  # noqa: F401
