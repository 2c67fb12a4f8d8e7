"""The headers and dates of a LinkedIn export, in the languages it is written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_COLUMNS = {
    "first_name": "first name|vorname|prenom|nombre|nome|voornaam|fornamn|imie",
    "last_name": "last name|nachname|nom|nom de famille|apellido|apellidos|cognome|sobrenome|achternaam|efternamn",
    "url": "url|profile url|profil url|profil-url|url du profil",
    "email": "email address|e-mail-adresse|e-mail address|adresse e-mail|direccion de correo electronico"
    "|indirizzo email|indirizzo e-mail|endereco de e-mail|e-mailadres|e-postadress|adres e-mail",
    "company": "company|unternehmen|firma|entreprise|societe|empresa|azienda|bedrijf|foretag",
    "position": "position|poste|cargo|posizione|posicao|functie|befattning|stanowisko",
    "connected_on": "connected on|verbunden am|vernetzt am|vernetzt seit|connexion etablie le|connecte le"
    "|date de connexion|conectado el|fecha de conexion|collegato il|data collegamento|conectado em|verbonden op"
    "|kontakt sedan",
    "from": "from",
    "to": "to",
    "sent_at": "sent at",
    "direction": "direction",
    "inviter_url": "inviterprofileurl",
    "invitee_url": "inviteeprofileurl",
    "sender_url": "sender profile url",
    "recipients": "recipient profile urls",
    "date": "date|datum|fecha|data",
    "content": "content",
}
_NAMES = {words: name for name, some in _COLUMNS.items() for words in some.split("|")}

_MONTHS = (
    "jan ene gen sty",
    "feb fev lut",
    "mar mrz mrt",
    "apr avr abr kwi",
    "may mai mei maj mag",
    "jun juin giu cze",
    "jul juil lug lip",
    "aug aou ago sie",
    "sep set wrz",
    "oct okt ott out paz",
    "nov lis",
    "dec dez dic gru",
)
_MONTH = {word: number for number, some in enumerate(_MONTHS, start=1) for word in some.split()}
_ISO = re.compile(r"(\d{4})[-/.年]\s{0,2}(\d{1,2})[-/.月]\s{0,2}(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})\b")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:\.|o|er)?\s{1,3}(?:de\s)?)?([a-z]{3,12})\.?,?(?:\s{1,3}(\d{1,2}),?)?\s{1,3}(?:de\s)?(\d{4})"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FIRST = 2003
"""LinkedIn opened in this year."""
_TAG = re.compile(r"<[^<>]{0,500}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day as an export writes it. `numbers` are two that may be day and month either way round."""

    on: date | None = None
    year: int = 0
    numbers: tuple[int, int] = (0, 0)


def column(header: str) -> str:
    """Our name of a column; "" for one that is not read."""
    return _NAMES.get(_folded(header).strip(), "")


def read_day(text: str) -> Day:
    """A day in digits or words."""
    text = _folded(text[:60])
    if found := _ISO.search(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.search(text):
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        one, two = int(found[1]), int(found[3])
        if found[2] == ".":  # written with dots the day comes first
            return _day(year, two, one)
        return Day(year=year, numbers=(one, two)) if _FIRST <= year <= 2100 else Day()
    if (found := _WORDS.search(text)) and (month := _month(found[2])) and (number := found[1] or found[3]):
        return _day(int(found[4]), month, int(number))
    year = int(found[0]) if (found := _YEAR.search(text)) else 0
    return Day(year=year if year >= _FIRST else 0)


def settle(days: Mapping[str, Day]) -> dict[str, date | None]:
    """The days of one column: what is unclear in one line is clear from the others, or stays None."""
    numbers = [each.numbers for each in days.values() if each.numbers != (0, 0)]
    day_first, month_first = any(one > 12 for one, _ in numbers), any(two > 12 for _, two in numbers)
    settled: dict[str, date | None] = {}
    for key, each in days.items():
        one, two = each.numbers
        if each.numbers == (0, 0):
            settled[key] = each.on
        elif day_first != month_first:
            settled[key] = (_day(each.year, two, one) if day_first else _day(each.year, one, two)).on
        else:
            settled[key] = _day(each.year, one, two).on if one == two else None
    return settled


def stripped(text: str) -> str:
    """A message's words without its markup, on one line."""
    return " ".join(_TAG.sub(" ", text).split())


def _day(year: int, month: int, day: int) -> Day:
    try:
        on = date(year, month, day)
    except ValueError:
        return Day(year=year if _FIRST <= year <= 2100 else 0)
    return Day(on=on, year=year) if _FIRST <= year <= 2100 else Day()


def _month(word: str) -> int:
    return _MONTH.get(word[:4]) or _MONTH.get(word[:3]) or 0


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.strip().strip("\ufeff").casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))
