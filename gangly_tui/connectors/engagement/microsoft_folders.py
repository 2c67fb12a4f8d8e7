"""The folders of an Outlook mailbox that are read, as the person sees them, and how far each has been read.

A mail may move from one folder to another while they are read one after another: it is gone here and new there. What
is gone is therefore told at the end of a round, when it has come up nowhere else; a round that is cut short goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gangly_tui.connectors.engagement.microsoft_graph import Graph, at
from gangly_tui.domain.errors import NotFound

SENT: Final = "sentitems"
_LEFT_OUT: Final = ("drafts", "deleteditems", "junkemail", "outbox", "conversationhistory", "syncissues")
_MOST_FOLDERS: Final = 200
_DEEPEST: Final = 5
_SHOWN: Final[Mapping[str, str | int]] = {"$select": "id,displayName,parentFolderId,childFolderCount", "$top": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder. `names` are its own and those it lies in, the outermost first."""

    id: str
    names: tuple[str, ...]
    sent: bool = False
    """it lies in the folder of what was sent"""


async def read_folders(graph: Graph, known: dict[str, str]) -> list[Folder]:
    """What is read: the inbox first, then what was sent, then all others but drafts, junk and what was deleted.

    `known` remembers the ids of the folders that every mailbox has.
    """
    for name in ("inbox", SENT, *_LEFT_OUT):
        if name not in known:
            known[name] = await well_known(graph, name)
    left_out = {known[name] for name in _LEFT_OUT} - {""}
    found: list[Folder] = []

    async def below(path: str, names: tuple[str, ...], *, sent: bool, depth: int) -> None:
        for row in await graph.listed(path, _SHOWN, _MOST_FOLDERS):
            identifier = str(row.get("id") or "")
            if not identifier or identifier in left_out or len(found) >= _MOST_FOLDERS:
                continue
            own = (*names, str(row.get("displayName") or "")[:300])
            is_sent = sent or identifier == known[SENT]
            found.append(Folder(id=identifier, names=own, sent=is_sent))
            if row.get("childFolderCount") and depth < _DEEPEST:
                await below(at("/me/mailFolders", identifier, "/childFolders"), own, sent=is_sent, depth=depth + 1)

    await below("/me/mailFolders", (), sent=False, depth=1)
    return sorted(found, key=lambda each: (each.id != known["inbox"], each.id != known[SENT]))


async def well_known(graph: Graph, name: str) -> str:
    """The id of a folder that every mailbox has under this name, whatever it is called there; "" when it has not."""
    try:
        return str((await graph.get(f"/me/mailFolders/{name}", {"$select": "id"}))["id"])
    except NotFound:
        return ""


@dataclass(slots=True, kw_only=True)
class Round:
    """How far the folders have been read. `places` has, by folder, where to go on; the rest is of the round under way.

    `first`: it is the first one, in which nothing can be gone yet.
    """

    places: dict[str, str] = field(default_factory=dict)
    names: dict[str, Sequence[str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    seen: dict[str, None] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    first: bool = True

    @classmethod
    def of(cls, since: str) -> Round | None:
        """What a cursor says; None when it says nothing that can be used."""
        try:
            kept = json.loads(since)
            going = cls(first=kept.get("first") is True)
            going.places = {str(key): str(each) for key, each in kept["places"].items()}
            going.names = {str(key): list(map(str, each)) for key, each in kept["names"].items()}
            going.done = list(map(str, kept["done"]))
            going.seen, going.gone = (dict.fromkeys(map(str, kept[each])) for each in ("seen", "gone"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return going if all(each.startswith("/") for each in going.places.values()) else None

    def dump(self) -> str:
        """As a cursor."""
        return json.dumps(
            {
                "places": self.places,
                "names": self.names,
                "done": self.done,
                "seen": [*self.seen],
                "gone": [*self.gone],
                "first": self.first,
            }
        )

    def fits(self, folders: Sequence[Folder]) -> bool:
        """Whether all folders that were read are still there: what lay in one that went can only be told anew."""
        return set(self.places) <= {each.id for each in folders}

    def place_of(self, folder: Folder) -> str:
        """Where to go on in a folder; "" for one that is new, or has another name: its mails are told again."""
        return self.places.get(folder.id, "") if self.names.get(folder.id) == list(folder.names) else ""

    def note(self, folder: Folder, place: str, rows: Sequence[Mapping[str, object]], *, last: bool) -> None:
        """A page of a folder has been read."""
        for row in () if self.first else rows:
            identifier = str(row.get("id"))
            if "@removed" not in row:
                self.seen[identifier] = None
                self.gone.pop(identifier, None)
            elif identifier not in self.seen:
                self.gone[identifier] = None
        self.places[folder.id], self.names[folder.id] = place, list(folder.names)
        if last:
            self.done.append(folder.id)

    def end(self) -> tuple[str, ...]:
        """The round is over: what is gone."""
        gone = tuple(self.gone)
        self.done, self.seen, self.gone, self.first = [], {}, {}, False
        return gone
