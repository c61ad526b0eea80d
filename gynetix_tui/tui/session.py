"""What every screen works with, handed in from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gynetix_tui.engine.engine import Engine
from gynetix_tui.model import ContactSummary, PhoneNumber
from gynetix_tui.phone import display_number, parse_local_number
from gynetix_tui.settings.schema import GATEWAY, PROFILE, Settings
from gynetix_tui.store import Store
from gynetix_tui.tui.commands import KeyMap
from gynetix_tui.tui.timestamps import Calendar
from gynetix_tui.tui.widgets.contact_list import Naming


@dataclass(slots=True)
class Session:
    """One run of the client.

    Attributes:
        store: For reading only; what is to be written goes through the engine.
        engine: Carries out what the user wants.
        settings: What config.toml and the environment say; replaced when the user saves others.
        keys: The keys in force.
        calendar: How times are read.
        now: The clock, epoch seconds.
        config_file: Where settings are saved.
        demo: Whether this is the demonstration.
        notices: What the user should be told at the start, each a sentence.
    """

    store: Store
    engine: Engine
    settings: Settings
    keys: KeyMap
    calendar: Calendar
    now: Callable[[], float]
    config_file: Path
    demo: bool = False
    notices: tuple[str, ...] = ()

    @property
    def naming(self) -> Naming:
        """How contacts are called."""
        return Naming(self.settings.numbers.region, self.calendar, self.settings.numbers.display)

    @property
    def local_numbers(self) -> tuple[PhoneNumber, ...]:
        """The account's own numbers, the one for new conversations first; empty where none is set."""
        gateway = self.settings.gateway
        first = (gateway.from_number,) if gateway.from_number else ()
        return tuple(dict.fromkeys((*first, *(gateway.other_numbers or ()))))

    @property
    def local_number(self) -> PhoneNumber | None:
        """The one that new conversations go out from, unless another is chosen; None where none is set."""
        return next(iter(self.local_numbers), None)

    def sender_for(self, summary: ContactSummary) -> PhoneNumber | None:
        """The local number that a text to this contact goes out from; None where none is known."""
        return summary.contact.local_number or self.local_number

    def keep_local_number(self, text: str) -> None:
        """Read the account's local number as somebody typed it, save it where it is new, and use it from now on.

        Raises:
            NumberError: It is none.
            ConfigError: It cannot be saved.
        """
        from gynetix_tui.settings.saving import save_settings

        settings = self.settings
        number = parse_local_number(text, settings.numbers.region)
        if number == settings.gateway.from_number:
            return
        section = f"{PROFILE}.{settings.profile}" if settings.profile else GATEWAY
        save_settings(self.config_file, {section: {"from_number": number}})
        self.settings = replace(settings, gateway=replace(settings.gateway, from_number=number))

    def shown(self, number: PhoneNumber) -> str:
        """A number as people read it."""
        return display_number(number, self.settings.numbers.region, self.settings.numbers.display)
