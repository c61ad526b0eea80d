"""The store as its users see it: one object, one connection, a part for each noun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gynetix_tui.store.connection import Connection
from gynetix_tui.store.consent import Consent
from gynetix_tui.store.contacts import Contacts
from gynetix_tui.store.conversation import Conversations
from gynetix_tui.store.drafts import Drafts
from gynetix_tui.store.journal import settle
from gynetix_tui.store.messages import Messages
from gynetix_tui.store.migrations import migrate
from gynetix_tui.store.outbox import Outbox
from gynetix_tui.store.presence import Presence

if TYPE_CHECKING:
    from gynetix_tui.store.search import Search

_PATIENCE_SECONDS = 5.0


class Store:
    """What is kept, over one connection; to be used by one thread at a time.

    The screen has one that only reads; the engine's writer has the one that writes.

    Attributes:
        contacts: People and numbers, and the summary of each conversation.
        messages: What the gateway returned.
        outbox: Texts of ours and their states.
        drafts: Texts not yet sent.
        conversations: Messages and outbox together, in the order they are shown in.
        consent: The log of opt-outs.
    """

    def __init__(self, connection: Connection, presence: Presence) -> None:
        self._connection = connection
        self._presence = presence
        self.contacts = Contacts(connection)
        self.messages = Messages(connection)
        self.outbox = Outbox(connection)
        self.drafts = Drafts(connection)
        self.conversations = Conversations(connection)
        self.consent = Consent(connection)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, full_text: bool = True) -> Self:
        """Open the store, making or migrating its file where it must be; it is not repaired (see `prepare`).

        Args:
            path: The store.
            read_only: Whether every write is refused.
            full_text: Whether SQLite's full-text module may be used, where it has it.

        Raises:
            StoreError: The file cannot be opened, is no store, or comes from a newer version.
        """
        presence = Presence.shared(path, patience_seconds=_PATIENCE_SECONDS)
        try:
            connection = Connection.open(path, read_only=read_only, full_text=full_text)
            try:
                if not read_only:
                    if migrate(connection).before == 0:
                        settle(path)
                    connection.write_safely()
                    connection.keep_little()
            except BaseException:
                connection.close()
                raise
        except BaseException:
            presence.end()
            raise
        return cls(connection, presence)

    @cached_property
    def search(self) -> Search:
        """Looks through all that was said. Imported when it is first wanted: a start need not wait for it."""
        from gynetix_tui.store.search import Search

        return Search(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing of it.

        Raises:
            StoreError: The file is busy, unwritable or broken; nothing was changed.
        """
        with self._connection.transaction():
            yield

    def data_version(self) -> int:
        """A number that changes when another connection has written to the file (PRAGMA data_version).

        Raises:
            StoreError: It could not be read.
        """
        return self._connection.data_version()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._presence.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
