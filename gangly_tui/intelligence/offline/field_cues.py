"""The words that tell which fact a sentence is about: BANT and MEDDPICC fields, and the questions that ask for them."""

from __future__ import annotations

import re

_ = re.compile

PAIN = (
    (
        1.0,
        _(
            r"\b(?:biggest|main|core|real|major|huge|whole) (?:problem|issue|challenge|pain|headache|"
            r"frustration|bottleneck)|nightmare|drowning|killing us|disaster|(?:we|they|reps|team|it)"
            r"(?:'re| are|'s| is)? (?:really )?struggl\w+|pain(?: point)?s?\b(?! to)|painful|bleeding|"
            r"losing (?:deals|money|customers|about|roughly|\$|us|people|\d)|can't keep up|falling "
            r"(?:behind|through)|slipping through"
        ),
    ),
    (
        0.8,
        _(
            r"\b(?:takes? (?:too long|forever|(?:us |them )?(?:\w+ )?(?:hours|days|weeks|months))|too "
            r"(?:slow|long|manual|many|much time|late|expensive|hard)|manual(?:ly)?\b|wast(?:e|es|ing|ed)|"
            r"frustrat\w+|bottleneck|error[- ]prone|stall(?:s|ing|ed)?\b|getting (?:worse|squeezed)|"
            r"impossible|hard to|crept up|pushing \d+|broken|breaks? (?:down|all the time)|"
            r"no (?:visibility|idea (?:how|what|when|which|where))|overtime|by hand|nobody trusts|throw\w* "
            r"(?:out|away)|wr(?:ite|ote|iting) off|don't (?:catch|know what|have (?:any )?visibility|trust)|"
            r"double entry|copy[- "
            r"]?past\w+|spreadsheets?|whiteboards?|outages?|downtime|crash(?:es|ed|ing)|"
            r"back to paper|a mess\b|re-?key\w*|re-?typ\w*|oversells?|backlog|goes down|went down|hate[sd]?\b|"
            r"churn\w*|turnover|complain\w*|missed|behind schedule|"
            r"overwhelm\w*|fragmented|silo\w*|out of (?:control|date)|late (?:deliveries|invoices|"
            r"payments)|spend(?:ing|s)? (?:so much|too much|\d+ hours|hours))"
        ),
    ),
    (
        0.55,
        _(
            r"\b(?:problem|issue|challenge|concern|headache|trouble|slow(?:er|ly|ed|s)?|longer|difficult|"
            r"depressing|pretty bad|worse|delays?|gap|inefficien\w+)\b"
        ),
    ),
)
PROCESS = (
    (
        1.15,
        _(
            r"\bthen\b.{0,60}\b(?:signs?|approv\w+|legal|procurement|board|decides?|finance)\b|\b(?:recommend|"
            r"choose|decide)\w*\b"
            r".{0,60}\bsigns?\b|\b(?:signs?|approves?|decides?)\b.{0,40}\bthen\b"
        ),
    ),
    (
        1.0,
        _(
            r"\b(?:(?:needs?|has|have|will need|'ll need|'d need|is going to need|requires?)(?: to)? "
            r"(?:be )?(?:approv\w+|sign(?:ed)?[- ]?off|sign(?:ed)? (?:by|it)|go (?:through|to|past|via)|"
            r"run (?:it|this) (?:by|past)|get .{0,24}(?:approv\w+|sign[- ]?off|buy-in))|final (?:say|"
            r"decision|approval|call|sign-?off)|(?:decision|approval|buying|procurement|purchasing|vendor|"
            r"evaluation) (?:process|committee)|goes (?:to|through) (?:the |our |my )?(?:board|legal|"
            r"procurement|cfo|ceo|committee|finance|security)|"
            r"(?:board|committee|procurement|legal|security|it (?:team|department)|infosec|vendor|cfo|finance) "
            r"(?:has to|"
            r"needs to|must|will|(?:team )?is review\w*|review\w*|approv\w+|signs?|meets)\b|"
            r"sign[- ]?off|approv(?:al|es|e)\b|(?:director|manager|boss|owner|partner|ceo|cfo|coo|cto|cio|vp) "
            r"signs?\b|who "
            r"(?:decides|signs)|run (?:it|this) (?:by|past)\b|(?:take|bring) (?:it|this|that) to (?!you\b)|goes "
            r"(?:up )?to (?!you\b|the\b)|purchase order process|rfp|"
            r"security (?:review|assessment))"
        ),
    ),
    (
        0.7,
        _(
            r"\b(?:narrowed it down|short ?list\w*|evaluat(?:e|ing|ion)\b|pilot first|proof of concept|"
            r"\bpoc\b|then (?:legal|procurement|security)|board meets|steering committee|stakeholders?|"
            r"decid(?:e|ing) (?:by|in|next|together)|comfortable approving|just my (?:vp|boss|manager|cfo|"
            r"ceo))\b"
        ),
    ),
)
CRITERIA = (
    (
        1.0,
        _(
            r"\b(?:comes? down to|must[- ]haves?|deal[- ]?breakers?|make[- ]or[- ]break|non[- ]negotiable|"
            r"(?:decision|evaluation|selection|success) criteria|(?:most|really|very|super|critically) "
            r"important (?:to|for) (?:us|them|me|our)|(?:key|hard|main|top|number one|biggest) "
            r"(?:requirement|criteri\w+|priority|factor)s?|what matters (?:most|to us)|we(?:'d)? "
            r"(?:absolutely |really )?(?:must|need to) (?:have|see|support|integrate)|it (?:has|needs) to "
            r"(?:have|support|integrate|work|be|connect|handle)|has to (?:have|support|integrate|work "
            r"with|connect|handle)|they (?:must|need to) have|priority is)\b"
        ),
    ),
    (
        0.7,
        _(
            r"\b(?:(?:we|they|i)(?:'re| are|'m| am)? (?:also |really |mainly )?looking for|(?:wants?|"
            r"needs?|requires?) (?:\w+ ){0,2}(?:soc ?2|sso|gdpr|hipaa|iso|on-?prem|integration|api|"
            r"references?|compliance|audit|24/7|support|residency|encryption)|(?:soc ?2|sso|gdpr|hipaa|"
            r"iso ?27001|single sign-?on) (?:is |are )?(?:required|needed|a must|mandatory)|care(?:s)? "
            r"(?:most )?about|requirements?(?: is| are|:))"
        ),
    ),
)
BUDGET = (
    (
        1.0,
        _(
            r"\bbudget(?:s|ed|ing)?\b|\bset aside\b|\ballocated\b|\bearmark\w*|\b(?:we|they|i) (?:can|"
            r"could) (?:spend|go up to|afford)|\bspend(?:ing)? (?:limit|authority|cap)|\b(?:approved|ok'd|"
            r"okayed|signed off on) (?:for |up to |about |around )?[$€£]?\d|\b(?:cap|ceiling) (?:is|of|"
            r"at)\b"
        ),
    ),
)
OBJECTION = (
    (
        1.0,
        _(
            r"\b(?:too expensive|not a small (?:investment|amount)|(?:my|our|the|one|biggest|only|main) "
            r"(?:concern|worry|hesitation|objection|issue|fear)|concern(?:ed|s)?\b|worried|hesita\w+|push "
            r"?back|skeptical|sceptical|not (?:sure|convinced|ready)|hard sell|a lot of money|over budget|"
            r"out of (?:our )?budget|risky|what if (?:we|it|you)|how confident|what's the catch|burned "
            r"before|not renewing|(?:won't|not going to) renew|lock-?in|implementation nightmare|bad timing|"
            r"not a priority|disaster|cheaper|quoted "
            r"us lower|expensive)\b"
        ),
    ),
    (
        0.6,
        _(
            r"\b(?:but (?:every|we|i|it|how|the)|cancel(?:lation)?|early termination|can we do (?:monthly|"
            r"less|better)|any (?:additional|hidden|extra) (?:fees|costs)|additional fees|discount|better "
            r"price)\b"
        ),
    ),
)
CLOSE = _(
    r"\b(?:sign(?:ed|ing)?|clos(?:e|ed|ing)(?! date rate)|decid(?:e|ed|ing)|(?:make|made|have|"
    r"final) (?:a |the |our )?(?:final )?decision|decision (?:is (?:planned|expected|due)|planned|by|in|on|date|"
    r"end|early|mid|late|next|this|before|"
    r"expected|due)|(?:get|have|got|"
    r"want) (?:this|it|everything|the deal|the contract|a contract|something|a deal) (?:done|"
    r"signed|in place|wrapped up|closed|finali[sz]ed|over the line)|wrap (?:this|it|things) up|"
    r"(?:po|purchase order) (?:by|in|out|on|issued|will)|pull the trigger|commit by|purchase by|"
    r"buy (?:by|in|before)|contract (?:in place|start\w*|done|signed)|award (?:the )?(?:contract|"
    r"it)|close date|target(?:ing)? (?:a )?(?:close|signature|signing)|signature|ink)\b"
)
NOT_CLOSE = _(
    r"\b(?:sign(?:ed|ing)? (?:in|up for|into)|close (?:to|deals|rate|the books|the quarter|our "
    r"books|more|faster)|closing (?:rate|deals|the books)|close deals|closed deals|nda|deals? "
    r"(?:that|which)|our deals|books close|fiscal year (?:ends|closes)|offices? (?:is|are) closed|"
    r"customers? sign|sign off on the (?:scope|agenda)|(?:signing|board|purchasing) (?:day|meeting)s? (?:is|"
    r"are)|every|each|"
    r"always|usually)\b"
)
ECONOMIC = _(
    r"\b(?:(?:approved|signed off(?: on)?|decided) by|(?:has|have|with|gets|makes|holds|owns) "
    r"(?:the )?(?:final (?:say|decision|call|word|"
    r"approval)|budget|purse|p&l|checkbook|cheque ?book|signing authority|sign-?off|authority)|"
    r"(?:will |'ll |is going to |would )?(?:need to|needs to|has to|have to|must|can)?\s?"
    r"(?:approve|approves|sign off|signs off|signs?|sign)\b(?: (?:on )?(?:the|this|it|off|"
    r"anything|any|all|everything|contracts?|purchases?|spend|investment|budget|deal))?|"
    r"(?:economic buyer|budget (?:owner|holder)|decision[- ]maker|final decision maker|ultimate "
    r"approver|signer|signatory)\b|(?:controls|owns|holds) (?:the )?budget|signs the (?:checks?|"
    r"cheques?|contract)|is the one who (?:signs|decides|approves))"
)
COMPETITOR = _(
    r"\b(?:(?:also |are |is |were |been |currently |still )?(?:looking at|looking into|evaluating|"
    r"considering|comparing (?:you |it |this |us )?(?:with|to|against|w/)?|talking (?:to|with)|in "
    r"(?:talks|conversations) with|demo(?:ing|ed)? (?:with )?|seen (?:a demo (?:from|of) )?|"
    r"trialing|piloting|shortlisted|speaking (?:to|with)|(?:call|meeting|session|conversation|demo)s? (?:with|from|by)|"
    r"up against|competing (?:with|against)|vs\.?|versus|narrowed it down to|down to|between|(?:decided|chosen|"
    r"chose|opted|"
    r"going|gone|went|go|signed)(?: to go)? (?:with|for)|signed (?:a |an )?(?:[\w-]+ )?(?:agreement|contract|"
    r"deal) with|"
    r"(?:also )?talked to|(?:we've |we have )?(?:also )?got|keep(?:s)? mentioning)\s"
    r"|(?:currently|already|today|now|still|presently)? ?(?:using|use|on|with) (?=[A-Z])|"
    r"[Ii]ncumbent (?:is|vendor is)?:? ?|[Cc]ompetit(?:or|ors|ion)(?: is| are| mentioned)?:? (?:is |are "
    r")?|(?:quote|proposal|pricing|offer) from )"
)
COMPETITOR_SAID = _(
    r"\b(?P<name>[A-Z][\w.-]+(?: [A-Z][\w.-]+)?)(?:'s (?:quote|price|pricing|proposal|offer)| "
    r"(?:quoted|came in|is (?:cheaper|more expensive|also)|offered us|pitched|told us|showed us|"
    r"charges)|(?: is| are)? (?:also )?on (?:the|our) (?:list|shortlist|table)| (?:is|are) (?:showing|pitching|"
    r"demoing))"
)
VENDOR_NAME = _(r"(?:the )?(?P<name>[A-Z][A-Za-z0-9.+-]*[A-Za-z0-9](?: [A-Z][A-Za-z0-9.+-]*[A-Za-z0-9]){0,2})")
CURRENT_USE = _(r"(?:currently|already|today|now|still|presently)? ?(?:using|use|on|with) ")

ASKS_FOR = {
    "budget": _(
        r"\b(?:budget|how much (?:are you|can you|have you|were you) .{0,24}(?:spend|set aside|invest|"
        r"allocate)|set aside)\b"
    ),
    "close_date": _(
        r"\bwhen (?:do|would|are|were|could|can|will|should) (?:you|we|they) .{0,40}(?:sign|decide|"
        r"decision|close|purchase|buy|in place|start|move forward|commit)|\b(?:timeline|time ?frame|"
        r"target date|deadline) (?:for|to|look|on).{0,30}(?:sign|decision|decid|clos|purchas|contract|"
        r"deal|this)?|\bwhen .{0,30}(?:signature|decision|contract)"
    ),
    "decision_process": _(
        r"\b(?:decision[- ]?making process|decision process|approval process|process (?:look|for|on "
        r"your)|who else (?:needs|has|is involved|would|should|will)|who (?:signs|approves|decides|"
        r"makes)|steps (?:to|before)|what happens (?:next|after) on your|how (?:do|will|are) you "
        r"(?:going to )?(?:decide|make|buy|evaluate)|what does .{0,20}process|needs to (?:approve|"
        r"sign))\b"
    ),
    "decision_criteria": _(
        r"\b(?:what(?:'s| is| are|'re)? .{0,40}(?:criteria|important|matter|looking for|must-?have|"
        r"help you (?:make|decide)|priorit\w+|requirements?)|how will you (?:evaluate|judge|"
        r"compare))\b"
    ),
    "competitor": _(
        r"\b(?:who else (?:are|have) you (?:looking|talking|considering|evaluat\w+|seen)|(?:other|"
        r"any) (?:vendors?|options|solutions|tools|providers)|any(?:body|one) else\b|(?:others|who else) "
        r"(?:that )?you(?:'re| are)|competit\w+|what else are you "
        r"(?:looking|considering|evaluat\w+)|alternatives)\b"
    ),
    "pain": _(
        r"\b(?:what(?:'s| is| are|'re)? (?:the |your )?(?:biggest |main |core |top )?(?:problem|pain|"
        r"challenge|issue|frustration|impact|headache)|what (?:do you think is |is )?(?:causing|not "
        r"working)|what typically happens|why (?:now|change|are you looking)|"
        r"keeps you up)\b"
    ),
}
NON_ANSWER = _(
    r"^(?:(?:well|so|um|uh|hmm|honestly)[, ]+)?(?:(?:good|great|fair|that's a \w+) question|not "
    r"sure|i(?:'m| am) not sure|i don't know|no idea|hard to say|it depends|depends|let me "
    r"(?:think|check|get back)|we haven't|haven't|nothing|none|no(?:pe)?\b|not (?:really|yet)|n/a|"
    r"i'd have to|can't say|i can't|why do you|who|what|when|how|tbd)"
)
