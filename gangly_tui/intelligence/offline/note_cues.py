"""The shapes of steps in notes: arrows, "Name to ...", labels, promises told, meetings set."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, DELIVERABLE, MEETING_NOUN

CLAUSE = re.compile(
    rf"[,;]\s+|(?<!incl)(?<!excl)(?<!approx)\.\s+|\s-\s(?={ACTION_VERB})|\s(?:and|then|so|&|\+)\s(?=(?:me|i|i'll|we|we'll|they|"
    rf"they'll|he|she|she's|he's|i'm|[A-Z][a-z]+ (?:to|will))\b)|\s(?:and|then|&)\s(?={ACTION_VERB}\s)"
    r"(?!(?:send|share|e-?mail|mail|forward|return|bring)\s(?:it|them|that|those)\b)",
    re.I,
)
TEAM = "legal|procurement|finance|security|it|ops|champion"
WHO = (
    r"(?:me|i|we|us|them|they|he|she|rep|ae|customer|client|buyer|prospect|both|team|legal|"
    r"procurement|finance|security|"
    r"champion|(?:the|their|our|his|her) (?:[\w-]+ ){0,2}?[\w-]+|(?-i:[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|"
    r"[A-Z]{2,3}(?=\s(?:to|will)\b)))"
)
DOES = re.compile(
    r"^(?:and |then )?(?P<who>[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?)\s(?P<what>(?P<verb>[a-z]{2,12}s)\s.*)$"
)
"""Only with a verb of work: see `does`."""
PLAINLY = re.compile(rf"^(?P<who>i|we)\s(?P<what>{ACTION_VERB}\b.*)$", re.I)
PROMISED = re.compile(
    rf"^(?:and |so |also )?(?:i|we)\s(?:promised|agreed|committed|offered|said (?:that )?i(?:'d| would)|told "
    rf"\w+ (?:that )?"
    rf"i(?:'d| would|'ll)|have|need|still have|want|plan)\s(?:to\s)?(?P<what>{ACTION_VERB}\b.*)$",
    re.I,
)
LOWER_NAME = re.compile(
    rf"^(?:and |so |then |oh and )?(?P<who>[a-z]{{3,20}})(?:\s(?:will|is going to|is gonna|promised to|agreed to|"
    rf"offered to)|'(?:s|ll) (?:going to|gonna)|'ll)\s(?P<what>{ACTION_VERB}\b.*)$"
)
HELD = re.compile(
    rf"(?:(?:a|an|the|another)\s)?(?P<name>(?:(?!for\b|with\b|a\b|the\b|wants?\b|is\b|was\b|"
    rf"at\b)[\w-]+\s){{0,2}}?{MEETING_NOUN}"
    r"(?:\s(?:for|with|w/)\s(?:(?!so\b|on\b|at\b|and\b)[\w/.-]+\s?){1,4})?)",
    re.I,
)
ON_IT = re.compile(rf"(?P<verb>{ACTION_VERB})\s(?:it|that|them|those)\b", re.I)
SENT = re.compile(rf"\b(?:(?!wants?|needs?|sends?|asked|for|the|an?|their|our|see)[\w-]+\s)?{DELIVERABLE}\b", re.I)
ARROW = re.compile(rf"^(?P<who>{WHO})\s?(?:-+>|=>|>|:)\s?(?:to\s)?(?P<what>\S.*)$", re.I)
TO = re.compile(
    rf"^(?:so |then |and )?(?P<who>{WHO})(?:\s(?:to|will|is going to|are going to|am going to|is gonna|are gonna|"
    rf"agreed to|promised to|"
    rf"offered to|shall|gonna)|'ll|'(?:m|s|re) going to|(?<=\b(?:we|me))\s(?:need to|have to|should)|"
    rf"(?<=\bi)\s(?:need to|have to|should))\s(?:also\s|then\s)?"
    rf"(?P<what>{ACTION_VERB}\b.*)$",
    re.I,
)
LABEL = re.compile(
    r"^(?:to-?do|ai|ap|action(?: item)?s?|next(?: (?:steps?|mtg|meeting|call|demo))?|ns|f/?u|follow[- ]?up|task|"
    r"asks?)\s?"
    r"(?:[:>-]+|->|(?=[A-Z][a-z]+\s?:|me:|both:|us:|them:))\s?(?P<what>\S.*)$",
    re.I,
)
WANTS = re.compile(
    rf"^(?:(?P<who>{WHO}|[a-z]{{3,20}})\s)?(?:wants?|needs?|asked (?:me |us )?for|requested|would like|expects?|"
    rf"waiting (?:on|for))\s(?:to (?:see|get|have)\s)?(?P<what>(?:a |an |the |our |some |"
    rf"updated )?(?:[\w-]+\s){{0,3}}?{DELIVERABLE}\b.*)$",
    re.I,
)
OWES = re.compile(
    rf"^(?:and |so |also |then )?(?:i|we)\s(?:promised|owe|offered|(?:still|also) owe)\s(?:her|him|them|"
    rf"(?-i:[A-Z])\w+)\s"
    rf"(?P<what>(?:the|a|an|our|some|two|three)\s(?:[\w-]+\s){{0,4}}?(?:{DELIVERABLE}|answers?|offer|terms)\b.*)$",
    re.I,
)
MEETS_AGAIN = re.compile(
    r"^(?:and |so |also |then )?(?:we|they|both)\s(?:said|agreed|decided|settled|want)\s(?:that\s)?(?:we'd|"
    r"we would|we will|we'll|to|on)\s"
    r"(?P<what>(?:meet|talk|speak|catch up)(?: again)?)\b",
    re.I,
)
ASKED_TO = re.compile(rf"^(?:(?P<who>{WHO})\s)?asked (?:me|us) to (?P<what>{ACTION_VERB}\b.*)$", re.I)
BARE = re.compile(
    rf"^(?:pls |please |must |need to |have to |gotta |should |remember to |i need to |i have to )?"
    rf"(?P<what>{ACTION_VERB}\s\S.*)$",
    re.I,
)
_HANDS = (
    r"(?:to|will|do|does|own|owns|prepares?|handles?|takes?|looks?|organi[sz]es?|arranges?|sends?|provides?|delivers?|"
    r"drives?|leads?|checks?|brings?|writes?|sets?|books?|runs?|covers?|sorts?|gets?|makes?|builds?|clears?)"
)
_SOMEBODY = (
    r"(?:[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|I|me|us|we|them|they|both|ours|theirs|[Cc]ustomer|[Cc]lient|"
    r"(?:our|their) (?:side|team|end|it|IT|legal|ops|people))"
)
OWNER_TAIL = re.compile(
    rf"\s*(?:\(\s?(?:on |by |owner:? ?|resp\.? ?)?(?P<paren>{_SOMEBODY})"
    rf"(?:(?:\s|'ll\s){_HANDS}\b(?![^()]*\b(?:already|today|now|n't|not)\b)[^()]{{0,50}})?\)|\s-{{1,2}}\s?"
    r"(?P<dash>[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|me)|\[(?P<square>[A-Z][a-z]{1,20}|me)\]|"
    rf":\s(?P<colon>{_SOMEBODY}))"
    r"(?=\s|$|,)"
)
"""Who does it, behind what is to be done: "data cleanup (we do it)", "SSO setup (on us)", "room list: Paul"."""
HANDS_ON = re.compile(
    rf"^(?P<what>(?!\()[\w&/'+.-]+(?:\s[\w&/'+.-]+){{0,12}})\s\((?P<who>{_SOMEBODY})(?:\s|'ll\s)(?:will |to )?"
    r"(?:do|does|handles?|takes?|owns?|prepares?|organi[sz]es?|arranges?|delivers?|sorts?)\s(?:it|this|that|these|those|"
    r"care of (?:it|this|that)|it out|this out)\)$"
)
NEXT_MEETING = re.compile(
    r"^(?:and |our |the )?next (?P<name>(?:[a-z]+ )?(?:meeting|mtg|call|demo|session|workshop|review|visit|"
    r"check-?in|round))"
    r"(?:\s?[:>=-]+\s?|\s(?:is |will be )?(?:on )?)(?:(?:on|is|the) )?",
    re.I,
)
OWNER_HEAD = re.compile(
    r"^(?:\[(?P<square>[^\]]{2,40})\]|@(?P<at>[A-Za-z][\w.]{1,30})[,:]?|(?P<name>[A-Z][a-z]{1,20}"
    r"(?: [A-Z][a-z]{1,20})?|[A-Z]{1,3}(?=\s?(?::|-*>|=>))|me|us|we|them|both)\s?(?::|-+>|=>|>|\s-\s))\s*(?:to\s)?"
)
NAME_ONLY = re.compile(r"[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|[A-Z]{2,3}")
FIRST = frozenset("me i we us i'll we'll rep ae both ours".split())
THIRD = frozenset("them they he she theirs customer client buyer prospect they'll".split())
MEET = re.compile(
    rf"\b(?:{MEETING_NOUN}|next (?:call|meeting|chat))\b.{{0,30}}\b(?:booked|scheduled|set|agreed|"
    rf"confirmed|locked)\b|\b(?:booked|scheduled|set up|agreed|"
    rf"confirmed)\b.{{0,20}}\b{MEETING_NOUN}\b|\b{MEETING_NOUN}\b.{{0,40}}\b(?:we|they|he|she) (?:said|agreed|settled|"
    rf"picked)\b",
    re.I,
)
PAST_DONE = re.compile(
    r"^(?:sent|shared|emailed|called|booked the room|did|showed|reviewed|discussed|talked|spoke|"
    r"met|asked|covered|demoed|presented|left)\b",
    re.I,
)
DUE = re.compile(r",?\s(?:due|by|deadline|until|no later than)\b", re.I)
ASKS_IF = re.compile(r"\b(?:ask|check|see|find out|confirm|know|tell|decide)\b[^,;]{0,40}?\b(?:if|whether)\b.*")
OPEN = re.compile(r"\b(?:if|unless|might|maybe|would|could|perhaps|hopefully)\b")
FOLLOW_UPS = re.compile(
    r"(?:come back|send|resend|share|e-?mail|forward|schedule|book|set up|prep|draft|follow|f/u|call|ping|loop|"
    r"get back|circle|"
    r"reach out|check|confirm|intro|introduce|prepare|put together|invite|chase|remind|update|ask|look into|review|"
    r"find out|connect)"
)
NOUN_FIRST = re.compile(
    r"(?:call|plan|process|order|review|demo|test|issue|price|quote|set|pilot|draft|text|sync|update)s?\s"
    r"(?:with\b|w/|#?\d|was\b|went\b|is\b|for\b|on\b|of\b|at\b|by\b|in\b)"
)
NO_PART = re.compile(
    r"\s(?:because|so that|as soon as|which is)\b|\s(?:and|&)\s(?:send|share|e-?mail|mail|forward|return|"
    r"bring)\s(?:it|them|that|"
    r"those)\b",
    re.I,
)
"""Why it is done, and that it is handed over, is no part of what is done."""
