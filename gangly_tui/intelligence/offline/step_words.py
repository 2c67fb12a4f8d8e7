"""How a step is worded: an imperative made of the source's own words."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.action_verbs import WORK
from gangly_tui.intelligence.offline.due import Due
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, DELIVERABLE, MEETING_NOUN, WEAK_DELIVERABLE
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading

ACTION_LIMIT = 110
"""Characters of an action; a longer one ends at a word."""

_END = re.compile(
    r"[;:?!\u2014]|\syou(?:'d|'ll) have\b|\.(?=\s|$)|,\s(?!(?:the|a|an|our|your|my|and|(?!I\b)[A-Z0-9])\b)|"
    r"\s-{1,2}\s|\s(?:and|"
    r"so)\s(?:then\s)?(?:I|we|you|they|he|she|that|let|it)\b|,?\s(?:because|but|if|once|when|"
    r"while|"
    r"which|as soon as|since|although|unless|in case|so that|before (?:we|you|I|they)|after (?:we|"
    r"you|I|they|that)|to make sure|and see|and we'll|and I'll|and maybe)\b",
    re.I,
)
_TRAIL = re.compile(
    r"[\s,.;:(>-]+$|\s(?:right now|right away|immediately|shortly|soon|asap|after (?:this|our) "
    r"call|for (?:you|us|me)|in the meantime|let's(?: say)?|probably|hopefully|before that|please|then|as well|"
    r"too|if (?:you|that).*|by|on|before|until|till|"
    r"for|at|in|"
    r"within|due|around|no later than|or so|with you|guys|of the week|later|instead|first thing|"
    r"this|sometime|and|or|to|the)$",
    re.I,
)
_BEFORE_DAY = re.compile(
    r"(?:(?:^|\s)(?:by|on|before|until|till|for|at|in|the|this|around|due|no later than|end of|say|like))+\s*$", re.I
)
_DAY_PART = re.compile(r"^\s(?:early |late )?(?:morning|afternoon|evening|night|lunchtime|noon)\b")
_OF_WHEN = re.compile(r"^\s(?:of|from|after|since)\s(?:\w+ing|your|the|our|my)\b.*$")
_TO_SOMEBODY = re.compile(r"(?:introduce|connect|invite|remind|walk|add|bring|include)\s", re.I)
_INDIRECT = re.compile(
    rf"^({ACTION_VERB})\s(?:me|you|us|you guys|you both|both of you)\s(?:over\s|back\s)?(?=\w)", re.I
)
_APART = re.compile(
    r"(?P<verb>(?:switch|turn|roll|log|set|bring|put|hand|sort|work|write|push)\s(?:it|that|this|them|those|these))\s"
    r"(?P<rest>on|off|out|in|up|live|around|round|over|forward|back|down)\b(?!\s(?:mon|tues|wednes|thurs|fri|satur|sun|the|\d))",
    re.I,
)
"""A verb in two parts around its object: "switch it on"."""
_THEM = re.compile(
    rf"^({ACTION_VERB})\s(?:them|him|her)\s(?=(?:a|an|the|our|some|pricing|updated|over (?:a|an|the))\b)", re.I
)
_VAGUE = re.compile(
    rf"^(?P<verb>{ACTION_VERB}|get|do|turn|switch|take care of|deal with|handle)\s(?:(?:that|it|those|them|this|"
    rf"these|one|some|everything)\b"
    rf"(?P<tail>(?:\s(?:over|out|back|a?round|across|up|along|through|signed|done|scheduled|booked|set "
    rf"up))?)"
    rf"|over\s(?:that|it|those|them|this))(?P<rest>.*)$",
    re.I,
)
_STARTS_IT = re.compile(
    r"^(?P<verb>kick|start|get)\s(?:it|that|this|things)(?P<tail>\s(?:off|going|started|moving))(?P<rest>)$", re.I
)
_PREPOSITION = re.compile(
    r"\s(?:to|by|at|for|in|on|around|with|past|through|from|under|before|after|within|specifically|right|now|today|"
    r"tomorrow|first|so|as|over)\b"
)
_TO_WHOM = re.compile(
    r"\s(?:to|with|past|by|through)\s(?!you\b|me\b|us\b|her\b|him\b|them\b)(?:(?!and\b|so\b|but\b|on\b|by\b|"
    r"for\b)[\w'-]+\s?){1,5}"
)
_MEETS_AGAIN = re.compile(
    r"\b(?:talk|speak|meet|catch up|regroup|reconnect)(?: again)?\b(?! (?:about|internally|to my|with my))", re.I
)
_IS_MEETING = re.compile(rf"\b{MEETING_NOUN}$", re.I)
_DECIDED_ON = re.compile(
    r"proposal|quote|contract|agreement|pricing|order form|business case|deck|msa|sow|dpa|numbers|plan|estimate", re.I
)
_FRONTED = re.compile(
    r"^(?:(?:and|but|so|okay|ok|yes|sure|well|then),?\s)*(?P<thing>(?:the|your|our|that|those|a)\s(?:(?!i\b|"
    r"we\b)[\w-]+\s)"
    r"{1,6}?)(?:i|we)(?:'ll| can| will| could| need to| have to| should be able to|'m going to)\s(?:\w+\s)?$",
    re.I,
)
_OF_IT = re.compile(
    r"(?:send|share|e-?mail|forward|get|bring|return|upload|submit|pass|give|drop|mail|shoot|circulate|bring)\s"
    r"(?:it|them|that|those|this|you|him|her)\b",
    re.I,
)
_ECHO = re.compile(
    r"(?:send|share|e-?mail|forward|get|bring|return|upload|submit|pass|give|drop|mail|shoot|circulate)\s(?:it|"
    r"them|that|"
    r"those|this)\b|(?:copy|cc)\s\w+\b|(?:get|come|circle) back\b|let (?:you|me|us|them) know\b|"
    r"tell (?:you|me|us)\b|see (?:if|what|how|whether)\b|make sure\b",
    re.I,
)
_SPLIT = re.compile(rf",?\s(?:and|then|and then|&)\s(?={ACTION_VERB}\b\s\w)", re.I)
_THING = re.compile(
    rf"\b(?:(?P<det>the|a|an|some|your|our|my|that|those)\s(?:(?!to\b|of\b|for\b|and\b|in\b|"
    rf"on\b|or\b|is\b|are\b)[\w-]+\s){{0,3}})?(?:{DELIVERABLE}|{MEETING_NOUN})(?:\s{DELIVERABLE})?\b(?:\s(?:or|"
    rf"and)\s(?:two|three)\b)?"
    rf"(?!\s(?:me|you|us|him|her|them|it)\b)",
    re.I,
)
_DATE_WORD = (
    r"\d|(?:january|february|march|april|may|june|july|august|september|october|november|december|mon|tues|"
    r"wednes|thurs|"
    r"fri|satur|sun)(?:day)?\b|first\b|second\b"
)
_WEAK_THING = re.compile(rf"\b{WEAK_DELIVERABLE}\b", re.I)
_MEETING = re.compile(
    rf"(?:\b(?P<verb>do|book|schedule|set up|have|hold|run|arrange|host|plan|join)\s)?(?<!')\b(?:(?:a|an|"
    rf"the|our|your|that|another|this)\s)?(?P<name>(?:(?!the\b|a\b|to\b|of\b|for\b|and\b|on\b|s\b|ll\b|re\b|{_DATE_WORD}|"
    rf"this\b|next\b)[\w-]+\s){{0,2}}?{MEETING_NOUN})\b",
    re.I,
)
_NO_MEETING = re.compile(r"\b(?:onboarding|training|trial|pilot|poc|proof of concept|review)$", re.I)
_MEETING_SKIP = re.compile(
    r"\b(?:last|previous|earlier|recorded|our last|team|internal|weekly|board|recordings?|"
    r"customers?|deal|business|quarterly|phone|sales|this|quick|these)\s(?:\w+\s)?$",
    re.I,
)
_STOP = frozenset(
    "the a an to of for on in with and or you me us it that this those them my our your over up "
    "some by at from about into out back be here there now everything something anything first".split()
)
_CLASSES = {
    "send": "send resend ship share email e-mail forward provide pass deliver drop shoot give get submit "
    "upload return circulate".split(),
    "meet": "go schedule reschedule book meet set arrange hold do demo block pencil join host".split(),
    "check": "check confirm find look dig ask verify figure".split(),
    "sign": "sign countersign".split(),
    "make": "prepare prep draft redraft redo rework put create build write revise turn".split(),
    "contact": "call ring phone ping reach follow touch contact text dial remind".split(),
}
BASE = {
    "sends": "send", "shares": "share", "checks": "check", "gives": "give", "prepares": "prepare", "books": "book",
    "organises": "organise", "organizes": "organize", "asks": "ask", "provides": "provide", "confirms": "confirm",
    "reviews": "review", "delivers": "deliver", "sets": "set", "brings": "bring", "gets": "get", "writes": "write",
    "exports": "export", "mails": "mail", "forwards": "forward",
    "sent": "send", "checked": "check", "called": "call", "followed": "follow", "reached": "reach", "emailed": "email",
    "shared": "share", "booked": "book", "scheduled": "schedule", "wrote": "write", "asked": "ask", "came": "come",
    "got": "get", "circled": "circle", "dropped": "drop", "introduced": "introduce", "looped": "loop",
    "touched": "touch", "looked": "look",
}  # fmt: skip
"""As said behind "would it be okay if I ...", and as written down."""


def base_of(verb: str) -> str:
    """The verb as one tells somebody to do it: "nominates" and "nominated" it, where it is known as work."""
    if not verb.islower():
        return BASE.get(verb.lower(), verb)  # "Works council": no verb
    low = verb
    endings = ((low[:-1],) if low.endswith("s") else ()) + ((low[:-2],) if low.endswith("es") else ())
    endings += (low[:-3] + "y",) if low.endswith("ies") else ()
    return BASE.get(low) or next((each for each in endings if each in WORK | {"name", "appoint", "speak"}), verb)


_THROUGH = re.compile(
    r"^(?:have|get|ask)\s\w+\s(?:to\s)?(?=(?:send|share|call|review|look|contact|reach|e-?mail)\b)", re.I
)
_REMINDER = re.compile(r"check(?:ed)? (?:back )?in\b|(?:put|set|make|diary|add) (?:a |an )?(?:reminder|note)\b", re.I)
_ANSWERS = re.compile(r"(?:get|come|circle) back\b|let \w+ know\b|tell (?:you|me|us)\b|report back\b", re.I)


def actions(sentence: Sentence, begin: int) -> list[tuple[int, int]]:
    """The actions that begin at `begin`: (start, end) in the sentence, split where a second verb follows "and"."""
    rest = sentence.text[begin:]
    stop = _END.search(rest)
    finish = stop.start() if stop else len(rest)
    pieces, at = [], 0
    for found in _SPLIT.finditer(rest, 0, finish):
        pieces.append((begin + at, begin + found.start()))
        at = found.end()
    pieces.append((begin + at, begin + finish))
    folded: list[tuple[int, int]] = []
    for start, end in pieces:
        if folded and _ECHO.match(sentence.text, start, end):
            folded[-1] = (folded[-1][0], folded[-1][1] if _OF_IT.match(sentence.text, start, end) else end)
        elif end - start > 3:
            folded.append((start, end))
    return folded[:4]


def fronted(sentence: Sentence, begin: int) -> str:
    """The object said before its verb: "The SOC 2 report I can send today"."""
    found = _FRONTED.match(sentence.text[:begin])
    thing = found.group("thing").strip() if found else ""
    alone = re.match(
        rf"{ACTION_VERB}(?:\s(?:by|past|from|with|to|today|tomorrow|under|on)\b|[.,]|$)", sentence.text[begin:], re.I
    )
    return thing[:1].lower() + thing[1:] if thing and (names_thing(thing) or alone) else ""


def wording(text: str, due: Due | None, offset: int, you: str = "") -> str:
    """The action as an imperative: without its date, without "me" and "you", short."""
    apart = _APART.match(text.strip())
    if (
        due
        and due.start >= offset
        and due.end <= offset + len(text)
        and text[due.start - offset : due.end - offset] == due.words
    ):
        head = re.sub(_BEFORE_DAY, "", text[: due.start - offset])
        text = f"{head} {_OF_WHEN.sub('', _DAY_PART.sub('', text[due.end - offset :]))}"
    elif due and offset <= due.start < offset + len(text):
        text = text[: due.start - offset]
    text = re.sub(r"\s,.*$", "", re.sub(r"\(\s*\)", " ", text))
    said, _, tail = text.strip().partition(" ")
    text = f"{base_of(said)} {tail}"
    text = re.sub(r"\s+", " ", text).strip(" \"'")
    text = re.sub(r"\s(?:by|on|before|until|till|at|due)\s(?=(?:with|to|for|and|so)\b)", " ", text)
    text = re.sub(
        rf"^(?:pencil(?: in)?|block|put in)\s(?:(?:some )?time\s)?to\s(?={ACTION_VERB}\b)", "", text, flags=re.I
    )
    text = re.sub(r"^let (?:me|us|you|him|her|them) have\s", "send ", text, flags=re.I)
    text = re.sub(r"\suntil then\b.*$", "", text)
    if you and (
        gets := re.match(
            r"(get|have)\s(?:you|you guys|you both|both of you)\s(?=(?:the|a|an|our|my|some)\s)", text, re.I
        )
    ):
        text = f"{gets.group(1)} {you} {text[gets.end() :]}"
    text = text if _TO_SOMEBODY.match(text) else _INDIRECT.sub(r"\1 ", text)
    text = _THEM.sub(r"\1 ", text)
    text = re.sub(
        r"\b(?:to|with) you(?: (?:guys|both|all))?\b",
        lambda found: f"{found.group().split()[0]} {you}" if you else found.group(),
        text,
    )
    text = re.sub(r"\b(?:my|our)\s", "the ", text)
    text = re.sub(r"^(\w+) (?:over|across|back) (?=(?:the|a|an|some|our|your|that|those)\b)", r"\1 ", text)
    text = re.sub(
        r"^((?:send|bring|get|share|hand|pass|ship|e-?mail|forward)\s\S.*)\s(?:over|across)$", r"\1", text, flags=re.I
    )
    text = re.sub(
        r"^((?:send|share|e-?mail|mail|forward|ship)\s(?!it|them|that).*)\sto\s(?:her|him|them|me|us)$",
        r"\1",
        text,
        flags=re.I,
    )
    while (short := _TRAIL.sub("", text)) != text:
        text = short
    if apart and text.lower() == apart.group("verb").lower():
        text = f"{text} {apart.group('rest')}"
    if len(text) > ACTION_LIMIT:
        text = text[:ACTION_LIMIT].rsplit(" ", 1)[0]
    return text[:1].upper() + text[1:]


def resolve(reading: Reading, sentence: Sentence, action: str, begin: int) -> tuple[str, Sentence] | None:
    """An action on "it" with the thing named, and the sentence that names it; None when it names its thing."""
    vague = _vague(action)
    if not vague or only_does_it(action):
        return None
    hands_over = verb_class(action) in ("send", "make", "sign", "check", "meet", "review", "complete", "fill", "turn")
    arranges = verb_class(action) == "meet"
    for each in (sentence, *reading.before(sentence, 9 if hands_over else 5)):
        low_end = begin if each is sentence else len(each.text)
        things = [
            found
            for found in _THING.finditer(each.text, 0, low_end)
            if (hands_over or _DECIDED_ON.search(found.group()))
            and (arranges or not _IS_MEETING.search(found.group()))
            and not _MEETING_SKIP.search(each.text[max(0, found.start() - 24) : found.start()])
        ]
        if things:
            thing = things[-1].group()
            det, _, rest = thing.partition(" ")
            thing = rest if det.lower() in ("your", "our", "my", "that", "those", "some") and rest else thing
            thing = thing[:1].lower() + thing[1:] if det.lower() in ("the", "a", "an") else thing
            tail = vague.group("tail") or ""
            tail = "" if tail.strip().lower() in ("over", "across", "out", "along") else tail
            return f"{vague.group('verb')} {thing}{tail}{_whither(vague.group('rest') or '').rstrip()}", each
    return None


def _whither(rest: str) -> str:
    """ "to the purchasing board" stays; "to you" and spoken addresses do not."""
    found = _TO_WHOM.match(rest)
    return found.group() if found and "@" not in rest and " dot " not in rest else ""


def is_vague(action: str) -> bool:
    """Whether the action's object is only a pronoun: "send it", "take that to the board"."""
    return _vague(action) is not None


_DOES_IT = re.compile(
    r"(?:do|take care of|handle|deal with|sort(?: out)?) (?:it|that|this|those|these|them)\b.{0,20}$", re.I
)
_ASKS_ONLY = re.compile(
    r"(?:ask|check with|talk to|speak (?:to|with)|call|ring|ping|write to|go to)\s(?:(?:the|my|"
    r"our)\s)?[\w'.-]+(?:\s(?:[A-Z][\w'.-]+|team|"
    r"department|colleague|manager))?(?:\s(?:about|for|on)\s(?:it|that|this|them))?$",
    re.I,
)


def only_does_it(action: str) -> bool:
    """Whether the action only takes up what was said before: "do that", "take care of it"."""
    return bool(_DOES_IT.match(action))


def asks_only(action: str) -> bool:
    """Whether the action only says whom one will ask: "ask Greta", "check with the security team"."""
    return bool(_ASKS_ONLY.match(action))


def starts_it(action: str) -> bool:
    """Whether the action only sets going what was said before: "kick that off"."""
    return bool(_STARTS_IT.match(action))


def _vague(action: str) -> re.Match[str] | None:
    found = _VAGUE.match(action) or _STARTS_IT.match(action)
    rest = (found.group("rest") or "") if found else ""
    return found if not re.match(r"\s?['\w]", rest) or _PREPOSITION.match(rest) else None


_BARE_EVENT = re.compile(
    r"(?:(?!(?:do|book|schedule|set|have|hold|run|arrange|host|plan|join|up|the|a|an)\b)[\w-]+ ){0,2}(?:demo|"
    r"kick-?off(?: call)?|session|walk-?through|workshop|review|deep dive|presentation|"
    r"training)"
    r"(?=$|\s(?:for|with|w/)\s)",
    re.I,
)
"""A name that wants a verb; a call or a meeting is understood."""


def held(name: str) -> str:
    """A meeting's name as something to do: "Hold the demo"; a call or what has its verb stays as it is."""
    if not _BARE_EVENT.match(name):
        return name[:1].upper() + name[1:]
    return f"Hold the {name if name[1:2].isupper() else name[:1].lower() + name[1:]}"


_NEAR_BY = 3


def meeting(reading: Reading, sentence: Sentence) -> tuple[str, Sentence] | None:
    """What the meeting agreed on in this sentence is called nearby, and the sentence that says so.

    The nearest name counts; one said with its verb ("do a custom demo") may stand two sentences further off.
    """
    best: tuple[str, Sentence] | None = None
    left = 3
    for each in (sentence, *reading.before(sentence, 14), *reading.after(sentence, 8)):
        if each.block.value in ("prep", "outcome", "signature"):
            continue
        left -= best is not None
        for found in _MEETING.finditer(each.text):
            name = found.group("name")
            if (
                _MEETING_SKIP.search(each.text[: found.start("name")])
                or _MEETING_SKIP.search(f"{name.rsplit(' ', 1)[0]} ")
                or (each is not sentence and _NO_MEETING.search(name))
            ):
                continue
            if found.group("verb"):
                return re.sub(r"\s(?:our|your|that|this)\s", " ", each.text[found.start() : found.end()]), each
            best = best or (name, each)
        again = None if best or each.index > sentence.index else _MEETS_AGAIN.search(each.text)
        if again and sentence.index - each.index <= _NEAR_BY:
            best = again.group(), each
        if best and left <= 0:
            break
    return best


def words(action: str) -> frozenset[str]:
    """The content words of an action, without plural endings, for telling two wordings of one step apart."""
    tokens = re.findall(r"[a-z0-9]+", action.lower())
    return frozenset(token.rstrip("s") if len(token) > 3 else token for token in tokens if token not in _STOP)


def verb_class(action: str) -> str:
    """send | meet | check | sign | make | answer | the verb itself."""
    action = _THROUGH.sub("", action)
    if _ANSWERS.match(action):
        return "answer"
    if _REMINDER.match(action):
        return "contact"
    head = re.match(r"[a-z-]+", action.lower())
    verb = BASE.get(head.group(), head.group()) if head else ""
    return next((name for name, verbs in _CLASSES.items() if verb in verbs), verb)


def names_thing(text: str) -> bool:
    """Whether a deliverable or a meeting is named."""
    return bool(_THING.search(text) or _WEAK_THING.search(text))
