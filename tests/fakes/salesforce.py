"""A Salesforce organisation on this machine: it remembers, and it says no where Salesforce does.

By hand: `python -m tests.fakes.salesforce [PORT]`. It guards by If-Unmodified-Since, stops duplicates, counts API
calls, pages by locator, keeps a recycle bin and a history. Its clock moves a second with each write.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.fakes import salesforce_schema as schema
from tests.fakes.salesforce_rows import ME, Organisation, Row, SalesforceError, attributed
from tests.fakes.serve import Dropped, Reply
from tests.fakes.soql import Malformed, parse

Rule = Callable[[str, Row], str]
"""A validation rule: why a row of a table is not taken, or "". """


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Trouble:
    """What goes wrong at the next request whose path holds `at`: a reply instead, or no answer after it was done."""

    at: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    dropped: bool = False


class FakeSalesforce(Organisation):
    """The organisation. `watch` sees each request and each answer, parts of a composite included."""

    def __init__(self, *, now: datetime | None = None, page: int = 2000, hidden: tuple[str, ...] = ()) -> None:
        super().__init__(now=now, hidden=hidden)
        self.page = page
        self.token, self.refresh = "token-1", "refresh-1"
        self.used, self.limit = 100, 100_000
        self.asked: list[Asked] = []
        self.troubles: list[Trouble] = []
        self.rules: list[Rule] = []
        self.before_write: Callable[[], None] = lambda: None
        self.watch: Callable[[Asked, int, Any], None] = lambda _asked, _status, _told: None
        self._lists: dict[str, list[Row]] = {}

    # -- the API

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        trouble = next((each for each in self.troubles if each.at in path), None)
        if trouble:
            self.troubles.remove(trouble)
        self.used += 1
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        told = None if not body else body.decode() if form else json.loads(body)
        asked = Asked(method, unquote(path), query, headers, told)
        if trouble and trouble.status:
            self.asked.append(asked)
            return trouble.status, {**self._limits(), **trouble.headers}, trouble.body
        if method != "GET":
            self.before_write()
        status, answer, more = self._answer(asked)
        if trouble and trouble.dropped:
            raise Dropped
        content = b"" if answer is None else json.dumps(answer).encode()
        return status, {"content-type": "application/json;charset=UTF-8", **self._limits(), **more}, content

    def _limits(self) -> dict[str, str]:
        return {
            "sforce-limit-info": f"api-usage={self.used}/{self.limit}",
            "date": format_datetime(self.now.astimezone(UTC), usegmt=True),
        }

    def _answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        """One request, or one part of a composite."""
        self.asked.append(asked)
        more: dict[str, str] = {}
        try:
            if asked.path.startswith("/services/oauth2/token"):
                status, told = self._renew(parse_qs(asked.body))
            else:
                if asked.headers.get("authorization") != f"Bearer {self.token}":
                    raise SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")
                if self.used > self.limit:
                    raise SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
                status, told, more = self._route(asked)
        except SalesforceError as error:
            status, told = error.status, error.told
        self.watch(asked, status, told)
        return status, told, more

    def _renew(self, form: dict[str, list[str]]) -> tuple[int, Any]:
        if form.get("refresh_token") != [self.refresh]:
            return 400, [{"errorCode": "invalid_grant", "message": "expired access/refresh token"}]
        number = next(self._numbers)
        self.token, self.refresh = f"token-{number}", f"refresh-{number}"
        return 200, {"access_token": self.token, "refresh_token": self.refresh, "token_type": "Bearer"}

    def _route(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if asked.path == "/services/oauth2/userinfo":
            return 200, {"user_id": ME, "name": "Robin Vega", "email": "robin@seller.com"}, {}
        found = re.fullmatch(r"/services/data/(v\d+\.0)/(.*?)/?", asked.path)
        if not found:
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        version, parts = found[1], found[2].split("/")
        match (asked.method, *parts):
            case ("GET", "query" | "queryAll" as verb):
                soql = parse_qs(asked.query).get("q", [""])[0]
                return 200, self._query(soql, version, deleted=verb == "queryAll"), {}
            case ("GET", "query" | "queryAll", locator):
                return 200, self._page(locator, version), {}
            case ("POST", "composite"):
                return 200, {"compositeResponse": self._composite(asked)}, {}
            case ("GET" | "POST" | "PATCH" | "DELETE", "sobjects", table, *rest):
                return self._object(asked, table, rest)
        raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")

    def _object(self, asked: Asked, table: str, rest: list[str]) -> tuple[int, Any, dict[str, str]]:
        match (asked.method, "sobjects", table, *rest):
            case ("GET", "sobjects", table, "describe"):
                return 200, schema.describe(table, self.columns(table), {"StageName": "Stage"}), {}
            case ("POST", "sobjects", table):
                row = self._create(table, asked)
                return 201, {"id": row["Id"], "success": True, "errors": []}, {}
            case ("PATCH", "sobjects", table, external, value):
                return (*self._upsert(table, external, value, asked), {})
            case ("GET", "sobjects", table, identifier):
                row = self.row(table, identifier)
                stamp = datetime.fromisoformat(row["LastModifiedDate"]).astimezone(UTC)
                kept = {name: value for name, value in row.items() if name in {each[0] for each in self.columns(table)}}
                return 200, attributed(table, kept), {"last-modified": format_datetime(stamp, usegmt=True)}
            case ("PATCH", "sobjects", table, identifier):
                self._update(table, self.row(table, identifier), asked)
                return 204, None, {}
            case ("DELETE", "sobjects", table, identifier):
                self.row(table, identifier)
                self.delete(identifier)
                return 204, None, {}
        raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")

    # -- queries

    def _query(self, soql: str, version: str, *, deleted: bool) -> Row:
        try:
            query = parse(soql)
        except Malformed as error:
            raise SalesforceError(400, "MALFORMED_QUERY", str(error)) from error
        if query.table not in self.tables:
            raise SalesforceError(400, "INVALID_TYPE", f"sObject type '{query.table}' is not supported.")

        def look(row: Row, path: str) -> Any:
            return self.look(query.table, row, path)

        rows = [each for each in self.rows[query.table].values() if deleted or not each["IsDeleted"]]
        rows = [each for each in rows if query.where(each, look)]
        for name, down in reversed(query.order):
            rows.sort(key=lambda row, name=name: str(look(row, name) or ""), reverse=down)
        shown = [self.shown(query, row) for row in rows[: query.limit]]
        if not rows:
            for name in query.fields:
                look({}, name)
        locator = f"01g{next(self._numbers):012d}AAA"
        self._lists[locator] = shown
        return self._page(f"{locator}-0", version)

    def _page(self, place: str, version: str) -> Row:
        locator, _, offset = place.rpartition("-")
        if locator not in self._lists or not offset.isdigit() or int(offset) > len(self._lists[locator]):
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        rows, end = self._lists[locator], int(offset) + self.page
        page = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[int(offset) : end]}
        return (
            page if end >= len(rows) else page | {"nextRecordsUrl": f"/services/data/{version}/query/{locator}-{end}"}
        )

    # -- writes

    def _composite(self, asked: Asked) -> list[Row]:
        """All or none: what was done before a part that failed is taken back."""
        before = json.loads(json.dumps(self.rows))
        answers: list[tuple[str, int, Any]] = []
        known: dict[str, Any] = {}
        for part in asked.body["compositeRequest"]:
            url = re.sub(r"@\{(\w+)\.(\w+)\}", lambda found: str(known.get(found[1], {}).get(found[2])), part["url"])
            path, _, query = url.partition("?")
            headers = {name.lower(): value for name, value in part.get("httpHeaders", {}).items()}
            headers |= {"authorization": asked.headers.get("authorization", "")}
            headers |= {"content-type": "application/json"} if "body" in part else {}
            status, told, _ = self._answer(Asked(part["method"], unquote(path), query, headers, part.get("body")))
            answers.append((part["referenceId"], status, told))
            known[part["referenceId"]] = told if isinstance(told, dict) else {}
            if status >= 300 and asked.body.get("allOrNone"):
                self.rows = before
                halted = [{"errorCode": "PROCESSING_HALTED", "message": "The transaction was rolled back"}]
                answers = [
                    (name, 400 if code < 300 else code, halted if code < 300 else body) for name, code, body in answers
                ]
                left = asked.body["compositeRequest"][len(answers) :]
                answers += [(each["referenceId"], 400, halted) for each in left]
                break
        return [
            {"body": told, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name}
            for name, status, told in answers
        ]

    def _create(self, table: str, asked: Asked) -> Row:
        self._check(table, asked.body, None)
        self._refuse_duplicate(table, asked.body, asked, "")
        return self._put(table, asked.body, ME)

    def _upsert(self, table: str, external: str, value: str, asked: Asked) -> tuple[int, Any]:
        if not any(each[0] == external and "x" in each[3] for each in self.columns(table)):
            raise SalesforceError(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        if external in asked.body:
            raise SalesforceError(400, "INVALID_FIELD", f"The {external} field should not be specified in the body.")
        there = [each for each in self.rows[table].values() if each[external] == value and not each["IsDeleted"]]
        if len(there) > 1:
            return 300, [f"{asked.path}/{each['Id']}" for each in there]
        if there:
            self._update(table, there[0], asked)
            return 200, {"id": there[0]["Id"], "success": True, "errors": [], "created": False}
        row = self._create(table, Asked("POST", asked.path, "", asked.headers, asked.body))
        row[external] = value
        return 201, {"id": row["Id"], "success": True, "errors": [], "created": True}

    def _update(self, table: str, row: Row, asked: Asked) -> None:
        if since := asked.headers.get("if-unmodified-since"):
            try:
                guard = parsedate_to_datetime(since)
            except ValueError as error:
                raise SalesforceError(400, "INVALID_HEADER", "If-Unmodified-Since is no date") from error
            if datetime.fromisoformat(row["LastModifiedDate"]) > guard:
                raise SalesforceError(412, "PRECONDITION_FAILED", "The record was modified")
        self._check(table, asked.body, row)
        self._refuse_duplicate(table, {**row, **asked.body}, asked, row["Id"])
        self._change(table, row, asked.body, ME)

    def _check(self, table: str, values: Row, row: Row | None) -> None:
        columns = {each[0]: each for each in self.columns(table)}
        for name, value in values.items():
            if name not in columns:
                raise SalesforceError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {table}")
            _, kind, length, marks = columns[name]
            if "-" in marks or (row is not None and "c" in marks):
                raise SalesforceError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to set {name}", (name,))
            if bad := schema.wrong(name, kind, length, value):
                raise SalesforceError(400, *bad, (name,))
            known = [each for each, _ in schema.PICKLISTS.get((table, name), [])]
            if known and value is not None and value not in known:
                raise SalesforceError(
                    400,
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"bad value for restricted picklist field: {value}",
                    (name,),
                )
            if kind == "reference" and value and not any(value in rows for rows in self.rows.values()):
                raise SalesforceError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (name,))
        complete = {**(row or {}), **values}
        if lacking := [name for name, _, _, marks in columns.values() if "r" in marks and not complete.get(name)]:
            raise SalesforceError(
                400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {lacking}", tuple(lacking)
            )
        for rule in self.rules:
            if said := rule(table, complete):
                raise SalesforceError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", said)

    def _refuse_duplicate(self, table: str, values: Row, asked: Asked, except_id: str) -> None:
        """The standard contact rule, roughly: the same address, or the same full name at the same account."""
        rules = asked.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").split(";")
        if table != "Contact" or "allowSave=true" in rules:
            return
        same = ("FirstName", "LastName", "AccountId")
        for row in self.rows["Contact"].values():
            if row["IsDeleted"] or row["Id"] == except_id:
                continue
            mail = values.get("Email") and str(row["Email"]).lower() == str(values["Email"]).lower()
            name = all(values.get(each) and row[each] == values.get(each) for each in same)
            if mail or name:
                record = {
                    "attributes": {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{row['Id']}"}
                }
                match = {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0}
                found = {**match, "record": {**record, "Id": row["Id"]}}
                result = {"entityType": "Contact", "errors": [], "matchRecords": [found], "size": 1, "success": True}
                told = {"allowSave": True, "duplicateRule": "Standard_Contact_Duplicate_Rule", "matchResults": [result]}
                told["errorMessage"] = "You're creating a duplicate record. Use one of these records instead."
                raise SalesforceError(400, "DUPLICATES_DETECTED", "Use one of these records?", duplicateResult=told)


def seeded() -> FakeSalesforce:
    """An organisation with one customer, for trying things by hand."""
    fake = FakeSalesforce()
    account = fake.put("Account", {"Name": "Acme GmbH", "Website": "https://www.acme.de", "Industry": "Energy"})
    person = {"FirstName": "Ada", "LastName": "Lind", "Email": "ada@acme.de", "Title": "CTO", "AccountId": account}
    ada = fake.put("Contact", person)
    close = (fake.now + timedelta(days=40)).date().isoformat()
    terms = {"StageName": "Demo", "Amount": 30_000, "CloseDate": close}
    deal = fake.put("Opportunity", {"Name": "Platform 2026", "AccountId": account, **terms})
    fake.put("OpportunityContactRole", {"OpportunityId": deal, "ContactId": ada})
    return fake


if __name__ == "__main__":
    from tests.fakes.serve import run_by_hand

    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8701
    run_by_hand(
        seeded(),
        port,
        told=f"gangly connect salesforce --insecure-loopback --host http://127.0.0.1:{port} --set client_id=trial",
    )
