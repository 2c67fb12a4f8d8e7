"""Verbs people use for work they take on, by what the work is."""

from __future__ import annotations

_KINDS = {
    "deliver": "send mail email forward give share distribute bring put upload post hand pass provide copy order buy "
    "get submit "
    "publish deliver ship attach circulate ping message text notify announce invite introduce connect loop cc "
    "transfer push",
    "inquire": "check look ask find talk read investigate figure study see contact call meet write confirm follow "
    "reach verify "
    "review research explore examine dig clarify chase request solicit gather collect poll test try validate evaluate "
    "assess "
    "audit identify determine consult discuss sync track monitor watch reply respond comment raise escalate nudge "
    "remind",
    "build": "make do build create set fix change add train run rerun implement work compute generate "
    "extract prepare finish "
    "update edit modify compare record draft document list rename retitle remove move merge close open file land "
    "revert refactor "
    "schedule book arrange organize organise plan coordinate host start continue complete finalize finalise resolve "
    "handle take "
    "address cut release deploy migrate configure install enable disable tag label assign propose revise rewrite "
    "rework improve "
    "convert replace reduce increase extend clean delete archive sign approve vote nominate rotate punt defer drop "
    "pick choose "
    "select sort split combine craft design define describe outline summarize summarise translate print scan log "
    "enter invoice "
    "quote price order cancel renew negotiate escalate onboard demo pilot ensure keep bring back promote help join "
    "attend",
    "discourse": "say tell show explain mention restate rephrase stop skip present note repeat",
    "state": "be have know think guess mean want like need believe hope suppose assume understand remember",
}
VERB_KINDS = {verb: kind for kind, verbs in _KINDS.items() for verb in verbs.split()}
WORK = frozenset(verb for verb, kind in VERB_KINDS.items() if kind in ("deliver", "inquire", "build"))
