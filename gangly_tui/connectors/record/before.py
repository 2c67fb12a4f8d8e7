"""What is looked at right before a write, whatever the vendor: the scope, the version, who is there already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

from gangly_tui.connectors.record.rules import Exists, validate
from gangly_tui.domain.errors import DuplicateFound, RecordMoved, Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import Kind, ObjectSchema, Record, Value

Find = Callable[[Kind, IdentityKey], Awaitable[Sequence[Record]]]


def check_scope(scope: Scope, schema: ObjectSchema, names: Iterable[str]) -> None:
    """Raises Refused for a field that is there and not ours to write."""
    for name in names:
        if schema.field(name) is not None and not scope.may_write(schema.kind, name):
            raise Refused(
                f"the hierarchy page does not let gangly write {name.replace('_', ' ')} of a {schema.kind.label}",
                field=name,
                fix="a person sets it in the CRM, or RevOps changes the page",
            )


def check(scope: Scope, schema: ObjectSchema, fields: Mapping[str, Value], exists: Exists, *, new: bool) -> None:
    """What the system would refuse late, keep wrongly or not mind is refused here, by field, before it is sent.

    A record that is there already may lack what is required: a write to another field does not mend that.
    """
    check_scope(scope, schema, fields)
    standing = {} if new else {each.name: "stands" for each in schema.fields}
    validate(schema, fields, {**standing, **fields}, exists)


def stays(name: str, system: str) -> Refused:
    """Of an activity that is there already only some fields are written."""
    return Refused(f"{name} of an activity stays as it is", field=name, fix=f"change it in {system}")


def unmoved(current: Record, expect: str) -> Record:
    """The record as it stands. Raises RecordMoved when that is not the version the write was decided on."""
    if current.version != expect:
        raise moved(current)
    return current


def moved(current: Record) -> RecordMoved:
    """Somebody was faster; this is what stands now."""
    return RecordMoved(f"{current.title} was changed by {current.updated_by or 'somebody'}", current=current)


def removed_again() -> Refused:
    """What an operation created is not created a second time."""
    return Refused("what this write created was removed again", fix="draft it anew if it is still wanted")


async def twins(find: Find, kind: Kind, fields: Mapping[str, Value], except_id: str) -> list[Record]:
    """Other records with the mailbox or the domain that these fields bring."""
    email, domain = fields.get("email"), fields.get("domain")
    if kind is Kind.CONTACT and isinstance(email, str):
        key = IdentityKey(mailbox=mailbox(email))
    elif kind is Kind.ACCOUNT and isinstance(domain, str):
        key = IdentityKey(domain=registrable_domain(domain))
    else:
        return []
    return [each for each in await find(kind, key) if each.ref.id != except_id]


async def refuse_twin(
    find: Find, kind: Kind, fields: Mapping[str, Value], except_id: str = "", *, beside: Collection[str] = ()
) -> None:
    """Raises DuplicateFound that names the record: no vendor's own rule knows of aliases, and some have no rule.

    Those in `beside` a person has looked at: this one is somebody else.
    """
    for each in await twins(find, kind, fields, except_id):
        if str(each.ref) in beside:
            continue
        raise DuplicateFound(
            f"{each.title or 'a record'} already has {fields.get('email') or fields.get('domain')}",
            existing=each.ref,
            fix="use the one that is there",
        )
