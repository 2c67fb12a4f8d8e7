"""The words around an amount of money: scales, periods, prices, and what else a figure may count."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.numbers import CARDINALS

GAP = " \u00a0\u202f"
NUMBER = re.compile(
    rf"(?<![\w.,/:-])(?:\d{{1,3}}(?:[{GAP}]\d{{3}})++(?:[.,]\d{{1,2}})?(?!\d)|\d++(?:[,.'’]\d++)*+(?:\.\s\d\d(?!\d))?)"
    rf"|(?<![\w.])\.\d{{1,4}}(?!\d)|(?<=[a-zA-Z$€£¥₹₩-])(?:\d++(?:[,.'’]\d++)*+)(?:\.\s\d\d(?!\d))?"
    r"|(?<=[$€£¥₹₩]:)\d++(?:[,.]\d++)*+"
)
SCALE = re.compile(
    r"[\s-]?(?P<word>thousand|hundred|grand|million|millions|mil|mill|mln|mn|billion|billions|bil|bln|bn|trillion|tn|"
    r"lakhs?|lacs?|"
    r"crores?|cr)\b\.?|(?P<letter>k|m|mm|b|t|g)(?![^\W_]|['’]\w)",
    re.IGNORECASE,
)
FACTORS = {
    "hundred": 100, "k": 10**3, "g": 10**3, "thousand": 10**3, "grand": 10**3, "m": 10**6, "mm": 10**6, "mil": 10**6,
    "mill": 10**6, "mln": 10**6, "mn": 10**6, "million": 10**6, "millions": 10**6, "b": 10**9, "bil": 10**9,
    "bln": 10**9,
    "bn": 10**9, "billion": 10**9, "billions": 10**9, "t": 10**12, "tn": 10**12, "trillion": 10**12, "lakh": 10**5,
    "lakhs": 10**5, "lac": 10**5, "lacs": 10**5, "crore": 10**7, "crores": 10**7, "cr": 10**7,
}  # fmt: skip
SPOKEN_START = re.compile(
    r"(?<![\w-])(?:" + "|".join(sorted(CARDINALS, key=len, reverse=True)) + r"|an?|half|quarter|three)\b", re.IGNORECASE
)
WORD = re.compile(r"[^\W\d_]+|-")
PERIOD_NAMES = {
    "month": "month", "mo": "month", "mth": "month", "months": "month", "year": "year", "yr": "year", "annum": "year",
    "quarter": "quarter", "qtr": "quarter", "week": "week", "wk": "week", "day": "day", "hour": "hour", "hr": "hour",
    "seat": "seat", "user": "seat", "license": "seat", "licence": "seat", "head": "seat", "person": "seat",
    "rep": "seat",
    "employee": "seat", "agent": "seat", "unit": "unit", "item": "unit", "piece": "unit", "share": "unit",
    "site": "unit",
    "location": "unit", "transaction": "unit", "call": "unit",
}  # fmt: skip
PERIOD = re.compile(
    r"\s?(?:/|per|a|an|each|every|p\.)\s?(?P<name>" + "|".join(sorted(PERIOD_NAMES, key=len, reverse=True)) + r")\b"
    r"|\sfor (?:the|a|one) (?:first |full |whole )?(?P<whole>year|month|quarter)\b"
    r"|\s?(?P<ly>monthly|annually|annual|yearly|quarterly|weekly|daily|hourly|arr|mrr|acv|p\.?a\.?|pcm|pupm)\b",
    re.IGNORECASE,
)
LY = {
    "monthly": "month", "annually": "year", "annual": "year", "yearly": "year", "quarterly": "quarter", 
    "weekly": "week", "daily": "day", "hourly": "hour", "arr": "year", "mrr": "month", "acv": "year", "pa": "year",
    "pcm": "month", "pupm": "seat/month"}  # fmt: skip
ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approx(?:imately)?|circa|ca|nearly|almost|some|say|maybe|probably|ballpark(?: of)?|"
    r"in the neighbou?rhood of|somewhere (?:around|near|between)|like|close to|estimated(?: at)?)\.?|~)\s{0,2}\Z",
    re.IGNORECASE,
)
ISH = re.compile(r"[\s-]?(?:ish\b|or so\b|\+|plus\b|give or take)", re.IGNORECASE)
CUE = re.compile(
    r"\b(?:budget(?:ed|s)?|pric(?:e|es|ed|ing)|costs?|costing|quot(?:e|ed|es|ing)|pay(?:s|ing)?|paid|spen[dt](?:ing|"
    r"s)?|worth|"
    r"fees?|invoiced?|acv|arr|mrr|tcv|charg(?:e|es|ed|ing)|(?:gave|given|give|allowed) (?:me|us|them|him|her)|"
    r"(?:takes?|brings?|gets?) (?:it|us|you|that|them) (?:down |up )?to|come(?:s)? out at|discount(?:ed)?|"
    r"deal size|amount(?:s|ing)?|revenue|funding|"
    r"raised|"
    r"savings?|approved|allocated|earmarked|sign[- ]?off|offer(?:ed)?|bid|total(?:s|ing)?|subscription|salary|"
    r"license cost|ok['’]?d|okayed|list price|come down to|come in at|valued at|bill(?:ed)?)\b[^.?!\n]{0,40}\Z",
    re.IGNORECASE,
)
COUNTED = frozenset(
    "users user employees people seats seat reps rep customers contacts records rows lines leads accounts downloads "
    "views visits "
    "visitors followers subscribers installs requests calls emails messages tickets docs documents pages words tokens "
    "miles mile "
    "km kilometers meters metres feet ft lbs kg kilos tons watts volts hz khz mhz ghz mb gb tb kb bytes bits steps "
    "run race "
    "hours hour hrs minutes mins seconds secs days day weeks week months month years year times percent pct devices "
    "machines "
    "servers nodes stores locations offices sites companies teams developers engineers agents licenses licences units "
    "items "
    "products skus orders shipments transactions events sessions students patients members residents homes votes "
    "points degrees "
    "staff headcount folks households vehicles resolution display monitor screen plan plans sq square mg ml px fps "
    "rpm".split()
)
NEXT_WORD = re.compile(r"\s{0,2}(?:[-–]\s?)?([^\W\d_]+)")
JOINT = re.compile(r"\s?(?:-|–|—|to|and|or|through)\s?", re.IGNORECASE)
WORTH = re.compile(
    r"\d|\b(?:hundred|thousand|grand|million|billion|lakhs?|crores?|dollars?|bucks?|euros?|pounds?|quid|cents?|pence|"
    r"pennies|rupees?|ringgits?|yen|yuan|r[iy]als?|tugriks?|musd|francs?|rmb|usd|eur|gbp)\b",
    re.IGNORECASE,
)
LINE = re.compile(r"[^\n\r\u2028\u2029]+")
