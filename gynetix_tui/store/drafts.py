"""Drafts: what was typed and not sent, one for each conversation."""

from __future__ import annotations

from typing import cast

from gynetix_tui.model import ContactId
from gynetix_tui.store.connection import Connection


class Drafts:
    """The table `drafts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, contact_id: ContactId) -> str:
        """The contact's draft; empty where there is none."""
        row = self._connection.one("SELECT text FROM drafts WHERE contact_id = ?", (contact_id,))
        return cast("str", row[0]) if row else ""

    def put(self, contact_id: ContactId, text: str, *, now: float) -> None:
        """Keep the draft; an empty one is removed. A contact that was deleted meanwhile gets none."""
        if text:
            self._connection.run(
                "INSERT INTO drafts (contact_id, text, updated_at) SELECT id, ?, ? FROM contacts WHERE id = ?"
                " ON CONFLICT (contact_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
                (text, now, contact_id),
            )
        else:
            self._connection.run("DELETE FROM drafts WHERE contact_id = ?", (contact_id,))
