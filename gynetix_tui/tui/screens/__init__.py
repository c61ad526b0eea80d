"""The screens: each says what is on it and where what the user does goes."""

from __future__ import annotations
