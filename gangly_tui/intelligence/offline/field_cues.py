"""The words that tell which fact a sentence is about: BANT and MEDDPICC fields, and the questions that ask for them."""

from __future__ import annotations

import re

_ = re.compile

PAIN = (
    (1.0, _(r"\b(?:biggest|main|core|real|major|huge|whole) (?:problem|issue|challenge|pain|headache|frustration|bottleneck)|nightmare|drowning|killing us|disaster|(?:we|they|reps|team|it)(?:'re| are|'s| is)? (?:really )?struggl\w+|pain(?: point)?s?\b(?! to)|painful|bleeding|losing (?:deals|money|customers|about|roughly|\$|us|people|\d)|can't keep up|falling (?:behind|through)|slipping through")),
    (0.8, _(r"\b(?:takes? (?:too long|forever|(?:us |them )?(?:\w+ )?(?:hours|days|weeks|months))|too (?:slow|long|manual|many|much time|late|expensive|hard)|manual(?:ly)?\b|wast(?:e|es|ing|ed)|frustrat\w+|bottleneck|error[- ]prone|stall(?:s|ing|ed)?\b|getting (?:worse|squeezed)|impossible|hard to|crept up|broken|breaks? (?:down|all the time)|"
            r"no visibility|don't (?:catch|know what|have (?:any )?visibility|trust)|double entry|copy[- ]?past\w+|spreadsheets?|hate[sd]?\b|churn\w*|turnover|complain\w*|missed|behind schedule|overwhelm\w*|fragmented|silo\w*|out of (?:control|date)|late (?:deliveries|invoices|payments)|spend(?:ing|s)? (?:so much|too much|\d+ hours|hours))")),
    (0.55, _(r"\b(?:problem|issue|challenge|concern|headache|trouble|slow(?:er|ly|ed|s)?|longer|difficult|depressing|pretty bad|worse|delays?|gap|inefficien\w+|pushing \d+)\b")),
)  # fmt: skip
PROCESS = (
    (1.0, _(r"\b(?:(?:needs?|has|have|will need|'ll need|'d need|is going to need|requires?)(?: to)? (?:be )?(?:approv\w+|sign(?:ed)?[- ]?off|sign(?:ed)? (?:by|it)|go (?:through|to|past|via)|run (?:it|this) (?:by|past)|get .{0,24}(?:approv\w+|sign[- ]?off|buy-in))|final (?:say|decision|approval|call|sign-?off)|(?:decision|approval|buying|procurement|purchasing|vendor|evaluation) (?:process|committee)|goes (?:to|through) (?:the |our |my )?(?:board|legal|procurement|cfo|ceo|committee|finance|security)|"
            r"(?:board|committee|procurement|legal|security|it|infosec|vendor|cfo|finance) (?:has to|needs to|must|will|review\w*|approv\w+|signs?|meets)\b|sign[- ]?off|approv(?:al|es|e)\b|who (?:decides|signs)|run (?:it|this) (?:by|past) (?:my|our|the)|purchase order process|rfp|security (?:review|questionnaire|assessment))")),
    (0.7, _(r"\b(?:narrowed it down|short ?list\w*|evaluat(?:e|ing|ion)\b|pilot first|proof of concept|\bpoc\b|then (?:legal|procurement|security)|board meets|steering committee|stakeholders?|decid(?:e|ing) (?:by|in|next|together)|comfortable approving|just my (?:vp|boss|manager|cfo|ceo))\b")),
)  # fmt: skip
CRITERIA = (
    (1.0, _(r"\b(?:comes? down to|must[- ]haves?|deal[- ]?breakers?|make[- ]or[- ]break|non[- ]negotiable|(?:decision|evaluation|selection|success) criteria|(?:most|really|very|super|critically) important (?:to|for) (?:us|them|me|our)|(?:key|hard|main|top|number one|biggest) (?:requirement|criteri\w+|priority|factor)s?|what matters (?:most|to us)|we(?:'d)? (?:absolutely |really )?(?:must|need to) (?:have|see|support|integrate)|it (?:has|needs) to (?:have|support|integrate|work|be|connect|handle)|has to (?:have|support|integrate|work with|connect|handle)|they (?:must|need to) have|priority is)\b")),
    (0.7, _(r"\b(?:(?:we|they|i)(?:'re| are|'m| am)? (?:also |really |mainly )?looking for|(?:wants?|needs?|requires?) (?:\w+ ){0,2}(?:soc ?2|sso|gdpr|hipaa|iso|on-?prem|integration|api|references?|compliance|audit|24/7|support|residency|encryption)|(?:soc ?2|sso|gdpr|hipaa|iso ?27001|single sign-?on) (?:is |are )?(?:required|needed|a must|mandatory)|care(?:s)? (?:most )?about|requirements?(?: is| are|:))")),
)  # fmt: skip
BUDGET = (
    (1.0, _(r"\bbudget(?:s|ed|ing)?\b|\bset aside\b|\ballocated\b|\bearmark\w*|\b(?:we|they|i) (?:can|could) (?:spend|go up to|afford)|\bspend(?:ing)? (?:limit|authority|cap)|\b(?:approved|ok'd|okayed|signed off on) (?:for |up to |about |around )?[$€£]?\d|\b(?:cap|ceiling) (?:is|of|at)\b")),
)  # fmt: skip
OBJECTION = (
    (1.0, _(r"\b(?:too expensive|not a small (?:investment|amount)|(?:my|our|the|one|biggest|only|main) (?:concern|worry|hesitation|objection|issue|fear)|concern(?:ed|s)?\b|worried|hesita\w+|push ?back|skeptical|sceptical|not (?:sure|convinced|ready)|hard sell|a lot of money|over budget|out of (?:our )?budget|risky|what if (?:we|it|you)|how confident|what's the catch|burned before|lock-?in|implementation nightmare|bad timing|not a priority|disaster|cheaper|quoted us lower|expensive)\b")),
    (0.6, _(r"\b(?:but (?:every|we|i|it|how|the)|cancel(?:lation)?|early termination|can we do (?:monthly|less|better)|any (?:additional|hidden|extra) (?:fees|costs)|additional fees|discount|better price|price)\b")),
)  # fmt: skip
CLOSE = _(
    r"\b(?:sign(?:ed|ing)?|clos(?:e|ed|ing)(?! date rate)|decid(?:e|ed|ing)|(?:make|made|have|final) (?:a |the |our )?(?:final )?decision|decision (?:by|in|on|date)|(?:get|have|got|want) (?:this|it|everything|the deal|the contract|a contract|something|a deal) (?:done|signed|in place|wrapped up|closed|finali[sz]ed|over the line)|wrap (?:this|it|things) up|"
    r"(?:po|purchase order) (?:by|in|out|on|issued|will)|pull the trigger|commit by|purchase by|buy (?:by|in|before)|contract (?:in place|start\w*|done|signed)|award (?:the )?(?:contract|it)|close date|target(?:ing)? (?:a )?(?:close|signature|signing)|signature|ink)\b"
)
NOT_CLOSE = _(
    r"\b(?:sign(?:ed|ing)? (?:in|up for|into)|close (?:to|deals|rate|the books|the quarter|our books|more|faster)|closing (?:rate|deals|the books)|close deals|closed deals|nda|deals? (?:that|which)|our deals|books close|fiscal year (?:ends|closes)|offices? (?:is|are) closed|customers? sign|sign off on the (?:scope|agenda))\b"
)
ECONOMIC = _(
    r"\b(?:(?:has|have|with|gets|makes|holds|owns) (?:the )?(?:final (?:say|decision|call|word|approval)|budget|purse|p&l|checkbook|cheque ?book|signing authority|sign-?off|authority)|(?:will |'ll |is going to |would )?(?:need to|needs to|has to|have to|must|can)?\s?(?:approve|approves|sign off|signs off|signs?|sign)\b(?: (?:on )?(?:the|this|it|off|anything|any|all|everything|contracts?|purchases?|spend|investment|budget|deal))?|(?:economic buyer|budget (?:owner|holder)|decision[- ]maker|final decision maker|ultimate approver|signer|signatory)\b|(?:controls|owns|holds) (?:the )?budget|signs the (?:checks?|cheques?|contract)|is the one who (?:signs|decides|approves))"
)
COMPETITOR = _(
    r"\b(?:(?:also |are |is |were |been |currently |still )?(?:looking at|looking into|evaluating|considering|comparing (?:you |it |this |us )?(?:with|to|against|w/)?|talking (?:to|with)|in (?:talks|conversations) with|demo(?:ing|ed)? (?:with )?|seen (?:a demo (?:from|of) )?|trialing|piloting|shortlisted|speaking (?:to|with)|meeting with|up against|competing (?:with|against)|vs\.?|versus|narrowed it down to|down to|between)\s"
    r"|(?:currently|already|today|now|still|presently)? ?(?:using|use|on|with) (?=[A-Z])|incumbent (?:is|vendor is)?:? ?|competit(?:or|ors|ion)(?: is| are| mentioned)?:? (?:is |are )?|(?:quote|proposal|pricing|offer) from )"
)
COMPETITOR_SAID = _(
    r"\b(?P<name>[A-Z][\w.-]+(?: [A-Z][\w.-]+)?)(?:'s (?:quote|price|pricing|proposal|offer)| (?:quoted|came in|is (?:cheaper|more expensive|also)|offered us|pitched|told us|showed us|charges))"
)
VENDOR_NAME = _(r"(?:the )?(?P<name>[A-Z][A-Za-z0-9.+-]*[A-Za-z0-9](?: [A-Z][A-Za-z0-9.+-]*[A-Za-z0-9]){0,2})")
CURRENT_USE = _(r"(?:currently|already|today|now|still|presently)? ?(?:using|use|on|with) $")

ASKS_FOR = {
    "budget": _(r"\b(?:budget|how much (?:are you|can you|have you|were you) .{0,24}(?:spend|set aside|invest|allocate)|set aside)\b"),
    "close_date": _(r"\bwhen (?:do|would|are|were|could|can|will|should) (?:you|we|they) .{0,40}(?:sign|decide|decision|close|purchase|buy|in place|start|move forward|commit)|\b(?:timeline|time ?frame|target date|deadline) (?:for|to|look|on).{0,30}(?:sign|decision|decid|clos|purchas|contract|deal|this)?|\bwhen .{0,30}(?:signature|decision|contract)"),
    "decision_process": _(r"\b(?:decision[- ]?making process|decision process|approval process|process (?:look|for|on your)|who else (?:needs|has|is involved|would|should|will)|who (?:signs|approves|decides|makes)|steps (?:to|before)|what happens (?:next|after) on your|how (?:do|will|are) you (?:going to )?(?:decide|make|buy|evaluate)|what does .{0,20}process|needs to (?:approve|sign))\b"),
    "decision_criteria": _(r"\b(?:what(?:'s| is| are|'re)? .{0,40}(?:criteria|important|matter|looking for|must-?have|help you (?:make|decide)|priorit\w+|requirements?)|how will you (?:evaluate|judge|compare))\b"),
    "competitor": _(r"\b(?:who else (?:are|have) you (?:looking|talking|considering|evaluat\w+|seen)|(?:other|any) (?:vendors?|options|solutions|tools|providers)|competit\w+|what else are you (?:looking|considering|evaluat\w+)|alternatives)\b"),
    "pain": _(r"\b(?:what(?:'s| is| are|'re)? (?:the |your )?(?:biggest |main |core |top )?(?:problem|pain|challenge|issue|frustration|impact|headache)|what (?:do you think is |is )?(?:causing|not working)|what made (?:it|that)|what typically happens|why (?:now|change|are you looking)|keeps you up)\b"),
}  # fmt: skip
NON_ANSWER = _(
    r"^(?:(?:well|so|um|uh|hmm|honestly)[, ]+)?(?:(?:good|great|fair|that's a \w+) question|not sure|i(?:'m| am) not sure|i don't know|no idea|hard to say|it depends|depends|let me (?:think|check|get back)|we haven't|haven't|nothing|none|no(?:pe)?\b|not (?:really|yet)|n/a|i'd have to|can't say|i can't|why do you|who|what|when|how|tbd)"
)
