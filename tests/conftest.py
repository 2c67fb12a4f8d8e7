"""For every test: Hypothesis is imported before any test runs, and draws the same examples each time.

Its pytest plugin imports it when the session ends. After a verb that left an event loop's connections to the collector,
that late import ends in a SystemError of the interpreter, and a run that passed is told as failed.

A change that is right shall not be refused by an example that another run would not have drawn: by default the examples
follow from the test. `pytest --hypothesis-profile=explore` draws others each time; what it finds becomes a test.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

_BUSY = (HealthCheck.too_slow, HealthCheck.data_too_large)
"""What says more of the machine than of the test."""

settings.register_profile("explore", deadline=None, suppress_health_check=_BUSY)
settings.register_profile("same", settings.get_profile("explore"), derandomize=True, database=None)
settings.register_profile("mutants", settings.get_profile("same"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("same")
