"""Who asked for no mail, and where their data has to stay: read where the vendor has it, never written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gangly_tui.connectors.record import dynamics, hubspot, pipedrive, salesforce
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FIELDS, Kind, RecordRef, only_read
from tests.connectors import dynamics_rig, hubspot_rig, pipedrive_rig, salesforce_rig
from tests.connectors.contract import AT
from tests.connectors.rigs import everything
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.pipedrive import PipedriveFake
from tests.fakes.pipedrive_seed import code
from tests.fakes.salesforce import FakeSalesforce

META = WriteMeta(op_id="op-1", source="notes", approved_by="robin@seller.com", approved_at=AT, trail_head="ab" * 32)
ADA = str(UUID(int=7))


@dataclass(kw_only=True)
class Place:
    """A vendor's fake: how a colleague keeps Ada there, and by which names her consent and region travel."""

    vendor: Any
    link: Callable[..., Link]
    keep: Callable[[bool], str]
    """Ada, with her consent and the region EU; her id"""
    asked: Callable[[], str]
    """every request so far, as one text"""
    theirs: str
    region: str


def _salesforce(folder: Path) -> Place:
    site = salesforce_rig.Site(salesforce_rig.watched(FakeSalesforce(), folder))

    def keep(out: bool) -> str:
        return site.fake.put(
            "Contact", {"LastName": "Lind", "Email": "ada@acme.de", "HasOptedOutOfEmail": out, "Data_Region__c": "EU"}
        )

    def asked() -> str:
        return repr([(each.query, each.body) for each in site.fake.asked])

    return Place(
        vendor=salesforce, link=site.link, keep=keep, asked=asked, theirs="HasOptedOutOfEmail", region="Data_Region__c"
    )


def _hubspot(_: Path) -> Place:
    site = hubspot_rig.Site(hubspot_rig.watched(FakeHubSpot()))

    def keep(out: bool) -> str:
        told = {"lastname": "Lind", "email": "ada@acme.de", "data_region": "EU"}
        return site.fake.put("contacts", told | {"hs_email_optout": "true" if out else "false"}).id

    def asked() -> str:
        return repr([(each.query, each.body) for each in site.fake.asked])

    return Place(vendor=hubspot, link=site.link, keep=keep, asked=asked, theirs="hs_email_optout", region="data_region")


def _dynamics(folder: Path) -> Place:
    site = dynamics_rig.watched(folder)

    def keep(out: bool) -> str:
        told = {"lastname": "Lind", "emailaddress1": "ada@acme.de", "donotemail": out, "contoso_dataregion": "EU"}
        site.fake.put("contact", ADA, told)
        return ADA

    def asked() -> str:  # the metadata names every column; what counts is what of a contact is asked for
        return repr([each.query for each in site.fake.asked if "EntityDefinitions" not in each.path])

    return Place(
        vendor=dynamics, link=site.link, keep=keep, asked=asked, theirs="donotemail", region="contoso_dataregion"
    )


def _pipedrive(_: Path) -> Place:
    site = pipedrive_rig.Site(pipedrive_rig.watched(PipedriveFake()))
    region = code("Data region", "person")

    def keep(out: bool) -> str:
        status = "unsubscribed" if out else "subscribed"
        emails = [{"value": "ada@acme.de", "primary": True}]
        told = {"name": "Ada Lind", "emails": emails, "marketing_status": status, "custom_fields": {region: "EU"}}
        return str(site.fake.make("persons", told)["id"])

    def asked() -> str:
        return repr([each.query for each in site.fake.asked])

    return Place(
        vendor=pipedrive, link=site.link, keep=keep, asked=asked, theirs="marketing_status", region="Data region"
    )


PLACES = {"salesforce": _salesforce, "hubspot": _hubspot, "dynamics": _dynamics, "pipedrive": _pipedrive}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path)


def named(place: Place) -> Link:
    return place.link(fields=f"contact.residency={place.region}")


def ref(place: Place, identifier: str) -> RecordRef:
    return RecordRef(system=place.link().wire.system, kind=Kind.CONTACT, id=identifier)


@pytest.mark.parametrize("out", [True, False])
async def test_consent_and_region_are_read_as_they_stand(place: Place, out: bool) -> None:
    identifier = place.keep(out)
    ada = await place.vendor.open_reader(named(place)).read(ref(place, identifier))
    assert (ada.fields["mail_opt_out"], ada.fields["residency"]) == (out, "EU")


async def test_what_they_said_about_a_recording_is_read_where_the_customer_keeps_it(place: Place) -> None:
    link = place.link(fields=f"contact.recording_consent={place.region}")
    ada = await place.vendor.open_reader(link).read(ref(place, place.keep(False)))
    assert ada.fields["recording_consent"] == "EU" and "residency" not in ada.fields
    with pytest.raises(Refused) as refused:
        await place.vendor.open_writer(link).update(
            ada.ref, {"recording_consent": "Yes"}, expect=ada.version, meta=META
        )
    assert refused.value.field == "recording_consent"


async def test_the_first_pull_brings_them_too(place: Place) -> None:
    place.keep(True)
    found = [each async for page in place.vendor.open_reader(named(place)).changes("") for each in page.records]
    assert [(each.fields["mail_opt_out"], each.fields["residency"]) for each in found] == [(True, "EU")]


async def test_without_a_name_for_the_region_there_is_none(place: Place) -> None:
    schema = await place.vendor.open_reader(place.link()).describe(Kind.CONTACT)
    assert schema.field("residency") is None and schema.field("mail_opt_out") is not None


async def test_out_of_the_read_scope_they_are_not_asked_for(place: Place) -> None:
    identifier = place.keep(True)
    scope = everything(place.link().wire.system)
    narrow = frozenset(FIELDS[Kind.CONTACT]) - {"mail_opt_out", "residency", "recording_consent"}
    reader = place.vendor.open_reader(place.link(replace(scope, read={**scope.read, Kind.CONTACT: narrow})))
    ada = await reader.read(ref(place, identifier))
    assert ada.text("email") == "ada@acme.de" and not {"mail_opt_out", "residency"} & set(ada.fields)
    assert place.theirs not in place.asked()


async def test_they_are_for_reading_only(place: Place) -> None:
    identifier = place.keep(True)
    link = named(place)
    reader, writer = place.vendor.open_reader(link), place.vendor.open_writer(link)
    schema = await reader.describe(Kind.CONTACT)
    assert [each.name for each in schema.fields if only_read(Kind.CONTACT, each.name) and not each.read_only] == []
    ada = await reader.read(ref(place, identifier))
    for name, value in (("mail_opt_out", False), ("residency", "US")):
        with pytest.raises(Refused) as refused:
            await writer.update(ada.ref, {name: value}, expect=ada.version, meta=META)
        assert refused.value.field == name
    again = await reader.read(ada.ref)
    assert (again.version, again.fields) == (ada.version, ada.fields)


async def test_another_fields_write_leaves_what_was_read_true(place: Place) -> None:
    link = named(place)
    reader, writer = place.vendor.open_reader(link), place.vendor.open_writer(link)
    ada = await reader.read(ref(place, place.keep(True)))
    after = await writer.update(ada.ref, {"last_name": "Lindt"}, expect=ada.version, meta=META)
    assert (after.fields["last_name"], after.fields.get("mail_opt_out", True)) == ("Lindt", True)


async def test_a_vendor_that_does_not_show_it_is_not_asked_for_it(tmp_path: Path) -> None:
    hidden = salesforce_rig.Site(salesforce_rig.watched(FakeSalesforce(hidden=("HasOptedOutOfEmail",)), tmp_path))
    without = pipedrive_rig.Site(pipedrive_rig.watched(PipedriveFake(campaigns=False)))
    theirs = hidden.fake.put("Contact", {"LastName": "Lind", "Email": "ada@acme.de"})
    number = str(without.fake.make("persons", {"name": "Ada Lind"})["id"])
    for vendor, link, identifier in ((salesforce, hidden.link(), theirs), (pipedrive, without.link(), number)):
        reader = vendor.open_reader(link)
        ada = await reader.read(RecordRef(system=link.wire.system, kind=Kind.CONTACT, id=identifier))
        assert "mail_opt_out" not in ada.fields
        assert (await reader.describe(Kind.CONTACT)).field("mail_opt_out") is None


@pytest.mark.parametrize(
    ("status", "out"),
    [("unsubscribed", True), ("archived", True), ("subscribed", False), ("no_consent", False)],
)
async def test_which_marketing_status_means_no_mail(status: str, out: bool) -> None:
    site = pipedrive_rig.Site(pipedrive_rig.watched(PipedriveFake()))
    row = site.fake.make("persons", {"name": "Ada Lind", "marketing_status": status})
    ada = await pipedrive.open_reader(site.link()).read(
        RecordRef(system="pipedrive", kind=Kind.CONTACT, id=str(row["id"]))
    )
    assert ada.fields["mail_opt_out"] is out
