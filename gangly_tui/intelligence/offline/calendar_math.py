"""Calendar arithmetic: stretches of days and shifts between them. Every function is total within years 1 to 9999."""

from __future__ import annotations

import calendar
from datetime import MAXYEAR, MINYEAR, date, timedelta

Stretch = tuple[date, date]
"""First and last day, both included."""


def make(year: int, month: int, day: int) -> date | None:
    """The date, or None when there is no such day."""
    if MINYEAR < year < MAXYEAR and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]:
        return date(year, month, day)
    return None


def plus_days(day: date, days: int) -> date:
    """`day` moved by `days`, stopped at the ends of the calendar."""
    number = max(1, min(date.max.toordinal(), day.toordinal() + days))
    return date.fromordinal(number)


def plus_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    index = max(MINYEAR * 12, min(MAXYEAR * 12 + 11, index))
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def plus_workdays(day: date, days: int) -> date:
    """`day` moved by Mondays to Fridays; public holidays are not known here. At most 3,000 days."""
    step = 1 if days > 0 else -1
    for _ in range(min(abs(days), 3000)):
        day = plus_days(day, step)
        while day.weekday() >= 5:
            day = plus_days(day, step)
    return day


def week(day: date) -> Stretch:
    """Monday to Sunday around `day`."""
    monday = plus_days(day, -day.weekday())
    return monday, plus_days(monday, 6)


def weekend(day: date) -> Stretch:
    """Saturday and Sunday of the week of `day`."""
    monday = week(day)[0]
    return plus_days(monday, 5), plus_days(monday, 6)


def month(year: int, number: int) -> Stretch:
    """A whole month."""
    return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])


def months_from(first: date, count: int) -> Stretch:
    """`count` whole months from the month of `first`."""
    begin = first.replace(day=1)
    return begin, plus_days(plus_months(begin, count), -1)


def year(number: int, start: int = 1) -> Stretch:
    """The year `number`; with `start` > 1 the fiscal year that ends in `number`."""
    begin = date(max(MINYEAR, number - (1 if start > 1 else 0)), start, 1)
    return months_from(begin, 12)


def quarter(year_number: int, number: int, start: int = 1) -> Stretch:
    """Quarter 1 to 4 of the (fiscal) year."""
    return months_from(plus_months(year(year_number, start)[0], 3 * (number - 1)), 3)


def quarter_at(day: date, start: int = 1, offset: int = 0) -> Stretch:
    """The (fiscal) quarter around `day`, moved by `offset` quarters."""
    into = (day.month - start) % 3
    return months_from(plus_months(day.replace(day=1), 3 * offset - into), 3)


def fiscal_year_at(day: date, start: int = 1, offset: int = 0) -> Stretch:
    """The (fiscal) year around `day`, moved by `offset` years."""
    into = (day.month - start) % 12
    return months_from(plus_months(day.replace(day=1), 12 * offset - into), 12)


def weekday_after(day: date, weekday: int, *, same: bool = False) -> date:
    """The first such weekday after `day`; with `same`, `day` itself counts."""
    ahead = (weekday - day.weekday()) % 7
    return plus_days(day, ahead if ahead or same else 7)


def weekday_before(day: date, weekday: int) -> date:
    """The last such weekday before `day`."""
    return plus_days(day, -((day.weekday() - weekday) % 7 or 7))


def next_month_day(anchor: date, month_number: int, day: int) -> date | None:
    """The first such day at or after `anchor`; a 29 February waits for its year."""
    for ahead in range(9):
        found = make(anchor.year + ahead, month_number, day)
        if found and found >= anchor:
            return found
    return None


def next_day_of_month(anchor: date, day: int) -> date | None:
    """The first such day of a month at or after `anchor`."""
    for ahead in range(3):
        base = plus_months(anchor.replace(day=1), ahead)
        found = make(base.year, base.month, day)
        if found and found >= anchor:
            return found
    return None


def thirds(stretch: Stretch, edge: str) -> Stretch:
    """The start, middle or end of a stretch: ten days of a month, four months of a year, a third of anything else."""
    first, last = stretch
    days = (last - first).days + 1
    if 28 <= days <= 31 and first.day == 1:
        cut = plus_days(first, 9), plus_days(first, 19)
    elif days >= 365 and first.day == 1:
        cut = plus_days(plus_months(first, 4), -1), plus_days(plus_months(first, 8), -1)
    else:
        cut = first + timedelta(days=max(0, days // 3 - 1)), last - timedelta(days=max(1, days // 3))
    if edge == "start":
        return first, cut[0]
    if edge == "end":
        return min(last, plus_days(cut[1], 1)), last
    return min(last, plus_days(cut[0], 1)), max(first, cut[1])


def halves(stretch: Stretch, number: int) -> Stretch:
    """The first (1) or second (2) half; whole months where the stretch is made of them."""
    first, last = stretch
    days = (last - first).days + 1
    middle = plus_months(first, round(days / 61)) if first.day == 1 and days > 80 else plus_days(first, days // 2)
    return (first, plus_days(middle, -1)) if number == 1 else (middle, last)


def easter(year_number: int) -> date:
    """Western Easter Sunday, anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, ch. 8)."""
    a = year_number % 19
    b, c = divmod(year_number, 100)
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    number, day = divmod(h + m - 7 * n + 114, 31)
    return date(year_number, number, day + 1)


def nth_weekday(year_number: int, month_number: int, weekday: int, nth: int) -> date | None:
    """The nth (1, 2, ...; -1 is the last) such weekday of a month."""
    first, last = month(year_number, month_number)
    if nth > 0:
        found = plus_days(weekday_after(first, weekday, same=True), 7 * (nth - 1))
    else:
        found = plus_days(weekday_before(plus_days(last, 1), weekday), 7 * (nth + 1))
    return found if first <= found <= last else None
