"""Words the rules share: labels of notes, titles of people, the verbs of follow-ups, the things that are sent."""

from __future__ import annotations

import re

HEADER_KEYS = frozenset(
    """date call acct duration participants participant attendees attendee outcome result status company account
    customer client prospect rep host organizer id recording meeting title subject location platform present
    with deal stage when time seller ae""".split()
)
LABELS = frozenset(
    """budget timeline timing pain pains problem problems challenge challenges need needs authority decision
    decisions process criteria competition competitor competitors sponsor
    promised competing next step steps action actions
    item items todo todos follow followup notes note summary agenda background context situation pricing
    price cost amount value close closing stage risk risks blocker blockers objection objections concern
    concerns requirement requirements question questions q a ask asks key points takeaways takeaway overview
    goal goals metric metrics champion economic bant meddic meddpicc integration integrations security legal
    procurement tech stack tools crm usage users seats size team use case cases discussion topics topic
    interest impact plan scope demo trial feedback history industry headcount fyi re fwd fw ps nb important
    update status recap intro call duration date time id participants participant attendees attendee outcome
    result company account customer-info contact contacts email phone role title subject from to cc bcc sent
    location platform recording link url week day month phase part one two three first second third section
    chapter http https example answer reason warning tip internal confidential transcript meeting scoring
    score rating strengths weaknesses improvements coaching analysis insights sentiment probability
    likelihood renewal contract terms term deliverables deliverable deadline deadlines owner due
    dependencies assumptions other misc general done pending open issues issue solution solutions product
    features feature approach scenario objective purpose type category current future state today tomorrow
    yesterday monday tuesday wednesday thursday friday saturday sunday""".split()
)
"""A line `Label: text` with one of these is a labelled note, not speech."""

ROLE_SPEAKERS_REP = frozenset("me i rep ae sdr bdr agent seller salesperson sales us host".split())
ROLE_SPEAKERS_BUYER = frozenset("customer client prospect buyer lead them guest caller customer-side".split())

TASK_HEADING = re.compile(
    r"^(?:agreed |our |their )?(?:next steps?|next actions?|action (?:items?|points?)|actions?|follow[- ]?ups?|"
    r"to[- ]?dos?|"
    r"tasks?|commitments|deliverables|(?:we )?promise[ds]|ns|n/s|aps?|who does what)"
    r"(?: ?(?:&|and|/|\+) ?\w+(?: \w+)?)?(?: \([^)]*\))?$",
    re.I,
)
MIXED_HEADING = re.compile(
    r"^(?:decisions?|agreements?|results?|outcomes?|points agreed) ?(?:&|and|/|\+) ?(?:next steps?|actions?(?: "
    r"(?:items?|points?))?|tasks?|to[- ]?dos?|follow[- ]?ups?)$|^(?:next steps?|actions?(?: (?:items?|points?))?|"
    r"tasks?|"
    r"to[- ]?dos?) ?(?:&|and|/|\+) ?(?:decisions?|agreements?|open (?:points|questions)|notes?)$",
    re.I,
)
"""Below it stand tasks and other points: a line is a task where it names who does it."""
PREP_HEADING = re.compile(
    r"^(?:(?:my |prep |open |discovery )?questions?(?: to ask| for .*)?|prep(?:aration)?(?: "
    r"notes)?|agenda|to ask|things to ask|"
    r"before the call|pre-?call(?: .*)?|call prep|plan for (?:the )?call|talking points|goals? for (?:the )?call)$",
    re.I,
)
COACHING_HEADING = re.compile(
    r"^(?:call notes?|coaching(?: notes?)?|analysis|call analysis|what (?:worked|went well|"
    r"didn'?t work)|key takeaways?|takeaways?|"
    r"strengths|weaknesses|areas? (?:for|to) improve(?:ment)?|feedback|score ?card|lessons(?: "
    r"learned)?|why (?:it|this) .*|"
    r"techniques? used|notes for (?:rep|coach).*|rep performance|learnings|post-?call notes?|"
    r"internal notes?|objections? handled)$",
    re.I,
)

TITLE_WORD = re.compile(
    r"\b(?:chief|officer|c[etfoipmrs]o|ciso|cpo|cdo|cco|[se]?vp|avp|vice[- ]president|president|"
    r"director|head|manager|mgr|lead|leader|deal desk|"
    r"executive|exec|rep|representative|engineer|analyst|architect|admin|administrator|"
    r"(?:co-?)?founder|owner|partner|consultant|"
    r"specialist|coordinator|counsel|controller|supervisor|associate|assistant|principal|"
    r"developer|buyer|treasurer|secretary|"
    r"scientist|designer|strategist|researcher|planner|advisor|agent|recruiter|accountant|nurse|"
    r"physician|professor|dean|chair|"
    r"ae|sdr|bdr|csm|se|gm|md|boss|procurement|revops|ops|operations|marketing|finance|purchasing|legal|it)\b",
    re.I,
)
TITLE_START = frozenset(
    """account sales boss senior sr junior jr vp svp evp avp vice director head chief regional national global
    solutions solution customer inside enterprise field business commercial marketing finance financial it
    operations ops product program project engineering technical technology software data security people hr
    human general managing deputy assistant associate principal lead founder co-founder cofounder owner
    president ceo cfo cto coo cio cro cmo cpo ciso ae sdr bdr csm executive area district strategic key
    channel partner pre-sales presales procurement purchasing legal revenue growth digital plant office
    practice clinical group supply store fleet facilities""".split()
)
SELLER_TITLE = re.compile(
    r"\b(?:account executive|account manager|sales rep(?:resentative)?|sales development|business "
    r"development rep\w*|sales engineer|"
    r"solutions? (?:engineer|consultant|architect)|sales executive|sales consultant|inside sales|"
    r"field sales|sales specialist|"
    r"customer success manager|deal desk|presales|pre-sales|ae|sdr|bdr|csm|rep|seller|"
    r"partner (?:account )?manager|partnerships? "
    r"\w+|sales associate|growth (?:rep\w*|specialist|associate)|client (?:executive|partner|director)|renewals? "
    r"\w+|customer success)\b",
    re.I,
)
TITLE_PHRASE = (
    r"(?:(?i:Senior|Sr\.?|Junior|Deputy|Assistant|Associate|Global|Regional|National|Interim|"
    r"Acting|Group|Chief|Managing|"
    r"General|Executive|Vice)\s){0,2}(?:[A-Za-z&/]+\s){0,3}?"
    r"(?:(?i:C[ETFOIPMRSDC]O|CISO|[SEA]?VP|Vice President|President|Director|Head|Manager|Mgr|Lead|Leader|Officer|"
    r"Engineer|"
    r"Analyst|Architect|Administrator|Admin|(?:Co-?)?founder|Owner|Partner|Consultant|Specialist|Coordinator|Counsel|"
    r"Controller|Principal|Developer|Buyer|Treasurer|Ops|RevOps|Procurement|boss))\b"
    r"(?:,?\s(?:of|for)\s(?:the\s)?[A-Za-z&][\w&/-]*(?:\s(?:[A-Z&][\w&/-]*|and(?= [A-Z])|of|&|operations|success|"
    r"branch|"
    r"sales|services|network|retail|claims|buying|logistics|infrastructure|quality|safety|fleet|development|technology|planning|engineering|experience|production|excellence|mgmt|management|care|"
    r"security|support|chain|resources|and\s(?:finance|operations|marketing|sales|it|compliance|security))){0,4}"
    r"|\s(?:Sales|Marketing|Engineering|Operations|Ops|Finance|IT|Product|Security|Procurement|"
    r"Revenue|Technology|People|"
    r"HR|Legal|Data|Infrastructure|Support)(?:\s(?:Sales|Operations|Ops|Systems|Management))?)?"
)
"""A pattern for a person's title: "VP of Sales", "Director of Sales Operations", "head of IT"."""

_PART = (
    r"(?!(?:That|It|He|She|There|Here|What|Who|Where|Let)['\u2019]s\b)(?:Mc|Mac|De|Di|La|Le|O['\u2019])?"
    r"[A-Z][a-z\u00e0-\u024f][a-z\u00e0-\u024f'\u2019-]*(?:[A-Z][a-z]+)?"
)
FIRST_NAME = _PART
PERSON = rf"{_PART}(?:\s(?:(?:van|von|de|der|den|di|da|del|bin|al|el|la|le)\s){{0,2}}(?:{_PART}|[A-Z]\.)){{1,2}}"
NOT_A_NAME = frozenset(
    """i we they you he she it the a an and or but so yes no ok okay sure thanks thank great good perfect hi
    hey hello our your my their his her its this that these those what when where who how why if once after
    before then next also just please send call email spoke talked met january february march april may june
    july august september october november december monday tuesday wednesday thursday friday saturday sunday
    today tomorrow let can could would will do does did is are was were have has had not there here right
    well one two three q1 q2 q3 q4 ceo cfo cto coo cio cro cmo vp svp evp director head manager sales team
    legal security procurement finance it hr ops marketing budget contract proposal demo salesforce hubspot
    slack zoom teams google microsoft excel outlook gmail jira linkedin crm erp saas api dpa nda msa sow soc
    roi kpi usd eur gbp inc corp llc ltd gmbh group new united north south east west san los dear best
    regards cheers sincerely kind happy from to cc subject re fwd note notes action todo follow rep ae
    decision maker champion account customer client buyer prospect lead with at per cool awesome absolutely
    exactly sounds alright everyone folks guys guy somebody someone anyone nobody people i'm i'll i've i'd
    we're we've we'll don't let's that's it's he's she's""".split()
)

DELIVERABLE = (
    r"(?:contract|agreement|msa|nda|dpa|sow|order form|paperwork|invite|invitation|calendar "
    r"(?:invite|hold|link)|proposal|quote|pricing|"
    r"price list|deck|slides|presentation|case stud(?:y|ies)|one[- ]pager|white ?paper|brochure|"
    r"references?|customer references|"
    r"recording|recap|summary|notes|agenda|soc ?2(?: report)?|security (?:questionnaire|docs?|"
    r"documentation|review|pack(?:et|age)?)|"
    r"questionnaire|report|docs?|documents?|documentation|spec(?:s|ification)?|roadmap|roi "
    r"(?:model|calculator|analysis|numbers?)|"
    r"business case|sample (?:deals?|data)|opportunities|access|trial|sandbox|login|credentials|"
    r"link|info(?:rmation)?|details|"
    r"data|numbers|spreadsheet|template|plan|timeline|project plan|implementation plan|redlines?|"
    r"po|purchase order|invoice|"
    r"requirements?|list|examples?|samples?|materials?|email|certificates?|policy|policies|"
    r"breakdown|comparison|estimate|draft|guide|manual|handbook|write-?up|(?:data |fact |cheat )?sheets?|"
    r"profile|figures|"
    r"logs|exports?|screenshots?|article|benchmarks?|checklist|rate card|appendix|letter|statement|"
    r"files?|mock-?ups?|test results|shortlist|worksheet|workbook|attachment|addendum|amendment)"
)
WEAK_DELIVERABLE = (
    r"(?:offer|dates|times|names|address|(?:phone |vat |po )?number|answers?|feedback|results|schedule|bios?|counts|"
    r"forecast|webinar|reminder|terms|question|word|slots?|summary|update|load test|test)"
)
"""Also sent, but too often only spoken of to stand for "it"."""
MEETING_NOUN = (
    r"(?:demo|call|meeting|(?:training |working )?session|walk-?through|kick-?off(?: call)?|workshop|review|follow-?up"
    r"(?: call| meeting)?|check-?in|sync|"
    r"deep dive|presentation|onboarding|training|trial|pilot|poc|proof of concept|discovery(?: "
    r"call)?|lunch|coffee|visit)"
)
ACTION_VERB = (
    r"(?:send|resend|share|e-?mail|forward|schedule|reschedule|book|set(?: (?:it|that|this|"
    r"something))? up|put(?: \w+){0,2} together|pull(?: \w+){0,2} together|"
    r"prepare|prep|draft|redraft|write(?: \w+)? up|write|review|check|double[- ]check|confirm|"
    r"follow(?: |-)?up|get back|circle back|come back|"
    r"reach out|call|ring|phone|ping|text|introduce|intro|make (?:an |the )?introduction|loop|"
    r"bring|connect|invite|talk (?:to|with)|speak (?:to|with)|discuss|"
    r"provide|update|sign|countersign|finali[sz]e|sync|touch base|look (?:into|at|over)|dig into|"
    r"find out|figure out|ask|run (?:it|this|that) (?:by|past)|present|"
    r"walk|arrange|coordinate|submit|upload|redline|return|create|build|work (?:on|up|with|out)|"
    r"revise|verify|test|evaluate|pilot|approve|complete|fill (?:out|in)|"
    r"block|pencil|add|pass|get|give|kick off|kick (?:it|that|this|things) off|plan|escalate|flag|order|process|"
    r"issue|raise|export|"
    r"set|meet|join|host|run|demo|show|"
    r"drop|shoot|fire off|turn around|mark up|line up|organi[sz]e|sort out|take (?:it|this|that) "
    r"to|read|think (?:about|it)|decide|do|hold|gather|collect|identify|nail down|lock in|make "
    r"sure|ensure|chase|remind|circulate|document|compare|calculate|quote|price|scope|map|nudge|pick|choose|"
    r"select|nominate|redo|rework|rewrite|contact|request|let "
    r"\w+ know|have (?:[\w']+ ){1,6}?(?:send|raise|run|do|set up|prepare|e-?mail|ring|fill|issue|process|check|"
    r"get|give|take|make|join|write|call|reach out|review|look|contact|drafted|ready|prepared|sent|signed|"
    r"done|over|"
    r"reviewed|approved|to you|back)|go (?:through|over)|put (?:that|it|this|these|those) (?:in|into|together|"
    r"through|on)|cc|copy|move|open|put (?:in|through|a|the|"
    r"something|some)|pull|configure|enable|install|train|brief|negotiate|push|take|bring|clear|free up|"
    r"forecast|clean up|"
    r"track down|dial|e-?sign|wire|pay|apply|register|enter|attach|collect|translate|record|summari[sz]e|post|"
    r"tell|let (?:me|us|you|him|her|them) have|turn (?:it|that|this|them|those|\w+ \w+) a?round|mail|"
    r"re-?(?:issue|submit|calculate|run|quote|price|sign|test|activate)|ship|dispatch|correct|amend|adjust|fix|"
    r"fill out|fill in)"
)
"""Base forms of what people take on after a call."""

ACTION_START = re.compile(rf"{ACTION_VERB}\b", re.I)
_RUN = re.compile(rf"{_PART}(?:\s{_PART})*")


def names_in(text: str) -> list[str]:
    """Runs of capitalised words that may be names of people, without titles and words that are no names."""
    names = []
    for run in _RUN.finditer(text):
        words = run.group().split()
        while words and _no_name(words[0]):
            words.pop(0)
        while words and _no_name(words[-1]):
            words.pop()
        if words and not any(_no_name(word) for word in words):
            names.append(" ".join(words[:3]))
    return names


def _no_name(word: str) -> bool:
    return word.lower().strip(".'") in NOT_A_NAME or bool(TITLE_WORD.fullmatch(word))
