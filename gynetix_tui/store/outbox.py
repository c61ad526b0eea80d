"""The outbox: texts of ours, from the moment they are written until the gateway shows them.

A row is claimed (queued to sending) by one atomic UPDATE that is committed before its first byte leaves;
whatever happens to the program afterwards, a row that may have left is never taken for one that did not.
"""

from __future__ import annotations

from typing import cast

from gynetix_tui.model import ContactId, OutboxId, OutgoingText, PhoneNumber, SendState
from gynetix_tui.store.connection import Connection, Row
from gynetix_tui.text import fold

_COLUMNS = (
    "id, contact_id, recipient, sender, text, state, created_at, left_at, ended_at, attempts, reason, misses"
)

_MAY_BE_TEXTED = "NOT suppressed AND opt_out_text IS NULL"
"""Of a contact; as `Contact.may_be_texted`."""

_UNDER_WAY = "(state = 'sending' OR (state = 'seen' AND ended_at IS NULL))"
"""The request has not ended; a text may be seen at the gateway before its own answer comes."""


class Outbox:
    """The table `outbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, contact_id: ContactId, *, to: PhoneNumber, sender: PhoneNumber, text: str, now: float
    ) -> OutboxId:
        """Queue a text."""
        return OutboxId(
            self._connection.insert(
                "INSERT INTO outbox (contact_id, recipient, sender, text, state, created_at) VALUES (?, ?, ?, ?, 'queued', ?)",
                (contact_id, to, sender, text, now),
            )
        )

    def get(self, outbox_id: OutboxId) -> OutgoingText | None:
        """The text, or None where its contact has been deleted."""
        sql = f"SELECT {_COLUMNS} FROM outbox WHERE id = ?"  # noqa: S608 - a constant
        found = self._connection.read(_text, sql, (outbox_id,))
        return found[0] if found else None

    def claim(self, *, owner: str, now: float) -> OutgoingText | None:
        """Take the next text that may go out, mark it `sending`, and return it; None where none may.

        Texts of one conversation go in the order they were written, one at a time: one that is under way,
        or waits to be tried again, holds back those behind it. None goes to a contact that may not be texted.

        Args:
            owner: Names this process, so that others can tell when it has died.
            now: When this is.
        """
        claimed = self._connection.read(
            _text,
            f"""
            UPDATE outbox SET state = 'sending', owner = ?1, left_at = ?2, ended_at = NULL, attempts = attempts + 1, reason = ''
            WHERE state = 'queued' AND id = (
                SELECT id FROM outbox AS next WHERE state = 'queued' AND next_try_at <= ?2
                AND EXISTS (SELECT 1 FROM contacts WHERE contacts.id = next.contact_id AND {_MAY_BE_TEXTED})
                AND NOT EXISTS (
                    SELECT 1 FROM outbox AS earlier WHERE earlier.contact_id = next.contact_id
                        AND earlier.state IN ('queued', 'sending') AND (earlier.state = 'sending' OR earlier.id < next.id))
                ORDER BY id LIMIT 1)
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            (owner, now),
        )
        return claimed[0] if claimed else None

    def finish(self, outbox_id: OutboxId, state: SendState, *, reason: str = "", now: float) -> None:
        """Keep how a request ended.

        A text that was meanwhile seen at the gateway stays seen, unless it certainly did not arrive: then what
        was seen is another's, with the same words.
        """
        stays = "state = 'seen' AND ?1 <> 'failed'"
        self._connection.run(
            f"UPDATE outbox SET state = iif({stays}, state, ?1), reason = iif({stays}, reason, ?2),"  # noqa: S608 - constants
            f" message_id = iif({stays}, message_id, NULL), ended_at = ?3 WHERE id = ?4 AND {_UNDER_WAY}",
            (state, reason, now, outbox_id),
        )

    def requeue(self, outbox_id: OutboxId, *, reason: str, next_try_at: float) -> None:
        """Put a text back whose request certainly never left, whatever with the same words was seen meanwhile.

        Where its contact may not be texted by now, `fail_queued` is to follow.
        """
        self._connection.run(
            "UPDATE outbox SET state = 'queued', reason = ?, next_try_at = ?, left_at = NULL, message_id = NULL"  # noqa: S608 - a constant
            f" WHERE id = ? AND {_UNDER_WAY}",
            (reason, next_try_at, outbox_id),
        )

    def expire(self, *, written_before: float, reason: str, now: float) -> list[ContactId]:
        """Fail queued texts that were written too long ago, and return their contacts."""
        rows = self._connection.all(
            "UPDATE outbox SET state = 'failed', reason = ?, ended_at = ? WHERE state = 'queued' AND created_at < ?"
            " RETURNING contact_id",
            (reason, now, written_before),
        )
        return [ContactId(cast("int", row[0])) for row in rows]

    def fail_queued(self, contact_id: ContactId, *, reason: str, now: float) -> bool:
        """Fail what waits for a contact who may be texted no more; return whether anything did."""
        return (
            self._connection.run(
                "UPDATE outbox SET state = 'failed', reason = ?, ended_at = ? WHERE contact_id = ? AND state = 'queued'",
                (reason, now, contact_id),
            )
            > 0
        )

    def sent_lately(self, number: PhoneNumber, text: str, *, since: float) -> float | None:
        """When the same text last went to a number, or was written to go there; None where it did not.

        Texts are the same that a gateway may have made of one another. What failed or was discarded does not
        count; what may have been sent does.

        Args:
            number: Whom it goes to.
            text: What it says.
            since: How far to look back, epoch seconds.
        """
        rows = self._connection.all(
            """
            SELECT text, coalesce(left_at, created_at) FROM outbox
            WHERE recipient = ?1 AND state NOT IN ('failed', 'discarded')
                AND (coalesce(left_at, created_at) >= ?2 OR state IN ('queued', 'sending'))
            UNION ALL
            SELECT text, CAST(ts AS REAL) FROM messages
            WHERE contact_id = (SELECT id FROM contacts WHERE number = ?1) AND direction = 'OUT' AND ts >= ?2
            """,
            (number, since),
        )
        sought = fold(text)
        times = [cast("float", at) for said, at in rows if fold(cast("str", said)) == sought]
        return max(times, default=None)

    def next_try_at(self) -> float | None:
        """When the next queued text may go out, or None where none is queued.

        Only the first of each conversation counts: those behind it wait for it, whatever their own times are.
        """
        row = self._connection.one(
            "SELECT min(next_try_at) FROM outbox AS next WHERE state = 'queued' AND NOT EXISTS ("
            "SELECT 1 FROM outbox AS earlier WHERE earlier.contact_id = next.contact_id"
            " AND earlier.state = 'queued' AND earlier.id < next.id)"
        )
        return cast("float | None", row[0]) if row else None

    def sending(self) -> list[tuple[OutboxId, ContactId, str]]:
        """Texts under way, as (id, contact, owner)."""
        rows = self._connection.all("SELECT id, contact_id, owner FROM outbox WHERE state = 'sending'")
        return [(OutboxId(cast("int", a)), ContactId(cast("int", b)), cast("str", c)) for a, b, c in rows]

    def unmatched(self, contact_id: ContactId) -> list[OutgoingText]:
        """Texts that may stand at the gateway and were not found there yet, in the order they claim a match.

        Those that the gateway said it took come first, then those under way: one of these may be told as taken
        yet, and must find its own copy then. The uncertain ones come last, oldest first.
        """
        return self._connection.read(
            _text,
            f"SELECT {_COLUMNS} FROM outbox WHERE contact_id = ? AND state IN ('accepted', 'unconfirmed', 'sending')"  # noqa: S608 - a constant
            " ORDER BY CASE state WHEN 'accepted' THEN 0 WHEN 'sending' THEN 1 ELSE 2 END, id",
            (contact_id,),
        )

    def awaited(self) -> set[ContactId]:
        """The contacts with a text that is unmatched."""
        rows = self._connection.all(
            "SELECT DISTINCT contact_id FROM outbox WHERE state IN ('accepted', 'unconfirmed', 'sending')"
        )
        return {ContactId(cast("int", row[0])) for row in rows}

    def matched_messages(self, contact_id: ContactId) -> set[int]:
        """Messages of the gateway that confirm a text already: none confirms two."""
        rows = self._connection.all(
            "SELECT message_id FROM outbox WHERE contact_id = ? AND message_id IS NOT NULL", (contact_id,)
        )
        return {cast("int", row[0]) for row in rows}

    def confirm(self, outbox_id: OutboxId, message_id: int) -> None:
        """A message of the gateway's is this text: it is seen."""
        self._connection.run(
            "UPDATE outbox SET state = 'seen', message_id = ?, reason = '', missing = 0 WHERE id = ?",
            (message_id, outbox_id),
        )

    def note_miss(self, outbox_id: OutboxId, *, missing: bool) -> None:
        """An uncertain text was looked for in a complete answer and not found."""
        self._connection.run(
            "UPDATE outbox SET misses = misses + 1, missing = ? WHERE id = ?", (missing, outbox_id)
        )

    def discard(self, outbox_id: OutboxId) -> None:
        """The user wants this text no more; one that is under way, or was seen, cannot be taken back."""
        self._connection.run(
            "UPDATE outbox SET state = 'discarded' WHERE id = ? AND state IN ('queued', 'unconfirmed', 'failed')",
            (outbox_id,),
        )


def _text(row: Row) -> OutgoingText:
    id_, contact, to, sender, text, state, created, left, ended, attempts, reason, misses = row
    return OutgoingText(
        id=OutboxId(cast("int", id_)),
        contact_id=ContactId(cast("int", contact)),
        to=PhoneNumber(cast("str", to)),
        sender=PhoneNumber(cast("str", sender)),
        text=cast("str", text),
        state=SendState(cast("str", state)),
        created_at=cast("float", created),
        left_at=cast("float | None", left),
        ended_at=cast("float | None", ended),
        attempts=cast("int", attempts),
        reason=cast("str", reason),
        misses=cast("int", misses),
    )
