"""A full-screen terminal client for the Gynetix SMS gateway."""

from __future__ import annotations

__version__ = "0.1.0"
