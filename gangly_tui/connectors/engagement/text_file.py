"""Files of notes, transcripts and mail as text, whatever wrote them."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.safe import one_line

MAX_BYTES = 10 * 1024 * 1024
"""The largest file that is read; a day of speech is about 1 MiB."""

MAX_LINES = 250_000
"""Each line costs memory of its own; a day of speech has a twentieth of that."""

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""The largest mail: what mail servers let through, with its attachments, of which nothing but the names is kept."""

_LINE_ENDS = "\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` parts a text at, once "\\r" is gone."""

_SAVE = "save it as .txt, .md, .vtt or .srt"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", _SAVE),
    (b"PK\x03\x04", "a Word document or another archive", f"open it and {_SAVE}"),
    (b"\xd0\xcf\x11\xe0", "an old Word document or an Outlook .msg", "save it as .txt or .eml"),
    (b"{\\rtf", "an RTF document", _SAVE),
    (b"\x1f\x8b", "a compressed file", "unpack it and name the text in it"),
    (b"\x89PNG", "a picture", _SAVE),
    (b"\xff\xd8\xff", "a picture", _SAVE),
    (b"GIF8", "a picture", _SAVE),
    (b"RIFF", "a recording", "name its transcript instead"),
    (b"ID3", "a recording", "name its transcript instead"),
    (b"OggS", "a recording", "name its transcript instead"),
    (b"\x1aE\xdf\xa3", "a recording", "name its transcript instead"),
    (b"SQLite format 3\0", "a database", _SAVE),
)
"""First bytes of what people name by mistake, what it is, and what to do instead."""

_SAMPLE = 65_536
_MOST_CONTROLS = 0.02
_LAYOUT = frozenset("\t\n\r\f\v\x1b")
_CONTROLS = bytes(code for code in range(32) if chr(code) not in _LAYOUT)
_CANDIDATES = (
    "cp1252 cp1250 cp1254 cp1257 cp1251 koi8_r cp1253 cp1255 cp1256 cp874 cp932 euc_jp gb18030 big5 cp949 mac_roman"
).split()
"""What notes from before UTF-8 are written in. DOS pages are left out: they win guesses and are never right."""

_LATIN = {
    "cp1252": "àâæçèéêëîïôœùûüÿ äöüß áéíñóúü àáâãçéêíóôõú àèéìíòóùú åäöé æøåé àèéíïòóúüç áéíóúëïöü äöõü",
    "cp1250": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű čćđšž âăîşţ",
    "cp1254": "çğıöşüâî",
    "cp1257": "ąčęėįšųūž āčēģīķļņšūž äöõüšž",
}
"""Per Latin code page the letters beyond ASCII of each language that is written in it, the likeliest page first."""

_MARKS = frozenset("\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026\u2022€£\u00a0«»·¡¿°§ºª²³®©™")


def read_text_file(path: Path, *, follow_links: bool = True) -> str:
    """The text of a file of notes, a transcript or a mail; line breaks are "\\n", the byte order mark is left out.

    `follow_links=False` refuses a symbolic link: for files found in a watched folder rather than named by a person.
    Raises InputError for what is missing, unreadable, no regular file, empty, binary, above 10 MiB, in no encoding
    that can be told, or a calendar.
    """
    return read_text_bytes(read_bytes(path, follow_links=follow_links, limit=_limit(path.name)), path.name)


def read_text_bytes(data: bytes, name: str) -> str:
    """`read_text_file` for bytes that are here already, from standard input. `name` is what messages call them.

    A name that ends in .eml makes a mail of it: sender, recipients, date, subject and the readable body.
    """
    shown = shown_name(name)
    if len(data) > _limit(name):
        raise _too_large(shown, _limit(name))
    if not data.strip():
        raise InputError(f"{shown} is empty", fix="name a file with text in it")
    if name.lower().endswith(".eml"):
        from gangly_tui.connectors.engagement.mail_file import mail_text

        text = mail_text(data, shown)
    else:
        text = decode_bytes(data, shown)
    if text.lstrip()[:15].upper() == "BEGIN:VCALENDAR":
        raise InputError(f"{shown} is a calendar, not notes", fix="open it with: gangly connect calendar FILE")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{shown} is empty", fix="name a file with text in it")
    if sum(map(text.count, _LINE_ENDS)) > MAX_LINES:
        raise InputError(f"{shown} has more than {MAX_LINES:,} lines", fix="split it")
    return text


def read_bytes(path: Path, *, follow_links: bool = True, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file, `limit` at most. Raises InputError; never waits for a pipe or a device."""
    shown = shown_name(path.name or str(path))
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        if path.is_dir():
            raise InputError(f"{shown} is a folder", fix="name a file in it")
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor, not a path
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise InputError(f"{shown} is no regular file", fix="save what it gives as a file and name that")
            if state.st_size > limit:
                raise _too_large(shown, limit)
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {shown}", fix="check the path") from error
    except PermissionError as error:
        raise InputError(f"{shown} may not be read", fix="check its permissions") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no such name"
        raise InputError(f"{shown} cannot be read: {reason.lower()}", fix="check the path") from error
    if len(data) > limit:
        raise _too_large(shown, limit)
    return data


def shown_name(name: str) -> str:
    """A file's name as a message prints it: one line, nothing that acts on a terminal."""
    return one_line(name.encode("utf-8", "replace").decode(), limit=80)


def decode_bytes(data: bytes, shown: str) -> str:
    """Bytes as text: by byte order mark, as UTF-8, or in the encoding they look like. Raises InputError."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_strict(data[len(mark) :], encoding, shown), shown)
    for magic, what, fix in _MAGIC:
        if data.startswith(magic):
            raise InputError(f"{shown} is {what}, not text", fix=fix)
    if data[4:8] == b"ftyp":
        raise InputError(f"{shown} is a recording, not text", fix="name its transcript instead")
    wide = _wide_encoding(data[:_SAMPLE])
    if wide:
        return _checked(_strict(data, wide, shown), shown)
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > max(1, len(sample) * _MOST_CONTROLS):
        raise InputError(f"{shown} is not a text file", fix=_SAVE)
    try:
        return _checked(data.decode("utf-8"), shown)
    except UnicodeDecodeError:
        return _checked(_strict(data, _legacy_encoding(data, shown), shown), shown)


def _limit(name: str) -> int:
    return MAX_MAIL_BYTES if name.lower().endswith(".eml") else MAX_BYTES


def _too_large(shown: str, limit: int) -> InputError:
    return InputError(f"{shown} is larger than {limit // 1024 // 1024} MiB", fix="split it, or export less of it")


def _strict(data: bytes, encoding: str, shown: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise InputError(f"{shown} is not valid {encoding} text", fix="save it as UTF-8") from error


def _checked(text: str, shown: str) -> str:
    for sample in (text[:_SAMPLE], text[len(text) // 2 :][:_SAMPLE]):
        controls = sum(1 for char in sample if char < " " and char not in _LAYOUT)
        if controls > max(1, len(sample) * _MOST_CONTROLS):
            raise InputError(f"{shown} is not a text file", fix=_SAVE)
    return text


def _wide_encoding(sample: bytes) -> str:
    """UTF-16 without its mark: Western text has a zero as every second byte. Empty when it is something else."""
    pairs = len(sample) // 2
    if pairs < 2 or sample.count(0) < pairs // 2:
        return ""
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) > 0.7 * pairs and sample.count(0) - zeros.count(0) < 0.02 * pairs:
            return encoding
    return ""


def _legacy_encoding(data: bytes, shown: str) -> str:
    """The encoding of text from before UTF-8. The guess sees only lines with a letter beyond ASCII in them."""
    from charset_normalizer import from_bytes

    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    best = from_bytes(telling, cp_isolation=_CANDIDATES).best()
    if best and best.encoding not in _LATIN and best.encoding != "mac_roman":
        return best.encoding
    latin = max(_LATIN, key=lambda page: _fit(telling, page))
    if _fit(telling, latin) > 0:
        return latin
    if best is None:
        raise InputError(f"the encoding of {shown} cannot be told", fix="save it as UTF-8")
    return best.encoding


def _fit(telling: bytes, page: str) -> float:
    """How well bytes read in a Latin code page: the share of their letters that one of its languages has.

    Short texts of Latin pages look alike to a statistical guess: "naďve" is as good as "naïve" to it.
    """
    try:
        text = telling.decode(page).lower()
    except UnicodeDecodeError:
        return -1.0
    beyond = [each for each in text if not each.isascii()]
    odd = sum(not (each.isalpha() or each in _MARKS) for each in beyond)
    letters = [each for each in beyond if each.isalpha()]
    if not letters:
        return 1.0 - odd / len(beyond) if beyond else 0.0
    covered = max(sum(each in language for each in letters) for language in _LATIN[page].split())
    return (covered - odd) / len(letters)
