"""Which of two companies sells, from what their people do in a text that says nothing else of it.

A list of who was present names the guests first as often as the hosts. What the people take on tells more: one side
quotes, drafts the agreement and shows the product, the other wants, asks, sends its data and signs.
"""

from __future__ import annotations

import re

from gangly_tui.domain.identity import company_name

_SELLS = re.compile(
    r"\b(?:offers?|quotes?|quotation|proposal|pric(?:e|ing)(?: list)?|demo|pilot agreement|order form|"
    r"(?:contract|agreement) draft|draft (?:of the )?(?:contract|agreement)|invoice|case stud(?:y|ies)|"
    r"reference customer|"
    r"licen[cs]es?|implementation plan|kick-?off|roi|deck|slides|trial (?:access|account)|sandbox|walk-?through|"
    r"presented|"
    r"platform|data sheet|statement of work|sow|msa|dpa)\b"
)
_BUYS = re.compile(
    r"\b(?:wants?|needs?|asks?|asked|wanted|needed|likes?|liked|worri\w+|concern\w*|complain\w*|explain\w*|signs|approv\w+|"
    r"budget|decid\w+|nominat\w+|board|steering|internal\w*|works council|(?:sample|test|usage|master|"
    r"historic\w*) data|"
    r"exports?|metadata|requirements?|(?:their|own) (?:team|users|data|process\w*|system)|users?|staff list|"
    r"currently|today they|purchase order|po)\b"
)
_REACH = 90
"""Characters behind a name that still tell of them."""
_LEAD = 2
"""By how much one company must look more like the seller than the other."""


def seller_of(text: str, people: list[tuple[str, str]]) -> str | None:
    """The one of two companies (lower case) whose people sell; `people` are (first name, company). None: cannot "
    "tell."""
    score: dict[str, int] = {company: 0 for _, company in people}
    if len(score) != 2:
        return None
    first_names = [name for name, _ in people]
    for name, company in people:
        if first_names.count(name) == 1 and name:
            score[company] += _deeds(text, rf"{re.escape(name)}\b")
    for company in score:
        score[company] += _deeds(text, rf"{re.escape(company_name(company))}(?:'s)?\b")
    (least, low), (best, high) = sorted(score.items(), key=lambda each: each[1])
    return best if high - low >= _LEAD and least != best else None


def _deeds(text: str, called: str) -> int:
    """What stands behind a name, up to the next stop: signs of selling less signs of buying."""
    found = 0
    for hit in re.finditer(rf"(?<!\w){called}(?!\s?\()", text, re.I):
        said = re.split(r"[.;\n]|,\s(?=[A-Z])", text[hit.end() : hit.end() + _REACH], maxsplit=1)[0].lower()
        found += bool(_SELLS.search(said)) - bool(_BUYS.search(said))
    return found
