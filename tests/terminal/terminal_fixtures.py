"""What most tests in a terminal begin with; who needs a gateway or a desk of another kind makes it under the same name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import Desk

from gynetix_tui.model import ContactId
from gynetix_tui.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A gateway with nobody in it."""
    with Sandbox(key=KEY, people=[]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    """A user with an account there."""
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        yield desk


@pytest.fixture
def contact(desk: Desk) -> ContactId:
    """Somebody in their store."""
    return desk.add_contact()
