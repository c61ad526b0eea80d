"""What is kept: contacts, messages, the outbox, drafts and read marks, in one SQLite file."""

from __future__ import annotations

from gynetix_tui.store.files import suspect
from gynetix_tui.store.opening import Report, prepare
from gynetix_tui.store.store import Store

__all__ = ["Report", "Store", "prepare", "suspect"]
