"""What the engine tells whoever listens. Events carry state, not deltas: any may be dropped for a later one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gynetix_tui.model import ContactId


class LinkState(StrEnum):
    """What is known of the way to the gateway."""

    STARTING = "starting"
    """No answer yet."""
    ASKING = "asking"
    """The keyring takes its time to give the API key: it may be asking the user for its password."""
    NO_KEY = "no key"
    """There is no API key; nothing is sent or fetched."""
    LIVE = "live"
    """The last answer was good."""
    OFFLINE = "offline"
    """The gateway cannot be reached."""
    TROUBLE = "trouble"
    """The gateway is reached, and its last answer was a refusal or could not be read."""


@dataclass(frozen=True, slots=True)
class Link:
    """The way to the gateway, for the status line.

    Attributes:
        reason: Why it is not live, in plain words, raw; else empty.
        since: When the present state began, epoch seconds.
        next_try_at: When the next attempt is due, epoch seconds, or None where none is planned.
        next_try_in: How many seconds off that was when this was told; the attempt comes no later.
        contact_id: Whose conversation the reason is about; None where it is about all.
        every: Seconds between two looks, as long as it is live: at the open conversation, or where none is open,
            at those that are looked at most often.
    """

    state: LinkState
    reason: str = ""
    since: float = 0.0
    next_try_at: float | None = None
    next_try_in: float = 0.0
    contact_id: ContactId | None = None
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """A contact's summary or conversation is not what it was: read it anew."""

    contact_id: ContactId


@dataclass(frozen=True, slots=True)
class ContactsChanged:
    """Contacts were added or deleted: read the list anew."""


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The way to the gateway is not what it was."""

    link: Link


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """The store takes nothing for now (`reason`, a sentence), or takes everything again (an empty one).

    Until then nothing is sent, and nothing that arrives is kept.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class KeyNeeded:
    """The engine waits for `Engine.use_key`.

    Attributes:
        reason: What the keyring said, where it was asked and failed; else empty.
        keyring: The name of the keyring that a key would be kept in; empty where there is none.
    """

    reason: str
    keyring: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know and need not act on; `text` is raw."""

    text: str
    warning: bool = False


Event = ContactChanged | ContactsChanged | LinkChanged | StoreTrouble | KeyNeeded | Notice
