"""The default engine: deterministic, standard library only, no network, no key."""

from gangly_tui.intelligence.offline.dates import DateMention, find_dates

__all__ = ["DateMention", "find_dates"]
