"""The default engine: deterministic, standard library only, no network, no key."""

from gangly_tui.intelligence.offline.commitments import score_commitments
from gangly_tui.intelligence.offline.dates import DateMention, find_dates
from gangly_tui.intelligence.offline.drafter import OfflineDrafter, read_context
from gangly_tui.intelligence.offline.money import MoneyMention, find_money

__all__ = [
    "DateMention",
    "MoneyMention",
    "OfflineDrafter",
    "find_dates",
    "find_money",
    "read_context",
    "score_commitments",
]
