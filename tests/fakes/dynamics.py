"""A Dataverse organisation on this machine: it remembers, guards with ETags, tracks changes and enforces its limits.

By hand: `python -m tests.fakes.dynamics [PORT]`, then `gangly connect dynamics --host ADDRESS --insecure-loopback`.
What it answers follows learn.microsoft.com/power-apps/developer/data-platform/webapi; no live system was ever asked.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from tests.fakes.dynamics_rules import Problem, checked, lookup
from tests.fakes.dynamics_tables import COLUMNS, CURRENCIES, ME, ROBIN, TABLES, USERS, attribute, matches, of_set
from tests.fakes.serve import Dropped, Reply, run_by_hand

ROOT = "/api/data/v9.2/"
HOST = "https://acme.crm.dynamics.com"
_ROW = re.compile(r"(?P<set>\w+)\((?P<id>[0-9a-fA-F-]{36})\)")
_TOTAL = re.compile(r"RetrieveTotalRecordCount\(EntityNames=\[(?P<names>[^]]*)\]\)")
_TOKEN_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


Told = tuple[int, Mapping[str, str], Any]


class FakeDynamics:
    """One organisation. Everything a test may want to bend is a plain attribute."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TABLES}
        self.now = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
        self.log: list[tuple[str, str, bool]] = []  # table, id, whether it was deleted: its length is the version
        self.tokens = {"first-token"}
        self.next_token = "second-token"
        self.asked: list[Asked] = []
        self.watch: Callable[[Asked, int, Any], None] = lambda _asked, _status, _told: None
        self.page = 5_000
        self.left = 6_000
        self.may_track = True
        self.no_privilege: set[str] = set()  # "prvWriteOpportunity"
        self.rules: dict[str, str] = {"contact": "emailaddress1", "account": "name"}
        self.plugin = ""  # what a business rule says to every write
        self.faults: list[
            str
        ] = []  # one a request: 401, 429, 500, 503, html, garbage, drop, lost (after it was applied)
        self.token_born: dict[tuple[str, int], datetime] = {}
        self.lists: list[tuple[list[str], int]] = []

    # -- the server -------------------------------------------------------------------------------------------------
    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        if not path.startswith(ROOT):
            return self._sign_in(path) or (404, {"content-type": "text/html"}, b"<html>nothing here</html>")
        given = json.loads(body) if body else None
        asked = Asked(method=method, path=unquote(path), query=query, headers=dict(headers), body=given)
        self.asked.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        try:
            if fault not in ("", "lost"):
                return self._fault(fault)
            self._admit(headers)
            status, given_headers, told = self._answer(
                method, unquote(path.removeprefix(ROOT)), parse_qs(query), headers, given
            )
        except Problem as error:
            told = {"error": {"code": error.code, "message": error.message}}
            status, given_headers = error.status, {**self._limits(), **error.headers}
        self.watch(asked, status, told)
        if fault == "lost":
            raise Dropped
        if told is None:
            return status, given_headers, b""
        kind = {"content-type": "application/json; odata.metadata=minimal"}
        return status, {**given_headers, **kind}, json.dumps(told).encode()

    def _fault(self, fault: str) -> Reply:
        match fault:
            case "drop":
                raise Dropped
            case "html":
                return 502, {"content-type": "text/html"}, b"<html><h1>Bad gateway</h1></html>"
            case "garbage":
                return 200, {"content-type": "application/json"}, b'{"value": [{"contactid"'
            case "429":
                raise Problem(429, "0x80072322", "Number of requests exceeded the limit of 6000.", {"Retry-After": "7"})
            case "401":
                self.tokens.clear()
                self.tokens.add(self.next_token)
                raise Problem(401, "0x80072560", "The token has ended.")
            case _:
                raise Problem(int(fault), "0x80040216", "An unexpected error occurred.")

    def _admit(self, headers: Mapping[str, str]) -> None:
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            self.tokens.add(self.next_token)
            raise Problem(401, "", "The token has ended.")
        if headers.get("odata-version") != "4.0" or headers.get("odata-maxversion") != "4.0":
            raise Problem(400, "", "An OData version is needed.")
        self.left -= 1
        if self.left < 0:
            raise Problem(429, "0x80072322", "Number of requests exceeded the limit of 6000.", {"Retry-After": "12"})

    def _limits(self) -> dict[str, str]:
        return {
            "OData-Version": "4.0",
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(max(self.left, 0)),
            "x-ms-ratelimit-time-remaining-xrm-requests": "1,199.82",
        }

    def _reply(self, status: int, told: Any = None, headers: Mapping[str, str] | None = None) -> Told:
        return status, {**self._limits(), **(headers or {})}, told

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: Mapping[str, str], given: Any
    ) -> Told:
        if path == "WhoAmI":
            return self._reply(200, {"UserId": ME, "BusinessUnitId": ROBIN, "OrganizationId": ROBIN})
        if found := _TOTAL.fullmatch(path):
            names = [each.strip("'") for each in found["names"].split(",")]
            counts = {"Keys": names, "Values": [len(self.rows[each]) for each in names]}
            return self._reply(200, {"EntityRecordCountCollection": {"Count": len(names), **counts}})
        if path == "EntityDefinitions":
            told = [
                {"LogicalName": each.name, "EntitySetName": each.set, "PrimaryIdAttribute": each.key}
                for each in TABLES.values()
            ]
            return self._reply(200, {"value": [each for each in told if matches(query["$filter"][0], each)]})
        if path.startswith("EntityDefinitions("):
            return self._metadata(path, query)
        prefer = headers.get("prefer", "")
        if path in ("systemusers", "transactioncurrencies"):
            rows = USERS if path == "systemusers" else CURRENCIES
            return self._reply(200, {"value": [self._shown(each, query) for each in rows]})
        if found := _ROW.fullmatch(path):
            if found["set"] == "systemusers":
                return self._reply(200, self._shown(next(u for u in USERS if u["systemuserid"] == found["id"]), query))
            return self._one(method, of_set(found["set"]), found["id"].lower(), query, headers, given)
        return self._list(of_set(path), query, prefer)

    # -- reading ----------------------------------------------------------------------------------------------------
    def _list(self, table: str, query: dict[str, list[str]], prefer: str) -> Told:
        self._privilege("Read", table)
        size = min(self.page, int((re.search(r"odata\.maxpagesize=(\d+)", prefer) or [0, "5000"])[1]))
        if "odata.track-changes" in prefer or "$deltatoken" in query:
            return self._changes(table, query, size)
        rows = list(self.rows[table].values())
        if "$filter" in query:
            rows = [each for each in rows if matches(query["$filter"][0], each)]
        if "$orderby" in query:
            key = TABLES[table].key
            rows.sort(key=lambda each: (each["modifiedon"], each[key]))
        after = query.get("$skiptoken", [""])[0]
        if after:  # a paging cookie: what moved since is met again, nothing is left out
            stands = [(each["modifiedon"], each[TABLES[table].key]) for each in rows]
            rows = [each for each, place in zip(rows, stands, strict=True) if "|".join(place) > after]
        told: dict[str, Any] = {"value": [self._shown(each, query) for each in rows[:size]]}
        if len(rows) > size:
            last = rows[size - 1]
            told["@odata.nextLink"] = self._link(
                table, query, {"$skiptoken": f"{last['modifiedon']}|{last[TABLES[table].key]}"}
            )
        return self._reply(200, told)

    def _changes(self, table: str, query: dict[str, list[str]], size: int) -> Told:
        if not self.may_track:
            raise Problem(
                403, "0x80040220", f"Principal user is missing prvRead{table} privilege at organization level"
            )
        if forbidden := {"$filter", "$orderby", "$expand", "$top"} & set(query):
            raise Problem(400, "0x80060888", f"{sorted(forbidden)[0]} is not supported with change tracking")
        if "$skiptoken" in query:  # what was to be told is fixed when the first page is asked for
            number, _, place = query["$skiptoken"][0].partition(":")
            touched, upto = self.lists[int(number)]
            start = int(place)
        else:
            start, upto, touched = 0, len(self.log), self._touched(table, query)
            self.lists.append((touched, upto))
            number = str(len(self.lists) - 1)
        items: list[dict[str, Any]] = []
        for identifier in touched[start : start + size]:
            row = self.rows[table].get(identifier)
            if row is not None:
                items.append(self._shown(row, query))
            elif "$deltatoken" in query:
                items.append(
                    {"@odata.context": f"{HOST}{ROOT}$metadata#$deletedEntity", "id": identifier, "reason": "deleted"}
                )
        told: dict[str, Any] = {"value": items}
        if start + size < len(touched):
            token = {"$deltatoken": query["$deltatoken"][0]} if "$deltatoken" in query else {}
            told["@odata.nextLink"] = self._link(table, query, {"$skiptoken": f"{number}:{start + size}", **token})
        else:
            self.token_born[table, upto] = self.now
            told["@odata.deltaLink"] = self._link(table, query, {"$deltatoken": str(upto)})
        return self._reply(200, told)

    def _touched(self, table: str, query: dict[str, list[str]]) -> list[str]:
        if "$deltatoken" not in query:
            return list(self.rows[table])
        since = int(query["$deltatoken"][0])
        if self.now - self.token_born.get((table, since), self.now) > timedelta(days=_TOKEN_DAYS):
            raise Problem(400, "0x80044352", "Version stamp associated with the client has expired.")
        return list(dict.fromkeys(each[1] for each in self.log[since:] if each[0] == table))

    def _link(self, table: str, query: dict[str, list[str]], more: Mapping[str, str]) -> str:
        kept = {name: each[0] for name, each in query.items() if name not in ("$skiptoken", "$deltatoken")}
        return f"{HOST}{ROOT}{TABLES[table].set}?" + urlencode({**kept, **more}, quote_via=quote, safe="$,()")

    def _shown(self, row: Mapping[str, Any], query: dict[str, list[str]]) -> dict[str, Any]:
        """A row with the columns that were asked for, and what its lookups point to."""
        names = query["$select"][0].split(",") if "$select" in query else [each for each in row if "@" not in each]
        shown = {"@odata.etag": row["@odata.etag"]} if "@odata.etag" in row else {}
        for name in names:
            if name not in row and not any(name in columns for columns in COLUMNS.values()):
                raise Problem(400, "0x80060888", f"Could not find a property named '{name}'")
            shown[name] = row.get(name)
            for each in ("@OData.Community.Display.V1.FormattedValue", "@Microsoft.Dynamics.CRM.lookuplogicalname"):
                if row.get(name) is not None and name + each in row:
                    shown[name + each] = row[name + each]
        if "$expand" in query:
            relation = query["$expand"][0].partition("(")[0]
            shown[relation] = row.get(relation, [])
        return shown

    def _metadata(self, path: str, query: dict[str, list[str]]) -> Told:
        name, _, cast = path.partition("')/Attributes")
        columns = COLUMNS[name.removeprefix("EntityDefinitions(LogicalName='")]
        told = [attribute(each, column) for each, column in columns.items()]
        told = [each for each in told if matches(query["$filter"][0], each)]
        if cast:
            told = [each for each in told if cast.endswith(f".{each['AttributeType']}AttributeMetadata")]
        else:
            told = [{name: each[name] for name in each if name != "OptionSet"} for each in told]
        return self._reply(200, {"value": told})

    # -- one row ----------------------------------------------------------------------------------------------------
    def _one(  # noqa: PLR0917 - a request has these parts
        self,
        method: str,
        table: str,
        identifier: str,
        query: dict[str, list[str]],
        headers: Mapping[str, str],
        given: Any,
    ) -> Told:
        row = self.rows[table].get(identifier)
        match, none_match = headers.get("if-match"), headers.get("if-none-match")
        if method == "GET" or (row is None and (method == "DELETE" or match)):
            self._privilege("Read", table)
            if row is None:
                raise Problem(404, "0x80040217", f"{table} With Id = {identifier} Does Not Exist")
            return self._reply(200, self._shown(row, query))
        if row is not None and none_match == "*":
            raise Problem(412, "0x80040237", "A record with matching key values already exists.")
        if row is not None and match not in (None, "*", row["@odata.etag"]):
            stale = "The version of the existing record doesn't match the RowVersion property provided."
            raise Problem(412, "0x80060882", stale)
        self._privilege("Delete" if method == "DELETE" else "Write" if row is not None else "Create", table)
        if self.plugin:
            raise Problem(400, "0x80040265", self.plugin)
        if method == "DELETE":
            del self.rows[table][identifier]
            self.log.append((table, identifier, True))
            return self._reply(204)
        fresh = checked(self.rows, table, given)
        if headers.get("mscrm.suppressduplicatedetection") == "false":
            self._duplicate(table, identifier, {**(row or {}), **fresh})
        made = row is None
        stands = self.put(table, identifier, fresh)
        if "return=representation" not in headers.get("prefer", ""):
            return self._reply(204, None, {"OData-EntityId": f"{HOST}{ROOT}{TABLES[table].set}({identifier})"})
        return self._reply(201 if made else 200, self._shown(stands, query))

    def _privilege(self, verb: str, table: str) -> None:
        if (name := f"prv{verb}{table.capitalize()}") in self.no_privilege:
            raise Problem(403, "0x80040220", f"Principal user (Id={ME}) is missing {name} privilege (Id={ROBIN})")

    def _duplicate(self, table: str, identifier: str, row: Mapping[str, Any]) -> None:
        column = self.rules.get(table, "")
        value = str(row.get(column) or "").lower()
        others = (each for key, each in self.rows[table].items() if key != identifier)
        if value and any(str(each.get(column) or "").lower() == value for each in others):
            said = "A record was not created or updated because a duplicate of the current record already exists."
            raise Problem(412, "0x80040333", said)

    # -- behind the API ---------------------------------------------------------------------------------------------
    def put(self, table: str, identifier: str, fresh: Mapping[str, Any], *, by: str = ME) -> dict[str, Any]:
        """Keep columns of a row, as a user in Dynamics would; without `by` as the signed-in one."""
        key, who = TABLES[table].key, next(each for each in USERS if each["systemuserid"] == by)
        self.now += timedelta(seconds=1)
        before = self.rows[table].get(identifier)
        if before is None:
            begun = {key: identifier, "createdon": f"{self.now:%Y-%m-%dT%H:%M:%SZ}", "statecode": 0}
            before = {**begun, **lookup("_ownerid_value", by, "systemuser", who["fullname"])}
        row = {**before, **fresh, "modifiedon": f"{self.now:%Y-%m-%dT%H:%M:%SZ}"}
        row |= lookup("_modifiedby_value", by, "systemuser", who["fullname"])
        if table == "opportunity":
            row |= lookup(
                "_transactioncurrencyid_value", CURRENCIES[0]["transactioncurrencyid"], "transactioncurrency", "Euro"
            )
            row.setdefault("isrevenuesystemcalculated", False)
        self.log.append((table, identifier, False))
        row["@odata.etag"] = f'W/"{1_000 + len(self.log)}"'
        self.rows[table][identifier] = row
        return row

    def _sign_in(self, path: str) -> Reply | None:
        """Entra's endpoints behind the front door's consent, for a trial on this machine: everybody is Robin."""
        match path.rpartition("/")[2]:
            case "devicecode":
                told: dict[str, Any] = {"user_code": "ROBIN", "device_code": "agreed", "expires_in": 900, "interval": 1}
                told["verification_uri"] = "https://microsoft.com/devicelogin"
            case "token":
                token = f"token-{len(self.tokens)}"
                self.tokens.add(token)
                told = {"access_token": token, "refresh_token": f"refresh-{token}", "expires_in": 3_600}
            case _:
                return None
        return 200, {"content-type": "application/json"}, json.dumps(told).encode()


def company() -> FakeDynamics:
    """An organisation with a few records, for trying things by hand."""
    from tests.fakes.dynamics_tables import fill

    fake = FakeDynamics()
    fill(fake)
    return fake


if __name__ == "__main__":
    run_by_hand(
        company(),
        int(sys.argv[1]) if len(sys.argv) > 1 else 0,
        told="gangly connect dynamics --host THE-ADDRESS --insecure-loopback --set client_id=trial",
    )
