"""What the fake organisation holds, and what follows from a change of it: stamps, derived fields, history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.fakes import salesforce_schema as schema

ME, PRIYA = "005000000000001AAA", "005000000000002AAA"
Row = dict[str, Any]


class SalesforceError(Exception):
    """A refusal with its status and Salesforce's own body."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.told = [{"message": message, "errorCode": code, "fields": list(fields), **more}]


class Organisation:
    """The records. What a colleague does in the browser goes through `put`, `change` and `delete`."""

    def __init__(self, *, now: datetime | None, hidden: tuple[str, ...]) -> None:
        self.now = now or datetime.now(UTC)
        self.tables = {
            table: [each for each in columns if each[0] not in hidden] for table, columns in schema.TABLES.items()
        }
        self.rows: dict[str, dict[str, Row]] = {table: {} for table in self.tables}
        self._numbers = count(1)
        for who, name, email in ((ME, "Robin Vega", "robin@seller.com"), (PRIYA, "Priya Raman", "priya@seller.com")):
            self._put("User", {"Id": who, "Name": name, "Username": email, "Email": email, "IsActive": True}, ME)
        self._put("Organization", {"Name": "Acme Sellers", "IsSandbox": True}, ME)
        for number, (status, label) in enumerate(schema.PICKLISTS["Task", "Status"]):
            closed = status == "Completed"
            values = {"ApiName": status, "MasterLabel": label, "IsClosed": closed, "IsDefault": not number}
            self._put("TaskStatus", {**values, "SortOrder": number}, ME)
        for table, name in schema.TRACKED:
            parts = {"QualifiedApiName": name, "EntityDefinition.QualifiedApiName": table}
            self._put("FieldDefinition", {**parts, "IsFieldHistoryTracked": True}, ME)

    def put(self, table: str, row: Row, by: str = PRIYA) -> str:
        """A colleague makes a record in the browser: no duplicate rule, no guard."""
        return str(self._put(table, row, by)["Id"])

    def change(self, identifier: str, values: Row, by: str = PRIYA) -> None:
        """A colleague changes a record in the browser."""
        table = next(name for name, rows in self.rows.items() if identifier in rows)
        self._change(table, self.rows[table][identifier], values, by)

    def delete(self, identifier: str) -> None:
        """A record goes into the recycle bin."""
        self._tick()
        table = next(name for name, rows in self.rows.items() if identifier in rows)
        self.rows[table][identifier] |= {"IsDeleted": True, "SystemModstamp": self._stamp()}

    def at(self, identifier: str) -> Row:
        """A record as it stands."""
        return next(rows[identifier] for rows in self.rows.values() if identifier in rows)

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)

    def _stamp(self) -> str:
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _put(self, table: str, row: Row, by: str) -> Row:
        self._tick()
        identifier = row.get("Id") or f"{schema.PREFIX[table]}{next(self._numbers):012d}AAA"
        names = [each[0] for each in self.tables[table]]
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), self._stamp())
        flags = {name: False for name, kind, *_ in self.tables[table] if kind == "boolean"}  # one is never empty
        made = {**dict.fromkeys(names), **flags, "OwnerId": by, **stamps, "CreatedById": by, "LastModifiedById": by}
        self.rows[table][identifier] = made | {"IsDeleted": False, "Id": identifier}
        self._settle(table, self.rows[table][identifier], row, by)
        return self.rows[table][identifier]

    def _change(self, table: str, row: Row, values: Row, by: str) -> None:
        self._tick()
        for name, value in values.items():
            if (table, name) in schema.TRACKED and row[name] != value:
                told = {"OpportunityId": row["Id"], "Field": name, "OldValue": row[name], "NewValue": value}
                self._put("OpportunityFieldHistory", told, by)
        stamp = self._stamp()
        row |= {"LastModifiedDate": stamp, "SystemModstamp": stamp, "LastModifiedById": by}
        self._settle(table, row, values, by)

    def _settle(self, table: str, row: Row, values: Row, by: str) -> None:
        """What follows from new values: derived fields and history."""
        before = dict(row)
        row |= values
        if table == "Opportunity" and any(before[each] != row[each] for each in ("StageName", "Amount", "CloseDate")):
            if before["StageName"] != row["StageName"]:
                row["LastStageChangeDate"] = self._stamp()
            kept = {each: row[each] for each in ("StageName", "Amount", "CloseDate")}
            self._put("OpportunityHistory", {"OpportunityId": row["Id"], **kept}, by)
        if "CurrencyIsoCode" in row:
            row["CurrencyIsoCode"] = row["CurrencyIsoCode"] or "EUR"
        if table in ("Task", "Event"):
            row["WhoId"] = (values.get(f"{table}WhoIds") or [row["WhoId"]])[0]
            what = row["WhatId"] or ""
            person = self.rows["Contact"].get(row["WhoId"] or "", {})
            deal = self.rows["Opportunity"].get(what, {})
            row["AccountId"] = what if what.startswith("001") else deal.get("AccountId") or person.get("AccountId")
        if table == "Task":
            row["Status"] = row["Status"] or "Not Started"
            row["TaskSubtype"] = row["TaskSubtype"] or "Task"
            row["IsClosed"] = row["Status"] == "Completed"
            row["CompletedDateTime"] = (row["CompletedDateTime"] or self._stamp()) if row["IsClosed"] else None

    def columns(self, table: str) -> list[tuple[str, str, int, str]]:
        if table not in self.tables:
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        return self.tables[table]

    def row(self, table: str, identifier: str) -> Row:
        self.columns(table)
        row = self.rows[table].get(identifier)
        if row is None:
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        if row["IsDeleted"]:
            raise SalesforceError(404, "ENTITY_IS_DELETED", "entity is deleted")
        return row

    def look(self, table: str, row: Row, path: str) -> Any:
        relation, dot, name = path.partition(".")
        if dot and relation in schema.RELATIONS:
            return self.look("User", self.rows["User"].get(row.get(schema.RELATIONS[relation]) or "", {}), name)
        known = {each[0] for each in self.tables[table]} - {"TaskWhoIds", "EventWhoIds"}
        if path not in known:
            raise SalesforceError(400, "INVALID_FIELD", f"No such column '{path}' on entity '{table}'")
        return row.get(path)

    def shown(self, query: Any, row: Row) -> Row:
        shown: Row = {}
        for path in query.fields:
            relation, dot, name = path.partition(".")
            if dot:
                inner = shown.setdefault(relation, attributed("User", {}))
                inner[name] = self.look(query.table, row, path)
            else:
                shown[path] = self.look(query.table, row, path)
        for relation, names in query.subs:
            table = schema.SUBQUERIES[relation]
            if table == "OpportunityContactRole":
                found = [
                    {name: each[name] for name in names}
                    for each in self.rows[table].values()
                    if each["OpportunityId"] == row["Id"] and not each["IsDeleted"]
                ]
            else:
                people = row.get(f"{table}WhoIds") or ([row["WhoId"]] if row["WhoId"] else [])
                found = [{"RelationId": each} for each in people]
            shown[relation] = {"totalSize": len(found), "done": True, "records": found} if found else None
        return attributed(query.table, shown)


def attributed(table: str, row: Row) -> Row:
    """A row the way an answer shows it."""
    url = f"/services/data/v62.0/sobjects/{table}/{row.get('Id', '')}"
    return {"attributes": {"type": table, "url": url}, **row}
