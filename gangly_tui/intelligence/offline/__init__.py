"""The default engine: deterministic, standard library only, no network, no key."""

from gangly_tui.intelligence.offline.commitments import score_commitments
from gangly_tui.intelligence.offline.dates import DateMention, find_dates
from gangly_tui.intelligence.offline.money import MoneyMention, find_money

__all__ = ["DateMention", "MoneyMention", "find_dates", "find_money", "score_commitments"]
