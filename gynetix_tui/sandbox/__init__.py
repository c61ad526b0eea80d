"""An embedded gateway: the document's three calls on loopback, with people who answer and faults on demand.

It serves the demo and the tests. It is written from the gateway's document alone and imports nothing else of
this program.
"""

from __future__ import annotations

from gynetix_tui.sandbox.calls import Call
from gynetix_tui.sandbox.cast import DEMO_PEOPLE
from gynetix_tui.sandbox.faults import Fault, FaultKind, Faults
from gynetix_tui.sandbox.journal import RecordedRequest
from gynetix_tui.sandbox.people import Direction, Line, Person, heard, said
from gynetix_tui.sandbox.server import DEFAULT_KEY, DEFAULT_LOCAL_NUMBER, Sandbox
from gynetix_tui.sandbox.world import Message, World

__all__ = [
    "DEFAULT_KEY",
    "DEFAULT_LOCAL_NUMBER",
    "DEMO_PEOPLE",
    "Call",
    "Direction",
    "Fault",
    "FaultKind",
    "Faults",
    "Line",
    "Message",
    "Person",
    "RecordedRequest",
    "Sandbox",
    "World",
    "heard",
    "said",
]
