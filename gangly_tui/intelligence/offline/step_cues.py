"""The words of taking something on: promises, offers, requests, answers, and what only sounds like one."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.lexicon import ACTION_VERB

FILL = (
    r"(?:(?:also|just|then|go ahead and|definitely|certainly|probably|try to|try and|make sure to|"
    r"be sure to|be able to|personally|quickly|actually|happily|get that and|take that "
    r"and)\s){0,2}"
)
PAST_VERB = (
    r"(?:sent|checked|called|followed up|reached out|came back|got back|circled back|e-?mailed|shared|booked|scheduled|"
    r"put together|wrote|dropped|introduced|looped|touched base|looked into|asked|set up)"
)
"""As people say it behind "would it be okay if I ..."."""
PROMISE = re.compile(
    rf"\b(?P<who>i'?ll|i will|i'm going to|i am going to|i'm gonna|let me|we'?ll|we will|we're "
    rf"going to|we are going to|we're gonna|i'll have to|i need to|i have to|i'd have to|i'd need to|i've got "
    rf"to|we need "
    rf"to|we have to|i'd better|you can expect me to|i promise(?:d)? to|i(?:'ll| will) make a note to|"
    rf"(?:my|our) (?:\w+ ){{0,2}}?(?:team|colleague|manager|boss|rep|engineer|counsel|people|folks|"
    rf"assistant|cfo|cto|ceo|vp) (?:will|is going to|are going to)|"
    rf"(?<!.)(?:(?:sure|yep|yes|yeah|ok|okay|great|perfect|no problem|of course|absolutely),?\s)*will)\s{FILL}(?P<what>"
    rf"(?:be\s)?{ACTION_VERB})\b",
    re.I,
)
OFFER = re.compile(
    rf"\b(?:i can|i could|we can|we could|happy to|glad to|i'd like to|i would like to|i'd love to|"
    rf"i'd be happy to|want me to|would you like me to|do you want me to|should i|shall i|shall we|"
    rf"should we|can i|could i|can we|could we|"
    rf"let's|how about (?:i|we)|why don't (?:i|we)|i was hoping (?:to|we could)|(?:is|would) it (?:be )?(?:ok|okay|all "
    rf"right|alright|fine|possible|helpful) (?:if|for) (?:i|we)(?: to)?|(?:would you )?mind if (?:i|we)|what if "
    rf"(?:i|we))"
    rf"\s{FILL}(?P<what>{ACTION_VERB}|{PAST_VERB})\b",
    re.I,
)
REQUEST = re.compile(
    rf"\b(?:(?:can|could|would|will) you\s(?:(?:please|also|guys|just|maybe|possibly|"
    rf"perhaps)\s){{0,2}}|(?:i|we)(?:'d| would) like (?:you|your (?:team|people|engineers?|colleagues?|support|"
    rf"guys)) to\s|i need you to\s|i'd need you to\s|we need you to\s|we'd need you to\s|"
    rf"make sure you\s|"
    rf"(?:would|do) you mind\s|please\s(?:also\s|just\s)?|if you could\s(?:just\s|please\s)?|you "
    rf"should\s)(?P<what>{ACTION_VERB}|sending|sharing)\b",
    re.I,
)
IMPERATIVE = re.compile(
    r"^(?:(?:yeah|yes|yep|okay|ok|great|sure|sounds good|perfect|good|alright|all right|cool|fine|"
    r"then|so|and|please|just|well|awesome|deal|agreed|let's do it|[A-Z][a-z]+,),?\s(?:-\s)?){0,3}"
    r"(?P<what>(?:send|share|e-?mail|forward|shoot|book|schedule|set up|put together|loop in|get|"
    r"ping|drop|give|call|ring|text|copy|invite|bring|add|include)\s(?:me|us|it|that|those|them|over|the|a|an|"
    r"some|your|"
    r"my|our|him|her|both|in)\b)",
    re.I,
)
_NAME = (
    r"(?!(?:We|You|They|She|He|It|That|This|There|Who|What|Which|And|But|So|Then)\b)"
    r"[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?"
)
NAMED = re.compile(
    rf"\b(?:(?P<own>[Oo]ur|[Mm]y|[Tt]heir|[Yy]our)(?: [\w-]+){{1,4}}?,? )?(?P<who>{_NAME})(?:,[\w\s]{{3,40}},|"
    rf"\s\(\w+\))?,?"
    rf"(?:'ll| will| is going to| can)\s{FILL}(?P<what>{ACTION_VERB})\b"
)
THIRD = re.compile(
    rf"\b(?:she|he|they)(?:'ll| will|'s going to|'re going to| is going to| are going "
    rf"to)\s{FILL}(?P<what>{ACTION_VERB})\b",
    re.I,
)
AGREES = re.compile(
    r"\b(?:works|stands|work (?:for|on)|sounds (?:good|great|perfect)|is (?:good|great|fine|perfect|"
    r"better|best)|see you|talk (?:to you |then)|speak (?:then|on)|confirmed|locked in|booked|it "
    r"is|let's (?:do|say|go with|plan (?:for|on)|make it)|^(?:(?:better|no|or|rather|can we|could we),? )?make it|"
    r"(?:day|\d|\d{1,2}(?:st|nd|rd|th)|morning|afternoon|o'clock|pm|am|noon),? (?:done|it is|deal|confirmed|"
    r"would(?: work)?|suits|"
    r"then|(?:yes|yeah|yep|sure|perfect)(?=[.,!]?$))\b|"
    r"i'm (?:free|available|open)|i can do|we can do|would be (?:good|great|fine|perfect|better))\b"
)
ASKS_SLOT = re.compile(
    r"\b(?:does|do|would|how about|how's|what about|can we (?:do|say|meet|talk)|(?:shall|should) we (?:say|speak|talk|"
    r"meet|catch up|reconvene|regroup|do|make it)|are "
    r"you (?:free|available|around)|is .* (?:ok|okay|good|fine)|could we do|works? for you)\b"
)
ACCEPTS = re.compile(
    r"^(?:(?:oh|well|um|uh|and)[, ]+)?(?:it does|it is|yes|yeah|yep|yup|sure|of course|absolutely|definitely|"
    r"certainly|ok(?:ay)?|will do|no problem|not a problem|happy to|glad to|sounds (?:good|great|"
    r"perfect)|perfect|great|excellent|works|that works|"
    r"that'?(?:d|s) (?:be )?(?:great|good|fine|helpful|perfect|works|fair)|that would (?:be|help|"
    r"work)|please|let's do (?:it|that|this)|you got it|done|can do|deal|agreed|for sure|right "
    r"away|i'll|we'll|i will|we will|good idea|love to|"
    r"i'd (?:love|like|appreciate)|by all means|go ahead|why not|alright|all right|cool|fine|"
    r"awesome|got it|on it|consider it done|send|let me|my pleasure|thank you|thanks|i can|we can|"
    r"yours|tomorrow|today|by |(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:'s| is| would be)? (?:fine|good|"
    r"ok(?:ay)?|great|"
    r"perfect|works))\b"
)
DECLINES = re.compile(
    r"^(?:(?:oh|well|um|uh|hmm)[, ]+)?(?:no\b(?!,? problem| worries)|not (?:really|now|yet|sure|"
    r"at|right)|i can't|we can't|unfortunately|i'm afraid|i don't think|hold off|maybe later|"
    r"let's not|i'd rather not|nah|nope|that won't|that doesn't|"
    r"we typically don't|we don't)\b|\b(?:not necessary|no need|hold off|rather not|don't bother|but not)\b"
)
CANCEL = re.compile(
    r"\b(?:forget|never ?mind|hold off on|no need (?:for|to)|don't (?:worry about|bother with|"
    r"bother|send|need)|skip|cancel|we don't need|drop)\s(?:about\s|the\s|that\s|to\s)*"
    r"(?P<what>[\w -]{2,40})"
)
NOW_TALK = re.compile(
    r"\b(?:let me|can i|could i|i'll|i will|i can)\s(?:just\s|quickly\s)?(?:ask(?! (?:our|my|the|them|him|her|"
    r"around)\b| (?!you\b|a\b|one\b|about\b|it\b|this\b|that\b|what\b|how\b|if\b|why\b|who\b|"
    r"another\b)[\w.'-]+ (?:if|whether|for|to|about)\b)|show you "
    r"(?:something|this|how|a quick|the|what)|walk (?:you|through)|run (?:you|through)|share my "
    r"screen|give you (?:a|an|the|some) (?:quick|brief|sense|idea|example|overview|background|"
    r"context|bit|little|high|second|minute)|think|read|be|call it|call that|check (?:my|the) "
    r"(?:calendar|notes)|do|say|start (?:by|with)|make sure i|get (?:right|straight|to the point)|"
    r"pass|present)\b|\bshare my screen\b|\bbring up\b"
)
PITCH_WE = re.compile(r"^(?:we'?ll|we will|we're going to|we are going to|my|our)")
CONDITION = re.compile(
    r"\b(?:if|unless|once|assuming|provided|as long as|in case)\b|^when\b|\bwhen you (?:sign|go|"
    r"are)\b|\bafter (?:you'?re|you sign|you go|going live)\b"
)
HABIT = re.compile(
    r"\b(?:typically|usually|always|normally|generally|every (?:day|week|month|quarter|year)|in "
    r"general|whenever|each (?:week|month|quarter)|week (?:one|two|three|1|2|3)|phase (?:one|two|"
    r"1|2)|over time|day one)\b"
)
STRONG = re.compile(
    r"^(?:send|resend|share|e-?mail|forward|schedule|reschedule|book|set|put|pull|prepare|prep|"
    r"draft|follow|get back|circle|come back|reach out|introduce|intro|loop|invite|confirm|check|"
    r"sign|review|talk to|discuss|run|provide|look|find out|upload|submit|redline|take|call|ask|"
    r"bring|connect|get|finalize|revise|test|sync|touch|block|countersign|evaluate|return|"
    r"process|write|contact|request|let \w+ know|move|put|pull|have \w+|pick up|fill|attach|copy|circulate|"
    r"ship|raise|kick \w+ off|compare|turn \w+ (?:\w+ )?a?round|chase|update|arrange|organi[sz]e|rework|clear|give "
    r"(?:you|them|her|him)|make (?:an? )?intro|prioriti[sz]e|add|correct|amend|fix)\b",
    re.I,
)
CLEAR = re.compile(
    r"(?:check with|follow[- ]?up|get back|circle back|reach out|talk to|speak (?:to|with)|introduce|loop|confirm|"
    r"tell (?-i:[A-Z])\w+\b|run (?:it|this) (?:by|past)|connect|invite|sign|book|schedule|write to|call (?:you|"
    r"him|her|them)|contact|"
    r"let (?:you|"
    r"him|her|them) know|come back to|take (?:it|this|that) to|ring|ping|request|put (?:you|us) (?:in touch|down))\b",
    re.I,
)
