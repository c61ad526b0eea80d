"""The gateway's three calls, exactly as its document names them."""

from __future__ import annotations

import asyncio
import email.utils
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from types import TracebackType
from typing import Self

import httpx

from gynetix_tui.errors import GatewayError, NotSent, Refused, Uncertain
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway.body import ACCEPTED_ENCODING, read_body
from gynetix_tui.gateway.environment import proxy_for
from gynetix_tui.gateway.pieces import Fingerprint, Head
from gynetix_tui.gateway.transport import KEY_PLACEHOLDER, Departure, KeyTransport, describe, trusted_roots
from gynetix_tui.gateway.wire import Reading, Verdict, decode_verdict, read_conversation
from gynetix_tui.model import PhoneNumber
from gynetix_tui.phone import wire_number, wire_phone
from gynetix_tui.settings.secret import ApiKey

SEND_TIMEOUTS = httpx.Timeout(connect=10, write=15, read=60, pool=5)
FETCH_TIMEOUTS = httpx.Timeout(connect=10, write=15, read=20, pool=5)
SEND_SECONDS = 120.0
FETCH_SECONDS = 60.0
"""A request that takes longer in all is given up: a server may drip a byte just before each timeout."""
ANSWER_LIMIT = 32_000_000
_OFF_THE_LOOP = 64 * 1024
"""An answer of more bytes is read in a thread: 1 MB takes 10 ms."""

_LONGEST_REASON = 1_000
_LONGEST_WAIT = 86_400.0
_LONGEST_DATE = 100

_SPELLINGS = {"manualTXT": ("v1", "post"), "addSuppression": ("post", "v1")}
"""The document spells the posting calls' paths in two ways; its table's own comes first."""
_NOT_TAKEN = frozenset({404, 405})


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes = field(repr=False)  # it may hold the key, and a traceback may show it
    retry_after: float | None
    served_at: float | None


class Gateway:
    """The gateway for one account.

    Sends go over connections of their own, each used once: on a connection that is kept alive, a request may
    meet the server's closing of it, and then nobody knows whether it was read. Nothing follows redirects, keeps
    cookies, or tries anything twice; proxies and certificates of the environment count only where it is trusted.

    Args:
        base_url: The address of the API, without a trailing slash.
        key: The account's API key.
        roots: The certificates to trust; None for `transport.trusted_roots`, made here, which takes 40 ms.
        send_seconds: How long a posting call may take in all; the gateway may have acted on one that is given up.
        fetch_seconds: How long a fetch may take in all.
        answer_limit: The largest answer that is read, in bytes, packed as well as unpacked.
        trust_environment: Whether an https gateway is reached through the proxy that the environment names, and
            its certificate checked (where `roots` is None) by those that SSL_CERT_FILE and SSL_CERT_DIR name.

    Raises:
        ConfigError: The environment is trusted, and what it names cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: ApiKey,
        roots: ssl.SSLContext | None = None,
        send_seconds: float = SEND_SECONDS,
        fetch_seconds: float = FETCH_SECONDS,
        answer_limit: int = ANSWER_LIMIT,
        trust_environment: bool = False,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._send_seconds = send_seconds
        self._fetch_seconds = fetch_seconds
        self._answer_limit = answer_limit
        self._heads: dict[PhoneNumber, Head] = {}
        self._spelling = {call: spellings[0] for call, spellings in _SPELLINGS.items()}
        # Plain http, on loopback, needs none; https never goes without.
        secure = base_url.startswith("https:")
        verify = (roots or trusted_roots(trust_environment=trust_environment)) if secure else None
        proxy = proxy_for(base_url, verify) if verify and trust_environment else None
        self._sends = self._client(SEND_TIMEOUTS, verify, proxy, httpx.Limits(max_keepalive_connections=0))
        self._fetches = self._client(
            FETCH_TIMEOUTS, verify, proxy, httpx.Limits(max_keepalive_connections=2, keepalive_expiry=60)
        )

    def _client(
        self,
        timeouts: httpx.Timeout,
        verify: ssl.SSLContext | None,
        proxy: httpx.Proxy | None,
        limits: httpx.Limits,
    ) -> httpx.AsyncClient:
        # The proxy is given here: a client that is handed a transport mounts none of its own.
        inner = httpx.AsyncHTTPTransport(
            verify=verify or False, limits=limits, http2=False, proxy=proxy, trust_env=False
        )
        return httpx.AsyncClient(
            transport=KeyTransport(inner, self._key),
            timeout=timeouts,
            follow_redirects=False,
            trust_env=False,
            headers={
                "User-Agent": "gynetix-tui",
                "Accept": "application/json",
                "Accept-Encoding": ACCEPTED_ENCODING,
            },
        )

    async def send_message(self, *, to: PhoneNumber, sender: PhoneNumber, text: str) -> str:
        """Send a text (manualTXT) and return the gateway's words about it.

        Never to be cancelled: a cancelled request may have arrived.

        Raises:
            NotSent: It never left this machine.
            Uncertain: It left, and no readable answer came.
            Refused: The gateway said no; the message is its reason.
        """
        fields = {"to": wire_number(to), "from": wire_number(sender), "message": text}
        return await self._tell("manualTXT", fields)

    async def add_suppression(self, *, phone: PhoneNumber) -> str:
        """Ask that a number gets no more texts (addSuppression) and return the gateway's words about it.

        No call undoes it.

        Raises:
            NotSent: It never left this machine.
            Uncertain: It left, and no readable answer came.
            Refused: The gateway said no; the message is its reason.
        """
        return await self._tell("addSuppression", {"phone": wire_phone(phone)})

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        """Fetch all that was said with a number (getConversation).

        Args:
            phone: Whose conversation.
            detailed: Ask for the owner's details too.
            known: The digest of an answer that is merged already.

        Returns:
            The conversation, or None where the answer is, byte for byte, the one with the digest `known`. Where it
            only goes on from that one, and that one was this client's last of the number, it is without most of the
            messages that both have; those of a second with a message that is new are never left out.

        Raises:
            NotSent: No connection.
            Uncertain: The answer did not come, or cannot be read.
            Refused: The gateway said no; the message is its reason.
        """
        fields = {"phone": wire_phone(phone)}
        if detailed:
            fields["detailed"] = "Y"
        last = self._heads.get(phone)
        # Only of what the caller has merged: what else was answered may not have come to the store.
        fingerprint = Fingerprint(last if last and last.of == known else None)
        answer = await self._post(
            self._fetches,
            "messenger/getConversation",
            fields,
            seconds=self._fetch_seconds,
            seen=fingerprint.add,
        )
        if not 200 <= answer.status < 300:
            raise self._error_for(answer)
        digest = fingerprint.digest
        if known and digest == known:
            return None

        def read() -> Reading:
            return read_conversation(
                answer.body,
                digest=digest,
                head=fingerprint.head,
                served_at=answer.served_at,
                redact=self._key.redact,
            )

        try:
            reading = await asyncio.to_thread(read) if len(answer.body) > _OFF_THE_LOOP else read()
        except GatewayError as error:
            failed = type(error)(self._shown(str(error)))
        else:
            if not detailed:  # another form of the answer, which says nothing about the next one without
                self._remember(phone, reading.head)
            return reading.conversation
        raise failed

    def _remember(self, phone: PhoneNumber, head: Head | None) -> None:
        if head:
            self._heads[phone] = head
        else:
            self._heads.pop(phone, None)

    async def close(self) -> None:
        """Close all connections."""
        await self._sends.aclose()
        await self._fetches.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _tell(self, call: str, fields: Mapping[str, str]) -> str:
        """A posting call. A 404 or 405 says that nobody took it: then, and only then, the other spelling is tried."""
        seconds = self._send_seconds
        answer = await self._post(self._sends, f"{self._spelling[call]}/{call}", fields, seconds=seconds)
        if answer.status in _NOT_TAKEN:
            other = next(spelling for spelling in _SPELLINGS[call] if spelling != self._spelling[call])
            second = await self._post(self._sends, f"{other}/{call}", fields, seconds=seconds)
            if second.status not in _NOT_TAKEN:
                self._spelling[call] = other
                answer = second
        verdict = self._verdict(answer) if 200 <= answer.status < 300 else None
        if verdict is None:
            raise self._error_for(answer)
        if not verdict.success:
            raise Refused(verdict.message or "the gateway gave no reason")
        return verdict.message

    def _verdict(self, answer: _Answer) -> Verdict | None:
        """What the answer says, without the key, which it may repeat."""
        verdict = decode_verdict(answer.body)
        return verdict and replace(verdict, message=self._shown(verdict.message))

    def _shown(self, words: str) -> str:
        """The gateway's words without the key. Cut after that: half a key would not be found."""
        return self._key.redact(words)[:_LONGEST_REASON]

    def _error_for(self, answer: _Answer) -> GatewayError:
        """What an answer that is no success means for the request.

        A 4xx says that the request was not carried out (RFC 9110 §15.5), but for 408, which may come late; a
        5xx or a redirect may follow on a text that was taken.
        """
        if 200 <= answer.status < 300:
            return Uncertain("the gateway's answer could not be read")
        if 400 <= answer.status < 500 and answer.status != 408:
            verdict = self._verdict(answer) or Verdict(False, "")
            words = f"HTTP {answer.status}" + (f": {verdict.message}" if verdict.message else "")
            return Refused(f"the gateway answered {words}", retry_after=answer.retry_after)
        return Uncertain(f"the gateway answered HTTP {answer.status}", retry_after=answer.retry_after)

    async def _post(
        self,
        client: httpx.AsyncClient,
        call: str,
        fields: Mapping[str, str],
        *,
        seconds: float,
        seen: Callable[[bytes], None] = lambda _: None,
    ) -> _Answer:
        url = f"{self._base_url}/{call}/key/{KEY_PLACEHOLDER}/response/json"
        departure = Departure()
        try:
            async with (
                asyncio.timeout(seconds),
                client.stream("POST", url, data=dict(fields), extensions=departure.extensions) as response,
            ):
                return _Answer(
                    response.status_code,
                    await read_body(response, self._answer_limit, seen),
                    _retry_after(response.headers.get("Retry-After")),
                    _date(response.headers.get("Date")),
                )
        except Uncertain as error:
            failed: GatewayError = Uncertain(str(error))
        except Exception as error:
            words = describe(error, left=departure.left)
            failed = Uncertain(words) if departure.left else NotSent(words)
        # A new one, raised out here, so that neither context nor traceback leads to frames that saw key or body.
        raise failed


def _retry_after(value: str | None) -> float | None:
    """Seconds; the header's other form, a date, is not used for so short a wait (RFC 9110 §10.2.3).

    A day at most: whoever waits for 400 digits of seconds waits for ever.
    """
    digits = (value or "").strip()
    return min(float(digits), _LONGEST_WAIT) if digits.isascii() and digits.isdigit() else None


def _date(value: str | None) -> float | None:
    """The Date header (RFC 9110 §6.6.1) as epoch seconds."""
    try:
        at = email.utils.parsedate_to_datetime(value) if value and len(value) < _LONGEST_DATE else None
    except (ValueError, OverflowError):
        return None
    # A date without a zone is UTC too; a naive one would be read in the zone of this machine.
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp() if at else None
