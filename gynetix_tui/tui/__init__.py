"""The screen: everything that knows Textual."""

from __future__ import annotations
