"""What runs beside the screen: sending from the outbox, fetching conversations, merging what arrives."""

from __future__ import annotations
