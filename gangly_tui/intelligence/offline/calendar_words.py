"""The words of the calendar: what a word can mean before its neighbours are known."""

from __future__ import annotations

MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january jan janurary",
        "february feb febuary",
        "march mar",
        "april apr",
        "may",
        "june jun",
        "july jul",
        "august aug",
        "september sept sep",
        "october oct",
        "november nov",
        "december dec",
    ),
    start=1,
):
    MONTHS.update(dict.fromkeys(_names.split(), _number))
WEEKDAYS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "monday mon",
        "tuesday tue tues",
        "wednesday wed weds wednes wednsday",
        "thursday thu thur thurs",
        "friday fri",
        "saturday sat",
        "sunday sun",
    )
):
    WEEKDAYS.update(dict.fromkeys(_names.split(), _number))
UNITS = {
    name: unit
    for unit, names in {
        "second": "second seconds sec secs",
        "minute": "minute minutes min mins",
        "hour": "hour hours hr hrs",
        "day": "day days",
        "week": "week weeks wk wks",
        "fortnight": "fortnight fortnights",
        "weekend": "weekend weekends",
        "workweek": "workweek workweeks",
        "month": "month months mo mos mth mths",
        "quarter": "quarter quarters qtr qtrs",
        "half": "half halves",
        "year": "year years yr yrs",
        "decade": "decade decades",
        "century": "century centuries",
    }.items()
    for name in names.split()
}
SHORT_UNITS = {"d": "day", "h": "hour", "w": "week", "wk": "week", "y": "year", "mo": "month", "m": "minute"}
"""Only glued to a number: "3d", "2w"."""
RELATIVE = {
    "this": 0,
    "current": 0,
    "same": 0,
    "next": 1,
    "coming": 1,
    "upcoming": 1,
    "following": 1,
    "last": -1,
    "past": -1,
    "previous": -1,
    "prior": -1,
    "preceding": -1,
}
DAYS = {
    "today": 0,
    "tonight": 0,
    "tonite": 0,
    "tomorrow": 1,
    "tomorrows": 1,
    "tmrw": 1,
    "tmr": 1,
    "tmw": 1,
    "tomorow": 1,
    "tommorow": 1,
    "tommorrow": 1,
    "yesterday": -1,
}
DAY_PARTS = {
    "morning": 9,
    "mornings": 9,
    "afternoon": 14,
    "evening": 18,
    "night": 20,
    "nite": 20,
    "lunch": 12,
    "lunchtime": 12,
    "noon": 12,
    "dinner": 19,
    "breakfast": 8,
}
"""The hour a part of the day begins when nothing finer is said."""
SEASONS = {"spring": (3, 20), "summer": (6, 21), "fall": (9, 23), "autumn": (9, 23), "winter": (12, 21)}
"""First day of each season, northern half of the earth."""
DEADLINES = {
    "eod": "day",
    "eob": "day",
    "cob": "day",
    "eow": "week",
    "eom": "month",
    "eoq": "quarter",
    "eoy": "year",
    "eofy": "fiscal year",
    "bom": "month",
    "boy": "year",
    "boq": "quarter",
}
AMBIGUOUS_MONTHS = {"may", "march", "mar", "sept", "dec", "jan", "jun"}
"""Also verbs, names or marks: they need a neighbour that makes them a month."""
AMBIGUOUS_WEEKDAYS = {"sat", "sun", "wed", "mon", "fri"}
LEADS = {
    "in", "by", "of", "on", "until", "till", "til", "since", "this", "next", "last", "from", "to", "for", "mid",
    "early",
    "late", "through", "thru", "before", "after", "between", "during", "around", "about", "every", "past", "coming",
    "following", "upcoming", "previous", "and", "or", "starting", "beginning", "ending", "due", "end", "is", "was", "@",
    "as", "approximately", "towards", "toward", "into", "again", "within", "the", "per",
}  # fmt: skip
"""Words before which a month or a weekday is likely meant as one."""
QUANTITIES = {"a": 1, "an": 1, "couple": 2, "few": 3, "several": 3, "dozen": 12}
EDGES = {
    "end": "end",
    "close": "end",
    "ending": "end",
    "late": "end",
    "beginning": "start",
    "start": "start",
    "early": "start",
    "first": "start",
    "middle": "middle",
    "mid": "middle",
}

STARTERS = (
    MONTHS.keys()
    | WEEKDAYS.keys()
    | DAYS.keys()
    | DEADLINES.keys()
    | UNITS.keys()
    | SEASONS.keys()
    | {"noon", "midnight", "asap", "oclock", "o'clock", "weekend", "now", "moment", "minute", "date", "midday"}
)
"""A line without any of these words and without a digit holds no date and no time."""
