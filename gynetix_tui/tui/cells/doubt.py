"""What to do where something is not understood: say so, and leave the frame to Textual."""

from __future__ import annotations


class Doubt(Exception):
    """This frame holds something that is not known here; it must be written in Textual's own way."""
