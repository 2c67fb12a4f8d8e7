"""What the header says about a call: its kind ("Discovery Call") and how it ended ("Contract sent, final approval")."""

from __future__ import annotations

import re

_NEXT_TO_SIGN = re.compile(
    r"\b(?:to be signed|no contract|without|not (?:yet )?signed|unsigned|will sign|(?:to|should|expected to|"
    r"ready to|about to) sign|"
    r"signature|"
    r"(?:awaiting|pending|waiting|before|until|once|if|out for|nda)\b)"
)
_THING = r"(?:call(?:back)?|demo|discovery(?: call)?|meeting|intro\w*(?: call)?|appointment)"
_NO_FIRST_MEETING = (
    r"(?<!reference )(?<!security )(?<!technical )(?<!executive )(?<!pricing )(?<!proposal )(?<!up )(?<!second )"
)
_ENDINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "closed_lost",
        re.compile(
            r"\b(?:(?:deal |sale |opportunity )?(?:was |is )?lost\b|closed[- ]lost|(?:went|chose|choosing|going|"
            r"go|signed|"
            r"stay\w*|stick\w*|sticking) (?:with |for )?(?:\w+ ){0,3}(?:competitor|competition|incumbent|other "
            r"vendor|another "
            r"\w+|different \w+|current (?:vendor|provider|solution|tool))|not interested|no interest|rejected|"
            r"disqualif\w+|"
            r"no[- ]deal|deal (?:is |was )?(?:dead|killed)|not a (?:good )?fit|no fit|turned (?:us )?down|do not call|"
            r"asked to be removed|won't (?:buy|move forward)|not moving forward)\b"
        ),
    ),
    (
        "closed_won",
        re.compile(
            r"\b(?:closed[- ]won|closed the (?:deal|sale)|(?:deal|sale|opportunity) (?:is |was )?(?:closed|won|"
            r"done)|won\b|signed\b(?! up)|"
            r"countersigned|contract executed|(?:po|purchase order) (?:received|issued)|onboarding (?:starts|"
            r"begins|scheduled)|"
            r"(?:became|new) (?:a )?customer|renewed)\b"
        ),
    ),
    (
        "negotiation",
        re.compile(
            r"\b(?:(?:contract|agreement|msa|order form|paperwork)(?! ends| expires)|redlin\w+|legal|"
            r"procurement|negotiat\w+|"
            r"verbal\w*|agreed on (?:the )?(?:price|terms|pricing)|pricing agreed|final (?:approval|terms|"
            r"sign-?off)|signature|(?:agreed|ready|will|going|promised) (?:to )?sign|"
            r"terms (?:agreed|discussed))\b"
        ),
    ),
    (
        "proposal",
        re.compile(
            r"\b(?:(?:proposal|quote|quotation|pricing) (?:was |is |has been )?(?:sent|delivered|presented|"
            r"shared|reviewed|"
            r"submitted|under review|in review|accepted|discussed)|revised (?:proposal|quote|pricing)|(?:sent|"
            r"presented|reviewing|reviewed|"
            r"considering|shared) "
            r"(?:the |a |our )?(?:\w+ )?(?:proposal|quote|pricing))\b"
        ),
    ),
    (
        "demo",
        re.compile(r"\bdemo (?:was |is )?(?:completed|done|given|delivered|went|held|successful|well received)\b"),
    ),
    (
        "discovery",
        re.compile(
            rf"\b(?:{_NO_FIRST_MEETING}{_THING}(?: with [\w ]+?)? (?:is |was |re)?(?:scheduled|booked|set|"
            rf"agreed|confirmed|planned|"
            rf"arranged)|"
            rf"(?:scheduled|booked|agreed (?:to|on)|set up) (?:a |the )?(?:\w+ )?{_THING}|(?<!not "
            rf")(?<!dis)qualified|referred to)\b"
        ),
    ),
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "discovery",
        re.compile(
            r"\b(?:discovery|intro(?:ductory|duction)? call|first call|qualification|"
            r"qualifying)\b"
        ),
    ),
    (
        "demo",
        re.compile(r"\b(?:product |custom |live |platform )?demo(?:nstration)?\b(?! (?:request|scheduled|booked))"),
    ),
    ("negotiation", re.compile(r"\bnegotiation\b")),
    ("proposal", re.compile(r"\bproposal (?:review|presentation|call|walk-?through)\b")),
)


_EARLY = re.compile(r"\b(?:cold (?:call|outreach)|outreach|prospecting|discovery|intro\w*|first call|qualif\w+)\b")
_FAILED = re.compile(r"\b(?:fail\w*|unsuccessful|lost|rejected|no[- ]go)\b")
_DID_NOT_HAPPEN = re.compile(r"\b(?:re-?scheduled|cancel\w*|no[- ]show|postponed|moved|prep|follow[- ]?up)\b")


_NONE_OF = re.compile(r"\b(?:no|without(?: an?)?) (?:contract|proposal|meeting|demo|call|quote|agreement)(?: \w+)?")


def ending(low: str) -> str | None:
    """The stage an outcome line stands for, or None when it says none."""
    low = _NONE_OF.sub(" ", low)
    for stage, pattern in _ENDINGS:
        if not pattern.search(low):
            continue
        if stage == "closed_won" and _NEXT_TO_SIGN.search(low):
            continue
        return stage
    return None


def kind(low: str) -> str | None:
    """The stage the name of a call stands for, or None."""
    if _DID_NOT_HAPPEN.search(low) or _FAILED.search(low):
        return None
    return next((stage for stage, pattern in _KINDS if pattern.search(low)), None)


def early(low: str) -> bool:
    """Whether the call's name says that it is one of the first."""
    return bool(_EARLY.search(low))


def failed(low: str) -> bool:
    """Whether the call's name says that it went badly."""
    return bool(_FAILED.search(low))
