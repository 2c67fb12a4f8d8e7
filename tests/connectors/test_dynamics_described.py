"""The check bites: one wrong request for each schema that is used, and wrong answers, are all found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.dynamics_rig import Watch, contract_of
from tests.fakes.dynamics import Asked

pytestmark = pytest.mark.shared
ROOT = "/api/data/v9.2/"
ID = "00000000-0000-0000-0000-00000000000a"
HEADERS = {
    "authorization": "Bearer t",
    "odata-version": "4.0",
    "odata-maxversion": "4.0",
    "content-type": "application/json",
    "if-match": 'W/"1"',
    "mscrm.suppressduplicatedetection": "false",
}


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(contract_of(tmp_path))


def asked(method: str, path: str, body: Any = None, *, query: str = "", **headers: str) -> Asked:
    kept = {**HEADERS, **{name.replace("_", "-"): each for name, each in headers.items()}}
    kept = {name: each for name, each in kept.items() if each}
    return Asked(method=method, path=ROOT + path, query=query, headers=kept, body=body)


RIGHT = [
    asked("PATCH", f"accounts({ID})", {"name": "Acme", "industrycode": 8}),
    asked("PATCH", f"contacts({ID})", {"lastname": "Lind", "parentcustomerid_account@odata.bind": f"/accounts({ID})"}),
    asked("PATCH", f"opportunities({ID})", {"estimatedvalue": 1.5, "new_nextstep": None}),
    asked(
        "PATCH",
        f"tasks({ID})",
        {"subject": "x", "regardingobjectid_opportunity_task@odata.bind": f"/opportunities({ID})"},
    ),
    asked("PATCH", f"appointments({ID})", {"scheduledstart": "2026-09-23T14:00:00Z", "statecode": 1}),
    asked("PATCH", f"phonecalls({ID})", {"subject": "x", "statecode": 1}),
    asked("PATCH", f"annotations({ID})", {"notetext": "x", "objectid_account@odata.bind": f"/accounts({ID})"}),
    asked("DELETE", f"tasks({ID})"),
    asked("GET", "contacts", query="$select=lastname&$filter=lastname eq 'x'"),
    asked("GET", "systemusers", query="$select=fullname"),
]
WRONG = [
    asked("PATCH", f"accounts({ID})", {"name": "x" * 161}),
    asked("PATCH", f"accounts({ID})", {"industrycode": 99}),
    asked("PATCH", f"contacts({ID})", {"shoesize": 42}),
    asked("PATCH", f"contacts({ID})", {"parentcustomerid_account@odata.bind": ID}),
    asked("PATCH", f"opportunities({ID})", {"estimatedvalue": "a lot"}),
    asked("PATCH", f"tasks({ID})", {"description": "x" * 2_001}),
    asked("PATCH", f"appointments({ID})", {"statecode": 9}),
    asked("PATCH", f"phonecalls({ID})", {"subject": "x" * 201}),
    asked("PATCH", f"annotations({ID})", {"objectid_account@odata.bind": f"/contacts({ID})"}),
    asked("PATCH", "contacts(42)", {"lastname": "Lind"}),
    asked("PATCH", f"contacts({ID})", {"lastname": "Lind"}, if_match="4711"),
    asked("PATCH", f"contacts({ID})", {"lastname": "Lind"}, odata_version=""),
    asked("PATCH", f"contacts({ID})", {"lastname": "Lind"}, authorization=""),
    asked("GET", "contacts", query="$selekt=lastname"),
    asked("GET", "systemusers", query="$selekt=fullname"),
    asked("GET", "leeds", query="$select=fullname"),
    asked("PUT", f"contacts({ID})", {"lastname": "Lind"}),
]


@pytest.mark.parametrize("request_", RIGHT, ids=lambda each: f"{each.method} {each.path[14:40]}")
def test_a_right_request_passes(watch: Watch, request_: Asked) -> None:
    assert watch.request(request_) == []


@pytest.mark.parametrize("request_", WRONG, ids=lambda each: f"{each.method} {each.path[14:40]} {str(each.body)[:24]}")
def test_a_wrong_request_is_found(watch: Watch, request_: Asked) -> None:
    assert watch.request(request_) != []


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("contacts", 200, {"items": []}),
        ("contacts", 200, {"value": [{"lastname": 7}]}),
        ("contacts", 200, {"value": [{"shoesize": 42}]}),
        ("tasks", 200, {"value": [{"activityid": 7}]}),
        ("accounts", 200, {"value": [{"numberofemployees": "many"}]}),
        ("opportunities", 200, {"value": [{"estimatedvalue": "a lot"}]}),
        ("appointments", 200, {"value": [{"statecode": "open"}]}),
        ("phonecalls", 200, {"value": [{"subject": 7}]}),
        ("annotations", 200, {"value": [{"notetext": 7}]}),
        ("systemusers", 200, {"value": [{"isdisabled": "no"}]}),
        ("transactioncurrencies", 200, {"value": [{"isocurrencycode": "EUROPE"}]}),
        ("WhoAmI", 200, {"UserId": "me"}),
        ("contacts", 418, {}),
        ("contacts", 400, {"error": "no"}),
    ],
)
def test_a_wrong_answer_is_found(watch: Watch, path: str, status: int, told: Any) -> None:
    assert watch.answer(asked("GET", path), status, told) != []
