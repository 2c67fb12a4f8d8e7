"""A file or standard input as text. Line breaks stay as they are, so that character offsets fit the file."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

from gangly_tui.domain.errors import InputError

MAX_BYTES = 20 * 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LAYOUT = frozenset("\t\n\r\f\v\x1b")
_SAMPLE = 65_536
_MOST_CONTROLS = 0.02


def text_of(file: str) -> str:
    """The text of a file, `-` for standard input; a byte order mark is left out.

    Raises InputError for what is missing, empty, binary, in no encoding that can be told, or above 20 MiB.
    """
    data = _standard_input() if file == "-" else _file(Path(file))
    if len(data) > MAX_BYTES:
        raise InputError(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB", fix="split it; a day of speech is 1 MiB")
    text = decode(data)
    if not text.strip():
        raise InputError("it is empty", fix="name a file with the text of a call")
    return text


def decode(data: bytes) -> str:
    """Bytes as text: by byte order mark, as UTF-8, or in the encoding they look like. Raises InputError."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_strict(data[len(mark) :], encoding))
    if b"\0" in data[:_SAMPLE]:
        raise InputError("it is not a text file", fix="use .txt, .md, .vtt or .srt")
    try:
        return _checked(data.decode("utf-8"))
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data[:_SAMPLE]).best()
        if best is None:
            raise InputError("its encoding cannot be told", fix="save it as UTF-8") from None
        return _checked(_strict(data, best.encoding))


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"it is not valid {encoding} text", fix="save it as UTF-8") from error


def _checked(text: str) -> str:
    sample = text[:_SAMPLE]
    controls = sum(1 for char in sample if char < " " and char not in _LAYOUT)
    if controls > len(sample) * _MOST_CONTROLS or sample.startswith(("%PDF-", "{\\rtf")):
        raise InputError("it is not a text file", fix="use .txt, .md, .vtt or .srt")
    return text


def _standard_input() -> bytes:
    if sys.stdin.isatty():
        raise InputError("nothing is piped in", fix="name a file, or pipe a text: cat call.txt | gangly draft -")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _file(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError("it is a folder", fix="name the files in it")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name"
        raise InputError(f"it cannot be read: {(reason or 'error').lower()}", fix="check the path") from error
