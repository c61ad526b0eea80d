"""A new conversation: whom it is with."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from gynetix_tui.errors import NumberError
from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.phone import parse_number, split_name
from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.contact_list import matches


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the user chose: a contact there is, or a number with a name for it.

    Attributes:
        local_number: Our own number for the conversation, where there was one to choose.
    """

    contact_id: ContactId | None = None
    number: PhoneNumber | None = None
    name: str = ""
    local_number: PhoneNumber | None = None


class WholePaste(Input):
    """A field that takes all lines of a paste: of several numbers, the first alone would be taken in silence."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.replace(" ; ".join(filter(None, map(str.strip, event.text.splitlines()))), *self.selection)


class Choice(Static, can_focus=True):
    """One of a few lines, chosen with the arrows.

    Args:
        lines: What there is to choose from, cleaned; the first is chosen.

    Attributes:
        index: Which is chosen.
        is_made: Whether somebody did choose.
    """

    BINDINGS = [
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down,space", "move(1)", show=False),
        Binding("enter", "take", show=False),
    ]
    DEFAULT_CSS = """
    Choice {
        height: 1;
        padding: 0 1;
        background: $background;
        &:focus { color: $accent; text-style: bold; }
    }
    """

    class Taken(Message):
        """The user is done."""

    def __init__(self, lines: list[str], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines = lines
        self.index = 0
        self.is_made = False

    def on_mount(self) -> None:
        """Show the first."""
        self._show()

    def action_move(self, step: int) -> None:
        """Choose the next one, round."""
        self.is_made = True
        self.index = (self.index + step) % len(self._lines)
        self._show()

    def _show(self) -> None:
        self.update(Content(f"< {self._lines[self.index]} >  {self.index + 1} of {len(self._lines)}"))

    def action_take(self) -> None:
        """As Enter does in a field."""
        self.post_message(self.Taken())

    def on_click(self) -> None:
        """Choose the next one."""
        self.action_move(1)


class NewConversation(Dialog[Person]):
    """Takes a number in any form, or a contact's name."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._warned_of = ""

    def compose(self) -> ComposeResult:
        """Two fields and what is wrong with them."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static("New conversation", classes="title")
            yield Static("Number, or a contact's name", classes="label")
            yield WholePaste(id="who", placeholder="+1 555 123 4567", compact=True)
            yield Static("", id="problem", classes="problem")
            yield Static("Name, if you like", classes="label")
            yield Input(id="name", compact=True)
            numbers = self._session.local_numbers
            if len(numbers) > 1:
                yield Static("Your number, Left and Right choose another", classes="label")
                yield Choice([self._session.shown(number) for number in numbers], id="from")
            yield Static("")
            yield Static("Enter opens it · Esc leaves", classes="hint")

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong may be right now."""
        if event.input.id == "who":
            self._say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it."""
        event.stop()
        self._take()

    def on_choice_taken(self, event: Choice.Taken) -> None:
        """Take it."""
        event.stop()
        self._take()

    def _take(self) -> None:
        """Take what was typed, or say what is wrong with it, and leave it there."""
        typed = self.query_one("#who", Input).value.strip()
        name = self.query_one("#name", Input).value.strip()
        if not typed:
            self._say("Type a number, or part of a contact's name.")
        elif not any(character.isdigit() for character in typed) or self._found(typed):
            self._take_name(typed)
        else:
            self._take_number(typed, name)

    def _found(self, typed: str) -> bool:
        """Whether what was typed is part of a name that has digits in it."""
        naming = self._session.naming
        summaries = self._session.store.contacts.summaries(archived=True)
        letters = any(character.isalpha() for character in typed)
        return letters and any(matches(summary, typed, naming) for summary in summaries)

    def _take_name(self, typed: str) -> None:
        naming = self._session.naming
        found = [
            s for s in self._session.store.contacts.summaries(archived=True) if matches(s, typed, naming)
        ]
        exact = [s for s in found if naming.title(s).casefold() == typed.casefold()]
        found = exact if len(exact) == 1 else found
        if len(found) == 1:
            self.dismiss(Person(contact_id=found[0].contact.id))
        elif found:
            names = ", ".join(naming.title(summary) for summary in found[:4])
            self._say(
                f"That could be {names}{' and others' if len(found) > 4 else ''}: type more of the name."
            )
        else:
            self._say(
                "No contact has that name. For someone new, type a number with its area code, as +1 555 123 4567."
            )

    def _take_number(self, typed: str, name: str) -> None:
        pasted_name, number = split_name(typed)
        try:
            parsed = parse_number(number, self._session.settings.numbers.region)
        except NumberError as error:
            self._say(str(error))
            return
        if (
            parsed.warning
            and self._warned_of != parsed.number
            and not self._session.store.contacts.find(parsed.number)
        ):
            self._warned_of = parsed.number
            self._say(f"{parsed.warning} Enter takes it all the same.", warning=True)
            return
        known = self._session.store.contacts.find(parsed.number)
        if known is None or not known.name:
            name = name or pasted_name  # else the name in a paste would replace the one that the user gave
        self.dismiss(Person(number=parsed.number, name=name, local_number=self._chosen()))

    def _chosen(self) -> PhoneNumber | None:
        """The local number that was chosen; None where nobody chose, so that the settings decide."""
        numbers = self._session.local_numbers
        choice = self.query_one(Choice) if len(numbers) > 1 else None
        return numbers[choice.index] if choice and choice.is_made else None

    def _say(self, text: str, *, warning: bool = False) -> None:
        problem = self.query_one("#problem", Static)
        problem.set_class(warning, "warning")
        problem.set_class(not warning, "problem")
        problem.update(Content(text))
