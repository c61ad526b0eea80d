"""From an answer to the bytes of a reply, whole or spoilt by a fault."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import cast

from gynetix_tui.sandbox.calls import Answer, Document
from gynetix_tui.sandbox.faults import Fault, FaultKind

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=UTF-8"

_HTML_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{0}</title></head>\n"
    "<body><h1>{0}</h1><p>We will be back in a moment.</p></body></html>\n"
)
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_BROKEN_BYTES = b"\xff\xc3("
# Stands in a text until the JSON is written: a private-use character that no text of ours holds.
_BROKEN_BYTES_MARK = "\uf8ff"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire.

    Attributes:
        headers: Beside Date, Content-Length and Connection, which the connection writes.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def written(document: object) -> bytes:
    r"""JSON as the document shows it: ASCII only, no blanks, slashes escaped as ``\/``."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def plain(answer: Answer) -> Reply:
    """The reply to an answer with which nothing goes wrong."""
    if answer.document is not None:
        return Reply(answer.status, written(answer.document))
    headers = (("Allow", "POST"),) if answer.status == HTTPStatus.METHOD_NOT_ALLOWED else ()
    return Reply(answer.status, _page(answer.status.phrase), HTML_TYPE, headers)


def spoilt(answer: Answer, fault: Fault, path: str) -> Reply:
    """The reply to an answer as a fault changes it.

    Args:
        answer: The answer that would be right.
        fault: What goes wrong; one that concerns the connection alone changes nothing here.
        path: The raw path of the request.
    """
    if fault.kind in _INSTEAD:
        return _INSTEAD[fault.kind](fault, path)
    if answer.document is not None and fault.kind in _CHANGES:
        _CHANGES[fault.kind](answer.document, fault)
    reply = plain(answer)
    if fault.kind is FaultKind.INVALID_UTF8:
        return replace(reply, body=reply.body.replace(rb"\uf8ff", _BROKEN_BYTES))
    if fault.kind is FaultKind.CURLY_QUOTES:
        return replace(reply, body=re.sub(r'"([^"]*)"', "“\\1”", reply.body.decode()).encode())
    if fault.kind is FaultKind.BAD_GZIP:
        return replace(reply, headers=(*reply.headers, ("Content-Encoding", "gzip")))
    return reply


def altered(text: str) -> str:
    """What a gateway that is careless with texts makes of one."""
    return text.rstrip().replace("\r\n", "\n").replace("\n", "\r\n").translate(_STRAIGHT)


def _page(title: str) -> bytes:
    return _HTML_PAGE.format(html.escape(title)).encode()


def _refuse(fault: Fault, path: str) -> Reply:
    return Reply(HTTPStatus.OK, written({"status": "failed", "message": fault.reason}))


def _status(fault: Fault, path: str) -> Reply:
    headers = () if fault.retry_after is None else (("Retry-After", str(fault.retry_after)),)
    names = {each.value: each.phrase for each in HTTPStatus}
    body = _page(names.get(fault.status, "Error")) if fault.body is None else fault.body.encode()
    return Reply(fault.status, body, HTML_TYPE, headers)


def _redirect(fault: Fault, path: str) -> Reply:
    location = f"/moved{path}" if fault.location is None else fault.location
    return Reply(HTTPStatus.TEMPORARY_REDIRECT, _page("Moved"), HTML_TYPE, (("Location", location),))


def _html(fault: Fault, path: str) -> Reply:
    body = _page("Down for maintenance") if fault.body is None else fault.body.encode()
    return Reply(HTTPStatus.OK, body, HTML_TYPE)


def _null(fault: Fault, path: str) -> Reply:
    return Reply(HTTPStatus.OK, b"null")


def _empty(fault: Fault, path: str) -> Reply:
    return Reply(HTTPStatus.OK)


def _listed(document: Document) -> list[object]:
    return cast("list[object]", document.get("messages", []))


def _objects(document: Document) -> list[Document]:
    return cast("list[Document]", _listed(document))


def _numbers_as_text(document: Document, fault: Fault) -> None:
    for message in _objects(document):
        message["ts"] = str(message["ts"])


def _missing_ts(document: Document, fault: Fault) -> None:
    for message in _objects(document):
        del message["ts"]


def _unknown_fields(document: Document, fault: Fault) -> None:
    for number, message in enumerate(_objects(document), 1):
        message.update(
            {"id": f"m{number}", "segments": 1, "carrier": {"name": "Example Mobile", "mms": False}}
        )
    document.update({"credits": 41.5, "campaign": {"id": 7, "name": "Spring/Summer"}, "tags": ["vip", None]})


def _one_broken_message(document: Document, fault: Fault) -> None:
    messages = _listed(document)
    broken = "not a message" if fault.body is None else json.loads(fault.body)
    messages.insert(len(messages) // 2, broken)


def _append(document: Document, end: str) -> None:
    holder = document if "messages" not in document else (_objects(document) or [{}])[-1]
    if "message" in holder:
        holder["message"] = f"{holder['message']}{end}"


def _lone_surrogate(document: Document, fault: Fault) -> None:
    _append(document, "\ud83d")


def _invalid_utf8(document: Document, fault: Fault) -> None:
    _append(document, _BROKEN_BYTES_MARK)


def _empty_conversation(document: Document, fault: Fault) -> None:
    document["messages"] = []
    for name in ("did", "owner"):
        document.pop(name, None)


def _shorter(document: Document, fault: Fault) -> None:
    messages = _listed(document)
    del messages[max(0, len(messages) - fault.count) :]


_INSTEAD: dict[FaultKind, Callable[[Fault, str], Reply]] = {
    FaultKind.REFUSE: _refuse,
    FaultKind.STATUS: _status,
    FaultKind.REDIRECT: _redirect,
    FaultKind.HTML: _html,
    FaultKind.NULL: _null,
    FaultKind.EMPTY_BODY: _empty,
}
_CHANGES: dict[FaultKind, Callable[[Document, Fault], None]] = {
    FaultKind.NUMBERS_AS_TEXT: _numbers_as_text,
    FaultKind.MISSING_TS: _missing_ts,
    FaultKind.UNKNOWN_FIELDS: _unknown_fields,
    FaultKind.ONE_BROKEN_MESSAGE: _one_broken_message,
    FaultKind.LONE_SURROGATE: _lone_surrogate,
    FaultKind.INVALID_UTF8: _invalid_utf8,
    FaultKind.EMPTY_CONVERSATION: _empty_conversation,
    FaultKind.SHORTER: _shorter,
}
