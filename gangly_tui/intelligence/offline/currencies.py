"""How people write and say currencies, and which ISO 4217 code each means."""

from __future__ import annotations

import re

SIGNS = {
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₪": "ILS", "₫": "VND", "₭": "LAK",
    "₡": "CRC",
    "₦": "NGN", "₱": "PHP", "₺": "TRY", "₽": "RUB", "฿": "THB", "₴": "UAH", "₸": "KZT", "₮": "MNT", "₲": "PYG",
    "₵": "GHS",
    "￥": "JPY", "＄": "USD", "￡": "GBP",
}  # fmt: skip
DOLLAR_PREFIXES = {
    "us": "USD", "u.s.": "USD", "usd": "USD", "a": "AUD", "au": "AUD", "aud": "AUD", "c": "CAD", "ca": "CAD",
    "can": "CAD",
    "cad": "CAD", "nz": "NZD", "nzd": "NZD", "hk": "HKD", "hkd": "HKD", "s": "SGD", "sg": "SGD", "sgd": "SGD",
    "r": "BRL",
    "mex": "MXN", "mx": "MXN", "nt": "TWD", "tw": "TWD", "j": "JMD", "fj": "FJD",
}  # fmt: skip
CODES = frozenset(
    "USD EUR GBP CAD AUD NZD JPY CNY RMB INR CHF SEK NOK DKK PLN CZK HUF RON BGN HRK ISK RUB UAH TRY ILS AED SAR QAR "
    "KWD BHD "
    "OMR JOD EGP MAD ZAR NGN KES GHS SGD HKD TWD KRW THB MYR IDR PHP VND PKR BDT LKR NPR MXN BRL ARS CLP COP PEN UYU "
    "CRC LBP "
    "MNT KZT BTC ETH XAF XOF TND DZD TZS UGX MUR PTE".split()
)
_SHOUTED_WORDS = {"TRY", "MAD"}
"""Codes that are also English words: only right in front of a figure."""
_ALIASES = {"RMB": "CNY", "BTC": "", "ETH": ""}
"""Everyday codes for ISO ones; empty where ISO 4217 has none."""
NAMES = {
    name: code
    for names, code in {
        "dollar dollars buck bucks dollor dollors": "USD",
        "euro euros": "EUR",
        "pound pounds quid sterling": "GBP",
        "yen": "JPY",
        "yuan renminbi rmb": "CNY",
        "rupee rupees rs inr rupiya": "INR",
        "franc francs": "CHF",
        "ringgit ringgits rm": "MYR",
        "peso pesos": "MXN",
        "real reais": "BRL",
        "rand rands": "ZAR",
        "won": "KRW",
        "shekel shekels": "ILS",
        "krona kronor": "SEK",
        "krone kroner": "NOK",
        "zloty zlotys zł": "PLN",
        "ruble rubles rouble roubles": "RUB",
        "riyal riyals": "SAR",
        "rial rials": "IRR",
        "dirham dirhams": "AED",
        "dinar dinars": "KWD",
        "baht": "THB",
        "tugrik tugriks": "MNT",
        "hryvnia hryvnias": "UAH",
        "naira": "NGN",
        "lira liras": "TRY",
        "rupiah rupiahs": "IDR",
        "dong": "VND",
        "mark marks": "",
        "bitcoin bitcoins": "",
        "kr": "SEK",
    }.items()
    for name in names.split()
}
_NEEDS_FIGURE_BESIDE = {"pound", "pounds", "won", "real", "mark", "marks", "rm", "kr", "rs", "dong", "rand"}
MINOR = {
    name: code
    for names, code in {
        "cent cents penny pennies ¢ c": "",
        "pence p": "GBP",
        "sen sens": "MYR",
        "paise paisa": "INR",
    }.items()
    for name in names.split()
}
COUNTRIES = {
    "us": "USD", "u.s.": "USD", "american": "USD", "canadian": "CAD", "australian": "AUD", "aussie": "AUD",
    "singapore": "SGD",
    "hong kong": "HKD", "new zealand": "NZD", "kiwi": "NZD", "british": "GBP", "swiss": "CHF", "chinese": "CNY",
    "indian": "INR",
    "japanese": "JPY", "mexican": "MXN", "brazilian": "BRL", "malaysian": "MYR", "malaysia": "MYR", "egyptian": "EGP",
    "lebanese": "LBP", "pakistani": "PKR", "saudi": "SAR", "kuwaiti": "KWD", "jordanian": "JOD", "swedish": "SEK",
    "norwegian": "NOK", "danish": "DKK", "turkish": "TRY", "south african": "ZAR", "iranian": "IRR", "taiwan": "TWD",
    "taiwanese": "TWD", "korean": "KRW", "thai": "THB", "emirati": "AED", "israeli": "ILS", "polish": "PLN",
    "russian": "RUB",
    "argentine": "ARS", "chilean": "CLP", "colombian": "COP", "philippine": "PHP", "qatari": "QAR", "omani": "OMR",
}  # fmt: skip

_SIGN = "[" + "".join(SIGNS) + "]"
_CODE = "|".join(sorted(CODES))
_NAME = "|".join(sorted((name for name in NAMES if name.isascii()), key=len, reverse=True)) + "|zł"
_COUNTRY = "|".join(sorted((name.replace(".", r"\.") for name in COUNTRIES), key=len, reverse=True))
_DOLLARS = "|".join(sorted((name.replace(".", r"\.") for name in DOLLAR_PREFIXES), key=len, reverse=True))

BEFORE = re.compile(
    rf"(?:(?<![^\W_])(?P<dollar>{_DOLLARS})\s?\$|(?P<sign>{_SIGN})|(?<![^\W_])(?P<code>{_CODE})"
    rf"|(?<![^\W_])(?P<name>rs|inr|rmb|ringgit|rm|bitcoin)\.?)[\s:\u00a0]{{0,2}}[-–]?\Z",
    re.IGNORECASE,
)
AFTER = re.compile(
    rf"[\s\u00a0-]{{0,2}}(?:(?P<dollar>us|usd|au|aud|ca|cad|nz|nzd|hk|sg)\$|(?P<sign>{_SIGN})"
    rf"|(?:(?P<country>{_COUNTRY})[\s-]?)?(?P<name>{_NAME})\b\.?|(?P<scaled>[mk])(?P<mcode>{_CODE})\b|"
    rf"(?P<code>{_CODE})\b)",
    re.IGNORECASE,
)
MINOR_AFTER = re.compile(
    r"[\s-]{0,2}(?P<minor>cents?|pennies|penny|pence|sens?|paise|paisa|¢|c\b|p\b)(?![^\W_])", re.IGNORECASE
)


def code_of(match: re.Match[str]) -> str | None:
    """The ISO code a match of `BEFORE` or `AFTER` means, None where ISO has none."""
    group = match.groupdict()
    if group.get("dollar"):
        return DOLLAR_PREFIXES[group["dollar"].lower()]
    if group.get("sign"):
        return SIGNS[group["sign"]]
    code = group.get("code") or group.get("mcode")
    if code:
        return _ALIASES.get(code.upper(), code.upper()) or None
    name = (group.get("name") or "").lower()
    if group.get("country"):
        return COUNTRIES[group["country"].lower()]
    return NAMES.get(name, "") or None


def shouted(match: re.Match[str]) -> bool:
    """Whether the code is written as codes are, or is one nobody writes as a word."""
    code = match.groupdict().get("code")
    if not code:
        return True
    if code.upper() in _SHOUTED_WORDS:
        return False
    return code.isupper() or code.lower() in (
        "usd",
        "eur",
        "gbp",
        "cad",
        "aud",
        "inr",
        "rmb",
        "nzd",
        "sgd",
        "hkd",
        "jpy",
        "cny",
        "chf",
        "btc",
        "zar",
        "mxn",
        "brl",
        "aed",
        "sek",
        "nok",
        "dkk",
    )
