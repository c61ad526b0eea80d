"""The gateway's document: the three calls, their fields, and their answers.

Written from the document alone, so that a client that agrees with the sandbox agrees with the document and
not with itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import quote, unquote

from gynetix_tui.sandbox.journal import RecordedRequest
from gynetix_tui.sandbox.world import Message, World

Document: TypeAlias = dict[str, object]
"""A JSON object, before it is written out."""

API_PATH = "/standard/api"
"""The path of the document's BASE."""

ACCOUNT_ZONE = timezone(timedelta(hours=-7))
"""The zone of `date`: the document names none; its sample reads seven hours behind UTC."""

OWNER: Document = {
    "first_name": "Robin",
    "last_name": "Vale",
    "email": "robin.vale@example.com",
    "office": "Front desk",
}
"""Stands for the owner details of `detailed=Y`, whose names the document does not give."""


class Call(StrEnum):
    """The three documented calls, by the name in their paths."""

    SEND = "manualTXT"
    SUPPRESS = "addSuppression"
    CONVERSATION = "getConversation"


@dataclass(frozen=True, slots=True)
class Target:
    """What a path says: which call, with which key, and whether it may carry a query string."""

    call: Call
    key: str
    slash: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is written out; without a document, only the HTTP status speaks."""

    status: HTTPStatus
    document: Document | None = None


# The posting calls are printed with `v1` in one column of the document and with `post` in another.
_PATH = re.compile(
    re.escape(API_PATH)
    + r"/(?:(?:v1|post)/(?P<post>manualTXT|addSuppression)|messenger/(?P<get>getConversation))"
    + r"/key/(?P<key>[^/]+)/response/json(?P<slash>/?)"
)
_INTERNATIONAL = re.compile(r"\+[0-9]+")
_DIGITS = re.compile(r"[0-9]+")


def locate(path: str) -> Target | None:
    """Read a raw path; None where it is not a documented call's."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    return Target(Call(found["post"] or found["get"]), unquote(found["key"]), bool(found["slash"]))


class Calls:
    """Carries out the documented calls on a world."""

    def __init__(self, world: World, key: str, base_url: Callable[[], str]) -> None:
        self._world = world
        self._key = key
        self._base_url = base_url

    def carry_out(
        self, request: RecordedRequest, *, acts: bool = True, rewrite: Callable[[str], str] = str
    ) -> Answer:
        """Do what a request asks for.

        Args:
            request: A request that was received completely.
            acts: Whether the world changes; where it does not, the answer is that of one that did.
            rewrite: What becomes of the text of a message on its way.
        """
        target = locate(request.path)
        # The document: where fields go as a query string, the path must end in a slash.
        if target is None or (request.query and not target.slash):
            return Answer(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED)
        known = hmac.compare_digest(target.key.encode(), self._key.encode())
        if target.call is Call.CONVERSATION:
            return self._conversation(request, target.key, known)
        if not known:
            return _failed("Invalid API key")
        if target.call is Call.SEND:
            return self._send(request, acts, rewrite)
        return self._suppress(request, acts)

    def _send(self, request: RecordedRequest, acts: bool, rewrite: Callable[[str], str]) -> Answer:
        for name in ("to", "from", "message"):
            if not request.field(name):
                return _failed(f"Missing required field: {name}")
        for name in ("to", "from"):
            if not _INTERNATIONAL.fullmatch(request.field(name)):
                return _failed(f"Invalid number in field: {name}")
        if self._world.suppressed(request.phone):
            return _failed("Number is suppressed")
        if acts:
            self._world.send(request.phone, rewrite(request.field("message")), sender=request.field("from"))
        return _done("Message has been sent")

    def _suppress(self, request: RecordedRequest, acts: bool) -> Answer:
        phone = request.field("phone")
        if not phone:
            return _failed("Missing required field: phone")
        if not _DIGITS.fullmatch(phone):
            return _failed("Invalid number in field: phone")
        if acts:
            self._world.suppress(phone)
        return _done("Number has been added to suppression")

    def _conversation(self, request: RecordedRequest, key: str, known: bool) -> Answer:
        # The document: failed, or no conversation - the two look the same.
        phone = request.field("phone")
        if not known or not _DIGITS.fullmatch(phone):
            return Answer(HTTPStatus.OK, self._document(key, [], suppressed=False, local_number=None))
        document = self._document(
            key,
            self._world.conversation(phone),
            suppressed=self._world.suppressed(phone),
            local_number=self._world.local_number(phone),
        )
        if request.field("detailed") == "Y" and "did" in document:
            document["owner"] = dict(OWNER)
        return Answer(HTTPStatus.OK, document)

    def _document(
        self, key: str, messages: list[Message], *, suppressed: bool, local_number: str | None
    ) -> Document:
        path = f"post/addSuppression/key/{quote(key, safe='')}/response/json"
        document: Document = {
            "messages": [_listed(message) for message in messages],
            "suppressed": "Y" if suppressed else "N",
            "surl": f"{self._base_url()}/{path}",
        }
        if local_number is not None:
            document["did"] = local_number
        document["type"] = "all"
        return document


def printed_date(ts: int) -> str:
    """A time as the document prints it: ``1/24/2018 10:51 AM``, in the account's zone."""
    at = datetime.fromtimestamp(ts, ACCOUNT_ZONE)
    return (
        f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
    )


def _listed(message: Message) -> Document:
    return {
        "dir": message.direction.value,
        "ts": message.ts,
        "date": printed_date(message.ts),
        "message": message.text,
    }


def _done(message: str) -> Answer:
    return Answer(HTTPStatus.OK, {"status": "success", "message": message})


def _failed(reason: str) -> Answer:
    return Answer(HTTPStatus.OK, {"status": "failed", "message": reason})
