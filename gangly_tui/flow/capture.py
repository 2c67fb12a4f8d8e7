"""Capture: keep the rep's text first, then read it, then lay out the cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import chain, count
from pathlib import PurePath

from gangly_tui.domain.cards import Table, meeting_source
from gangly_tui.domain.draft import Draft, Notes, ReadingContext
from gangly_tui.domain.errors import InputError, NotFound, Unreachable
from gangly_tui.domain.follow_up import follow_up
from gangly_tui.domain.hierarchy import in_scope
from gangly_tui.domain.identity import mailbox, person_key
from gangly_tui.domain.ports import Drafter
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.propose import propose as lay_out
from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef, encode
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.two_sources import both
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import Match, match
from gangly_tui.store import decisions, engagement, mirror
from gangly_tui.store.database import transaction
from gangly_tui.store.left_alone import is_left_alone
from gangly_tui.store.patience import waiting_at_most

OWN = "notes"
"""The source that is the rep's own page."""
TRANSCRIPT = "transcript"

MAX_CHARACTERS = 10 * 1024 * 1024
"""Longer texts are refused: two days of speech are under 2 MiB."""

_SPEECH = frozenset({".vtt", ".srt"})
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """What the store knows behind a meeting: what the engine may see, and what stands in the records as last read."""

    meeting: Meeting
    context: ReadingContext
    deals: tuple[Record, ...]
    contacts: tuple[Record, ...]


def meeting_of(desk: Desk, meeting_id: str) -> Meeting:
    """The meeting by id. Raises InputError when the store has none."""
    found = engagement.get_meeting(desk.db, meeting_id)
    if found is None:
        raise InputError(f"there is no meeting {meeting_id!r}", fix="pull the calendar again: ctrl+r, or gangly pull")
    return found


def open_notes(desk: Desk, meeting_id: str) -> Notes:
    """The text that changed last, else the transcript that is ready, else an empty page."""
    kept = engagement.notes_of(desk.db, meeting_id)
    if kept:
        return kept[0]
    found = sources(desk, meeting_id)
    return found[-1]


def sources(desk: Desk, meeting_id: str) -> list[Notes]:
    """Every text of a meeting: the rep's own page first, empty when nothing was typed, then transcripts and files."""
    kept = {each.source: each for each in engagement.notes_of(desk.db, meeting_id)}
    pulled = engagement.transcript_of(desk.db, meeting_id)
    if pulled and not any(each.text == pulled for each in kept.values()):
        # a file may have taken the name before the meeting system had its own
        source = TRANSCRIPT if TRANSCRIPT not in kept else f"{TRANSCRIPT}:{meeting_of(desk, meeting_id).system}"
        kept[source] = _page(desk, meeting_id, source, pulled)
    own = kept.pop(OWN, None) or _page(desk, meeting_id, OWN, "")
    return [own, *sorted(kept.values(), key=lambda each: (not each.source.startswith(TRANSCRIPT), each.source))]


def is_speech(source: str) -> bool:
    """Whether a text is what was said: it is kept as it came, nobody types into it."""
    return source.partition(":")[0] == TRANSCRIPT


def _page(desk: Desk, meeting_id: str, source: str, text: str) -> Notes:
    return Notes(id=f"{meeting_id}/{source}", meeting_id=meeting_id, text=text, updated_at=desk.now(), source=source)


def keep_file(desk: Desk, meeting_id: str, name: str, text: str) -> Notes:
    """Keep a file's text beside what is there, as a source of its own. Nothing is ever written over.

    Speech (.vtt, .srt) becomes the transcript when the meeting has none, anything else is `import:NAME`. The same
    text again is the source it was; another text under a name that is taken gets a number. Raises InputError.
    """
    speech = PurePath(name).suffix.lower() in _SPEECH
    base = f"import:{one_line(PurePath(name).name, limit=_NAME_LIMIT) or 'unnamed'}"
    names = chain([TRANSCRIPT] if speech else [], [base], (f"{base} ({number})" for number in count(2)))
    if speech and is_left_alone(desk.db, meeting_id):
        raise InputError("the recording of this meeting is not processed", fix="X on Today processes it again")
    with transaction(desk.db):  # the name is free until it is taken: another window may open a file of the same name
        known = {each.source: each.text for each in sources(desk, meeting_id)}
        kept = _page(desk, meeting_id, next(each for each in names if known.get(each, text) == text), text)
        autosave(desk, kept)
        desk.at_point("file.before-commit")
    desk.at_point("file.committed")
    return kept


def autosave(desk: Desk, notes: Notes) -> None:
    """Keep the text, durably, before anything else is attempted with it. Raises InputError when it is too long."""
    if len(notes.text) > MAX_CHARACTERS:
        raise InputError(
            f"this text has {len(notes.text):,} characters; {MAX_CHARACTERS:,} are the most one meeting takes",
            fix="split it, or open only the part that belongs to this call",
        )
    engagement.save_notes(desk.db, replace(notes, updated_at=desk.now()))


def keep_page(desk: Desk, notes: Notes, *, before: str, patience: float) -> Notes:
    """Keep a page that is being typed on; `before` is what this window last knew to be kept.

    Where another window has changed the page since, this one is kept beside it under a name of its own: the text
    that comes back says which. `patience` is how many seconds to wait for another window's write.
    Raises InputError, StoreError.
    """
    with waiting_at_most(desk.db, patience), transaction(desk.db):
        stored = engagement.get_notes(desk.db, notes.id)
        if stored is not None and stored.text not in (before, notes.text):
            taken = {each.source for each in sources(desk, notes.meeting_id)}
            free = (f"{notes.source} ({number})" for number in count(2))
            notes = _page(desk, notes.meeting_id, next(each for each in free if each not in taken), notes.text)
        autosave(desk, notes)
    return notes


def context_for(desk: Desk, meeting_id: str) -> ReadingContext:
    """What the engine may know: this meeting, its people, the CRM's live picklists. Never another account's data."""
    return backdrop(desk, meeting_id).context


def backdrop(desk: Desk, meeting_id: str) -> Backdrop:
    """What a draft is read and shown against, from the store alone. Raises InputError when there is no such meeting."""
    meeting = meeting_of(desk, meeting_id)
    found = match(desk.db, meeting, desk.settings.our_domains, desk.settings.aliases)
    known = mirror.linked(desk.db, found.account.ref, Kind.CONTACT, limit=200) if found.account else []
    names = {mailbox(each.text("email")): each.title for each in known}
    context = ReadingContext(
        anchor=meeting.start,
        rep_name=desk.settings.user_name,
        rep_email=desk.settings.user_email,
        our_company=desk.settings.our_company,
        attendees=tuple(
            replace(each, name=each.name or names.get(mailbox(each.email), ""))
            for each in meeting.attendees
            if not each.resource
        ),
        account_name=found.account.title if found.account else "",
        known_contacts=tuple(each.title for each in known),
        competitors=desk.settings.competitors,
        schemas=mirror.schemas(desk.db, desk.reader.system),
        fiscal_year_start=desk.settings.fiscal_year_start,
        currency=desk.settings.currency,
    )
    people = {each.ref: each for each in (*found.contacts.values(), *known)}
    return Backdrop(meeting=meeting, context=context, deals=found.deals, contacts=tuple(people.values()))


def read(drafter: Drafter, text: str, context: ReadingContext) -> Draft:
    """Read the text. Touches neither store nor network, so it may run in a thread beside the screen."""
    return drafter.draft(text, context)


async def propose(
    desk: Desk, notes: Notes, draft: Draft | None = None, *, away: Callable[[Unreachable], None] = lambda _: None
) -> list[Proposal]:
    """Keep the text and its draft, read the records fresh, and lay out the cards.

    Undecided cards of this meeting make room for the new ones; what was decided stays decided and is not asked again,
    and a card that the rep has edited stays as edited. `draft` saves a second reading, when it is of exactly this
    text. `away` is called when the CRM cannot be reached and the cards stand on what the store holds.
    """
    from gangly_tui.flow.other_text import digest_of, other_text, reading_of

    autosave(desk, notes)
    if draft is None or draft.text_sha256 != digest_of(notes.text):
        draft = read(desk.drafter, notes.text, context_for(desk, notes.meeting_id))
    meeting = meeting_of(desk, notes.meeting_id)
    other = other_text(desk, notes)
    read_too = await reading_of(desk, other) if other else None
    table = await lay_table(desk, meeting, notes.source, *filter(None, (draft, read_too)), away=away)
    cards, dropped = lay_out(draft, table)
    cards = (*cards, *_follow_up(desk, draft, table))
    if other and read_too:
        more, _ = lay_out(read_too, replace(table, source=meeting_source(other.source, meeting.start.date())))
        cards = tuple(both(more, cards) if is_speech(notes.source) else both(cards, more))
    draft = replace(draft, dropped=(*draft.dropped, *dropped))
    with transaction(desk.db):
        engagement.save_draft(desk.db, notes.id, meeting.id, draft, desk.now())
        asked = _not_decided(list(cards), _decided(desk, meeting.id))
        for old in decisions.proposals(desk.db, states=_UNDECIDED, meeting_id=meeting.id):
            twin = _twin(old, asked) if old.edited else None
            if twin is not None:
                asked[asked.index(twin)] = old
            elif not (old.undoes or old.conflict or old.replaces or old.kind is Kind.INVITATION):  # wait for the rep
                decisions.set_proposal_state(desk.db, old.id, ProposalState.SUPERSEDED)
        decisions.save_proposals(desk.db, [each for each in asked if not each.edited])
    return asked


def _follow_up(desk: Desk, draft: Draft, table: Table) -> Sequence[Proposal]:
    if not desk.drafts:
        return ()
    who = desk.settings
    card = follow_up(draft, table, home=desk.drafts, rep=who.user_name, our_domains=who.our_domains)
    return (card,) if card else ()


async def join(desk: Desk, notes: Notes, draft: Draft, *, away: Callable[[Unreachable], None] = lambda _: None) -> int:
    """Lay what a second reading added beside the cards that are there; how many are new.

    No card is replaced. One that waits is only marked, when the second reading confirms or contradicts it: an approval
    of what it showed before then no longer fits.
    """
    meeting = meeting_of(desk, notes.meeting_id)
    table = await lay_table(desk, meeting, notes.source, draft, away=away)
    cards, dropped = lay_out(draft, table)
    with transaction(desk.db):
        draft = replace(draft, dropped=(*draft.dropped, *dropped))
        engagement.save_draft(desk.db, notes.id, meeting.id, draft, desk.now())
        fresh = []
        waiting = {
            state: {
                _essence(each): each for each in decisions.proposals(desk.db, states=(state,), meeting_id=meeting.id)
            }
            for state in _UNDECIDED
        }
        for card in _not_decided(list(cards), _decided(desk, meeting.id)):
            found = next(
                ((state, known[_essence(card)]) for state, known in waiting.items() if _essence(card) in known), None
            )
            if found is None:
                fresh.append(card)
                continue
            state, old = found
            marked = replace(old, reading=card.reading, against=card.against, confidence=card.confidence)
            if marked != old and not (old.edited or old.conflict or old.undoes):
                decisions.save_proposals(desk.db, [marked], state)
        decisions.save_proposals(desk.db, fresh)
    return len(fresh)


def _not_decided(cards: list[Proposal], decided: Sequence[Proposal]) -> list[Proposal]:
    """The cards that were not decided before, be it with another value that the rep typed."""
    known = {_essence(each) for each in decided}
    left = [each for each in cards if _essence(each) not in known]
    for done in decided:
        twin = _twin(done, left) if done.edited else None
        if twin is not None:
            left.remove(twin)
    return left


def _twin(edited: Proposal, cards: Sequence[Proposal]) -> Proposal | None:
    """The card as the same words give it again, of one that the rep has edited; the likest of several."""

    def place(card: Proposal) -> tuple[object, ...]:
        quote = card.evidence.text if card.evidence else ""
        return (card.group, card.kind, card.target, {each.field for each in card.changes}, quote)

    def values(card: Proposal) -> str:
        return " ".join(str(encode(each.after)) for each in card.changes)

    same = [each for each in cards if place(each) == place(edited)]
    return max(same, key=lambda each: SequenceMatcher(None, values(each), values(edited)).ratio(), default=None)


_UNDECIDED = (ProposalState.OPEN, ProposalState.LATER)


def _decided(desk: Desk, meeting_id: str) -> Sequence[Proposal]:
    states = (ProposalState.APPROVED, ProposalState.REJECTED)
    return decisions.proposals(desk.db, states=states, meeting_id=meeting_id)


def _essence(card: Proposal) -> tuple[object, ...]:
    """What a card is about, whatever its id: the same is not asked twice. Summary and follow-up are asked once."""
    if card.group in ("summary", "follow-up"):
        return (card.group,)
    if card.group == "next step":
        words = next((str(each.after).casefold() for each in card.changes if each.field == "subject"), "")
        return (card.group, words)
    if card.group == "contact":
        return (card.group, card.target_name.casefold())
    return (card.group, card.target, *((each.field, str(encode(each.after)).casefold()) for each in card.changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a text: its reading with everything that was left out, and how many of its cards are decided."""

    draft: Draft | None
    decided: int


def outcome(desk: Desk, notes: Notes) -> Outcome:
    """What the last laying out of this text's cards left in the store."""
    return Outcome(draft=engagement.draft_of(desk.db, notes.meeting_id), decided=len(_decided(desk, notes.meeting_id)))


async def lay_table(
    desk: Desk,
    meeting: Meeting,
    origin: str,
    *drafts: Draft,
    away: Callable[[Unreachable], None] = lambda _: None,
) -> Table:
    """Read everything the cards of this meeting are built on, fresh, through the read door, once for all its drafts.

    Where the CRM cannot be reached, `away` is told once and the rest comes from the mirror: what the CRM holds is
    read again right before anything is sent.
    """
    door = _Door(desk, away)
    found = match(desk.db, meeting, desk.settings.our_domains, desk.settings.aliases)
    account = await door.record(found.account.ref) if found.account else None
    deals = [each for deal in found.deals if (each := await door.record(deal.ref))]
    contacts = mirror.linked(desk.db, account.ref, Kind.CONTACT, limit=500) if account else []
    return Table(
        meeting=meeting,
        system=desk.reader.system,
        account=account,
        deals=tuple(deals),
        contacts=tuple(contacts),
        attendees=tuple(found.contacts.values()),
        lookups=await _look_up(door, drafts, found) if drafts else {},
        schemas=mirror.schemas(desk.db, desk.reader.system),
        hierarchy=desk.hierarchy,
        user=desk.settings.user,
        source=meeting_source(origin, meeting.start.date()),
        now=desk.now(),
        new_id=desk.new_id,
        mail_regions=desk.settings.mail_regions,
    )


class _Door:
    """The read door until it is found shut; from then on the mirror, so that an offline rep waits for one time-out."""

    def __init__(self, desk: Desk, away: Callable[[Unreachable], None]) -> None:
        self._desk = desk
        self._away = away
        self._shut = False

    def _found_shut(self, error: Unreachable) -> None:
        self._shut = True
        self._away(error)

    async def record(self, ref: RecordRef) -> Record | None:
        """The record as it stands now, kept in the mirror; None (and forgotten) when the CRM no longer has it."""
        desk = self._desk
        if not self._shut:
            try:
                record = in_scope(await desk.reader.read(ref), desk.hierarchy.scope(desk.reader.system))
            except NotFound:
                mirror.remove_records(desk.db, [ref])
                return None
            except Unreachable as error:
                self._found_shut(error)
            else:
                mirror.save_records(desk.db, [record])
                return record
        return mirror.get_record(desk.db, ref)

    async def person(self, email: str) -> Record | None:
        """Who has this mailbox, in the CRM itself."""
        if not self._shut:
            try:
                found = await self._desk.reader.find(Kind.CONTACT, person_key(email))
            except Unreachable as error:
                self._found_shut(error)
            else:
                return found[0] if found else None
        return next(iter(mirror.contacts_by_mailbox(self._desk.db, [mailbox(email)]).values()), None)


async def _look_up(door: _Door, drafts: Sequence[Draft], found: Match) -> dict[str, Record]:
    """By mailbox: who the local store or the CRM itself already has of the people the drafts name."""
    hits: dict[str, Record] = dict(found.contacts)
    for person in (each for draft in drafts for each in draft.contacts):
        box = mailbox(person.email)
        if box and box not in hits:
            known = await door.person(person.email)
            if known is not None:
                hits[box] = known
    return hits
