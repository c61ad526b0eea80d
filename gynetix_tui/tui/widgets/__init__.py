"""The parts of the screens, each with its own style."""

from __future__ import annotations
