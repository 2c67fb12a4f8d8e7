"""The machine's own time zone, with its summer time: by name where the system tells, by its clock otherwise."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")


class MachineZone(tzinfo):
    """What the C library says about local time, for systems that do not tell their zone's name (Windows).

    The hour that autumn repeats is read one way only: `fold` is not looked at.
    """

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """The distance to UTC at this local time."""
        return timedelta(seconds=self._local(moment).tm_gmtoff)

    def dst(self, moment: datetime | None) -> timedelta:
        """One hour in summer time, else nothing."""
        return timedelta(hours=1 if self._local(moment).tm_isdst > 0 else 0)

    def tzname(self, moment: datetime | None) -> str:
        """The zone's short name at this local time."""
        return self._local(moment).tm_zone

    def fromutc(self, moment: datetime) -> datetime:
        """The local time of a UTC time that carries this zone."""
        seconds = (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
        local = time.localtime(seconds)
        return datetime(*local[:6], moment.microsecond, tzinfo=self)

    @staticmethod
    def _local(moment: datetime | None) -> time.struct_time:
        if moment is None:
            return time.localtime()
        day = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        return time.localtime(time.mktime((*day, 0, 0, -1)))


def machine_zone() -> tzinfo:
    """The zone of this machine: `TZ`, then the link /etc/localtime, then the C library."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), _linked_name()):
        if name:
            try:
                return ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                continue
    return MachineZone()


def _linked_name() -> str:
    try:
        target = str(_LOCALTIME.resolve(strict=True))
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2]
