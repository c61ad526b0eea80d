"""What the dialogs have in common."""

from __future__ import annotations

from typing import TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

Result = TypeVar("Result")

BETWEEN_BUTTONS: list[BindingType] = [
    Binding("left,up", "app.focus_previous", show=False),
    Binding("right,down", "app.focus_next", show=False),
]
"""The arrows, in a dialog that has nothing but buttons."""


class Dialog(ModalScreen[Result | None]):
    """A box over the screen; Esc leaves it without a result."""

    BINDINGS = [Binding("escape", "cancel", "cancel", show=False)]
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > .box {
            width: 68;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            padding: 1 2;
            background: $panel;
            border: none;
            scrollbar-size-vertical: 1;
        }
        .title { text-style: bold; margin-bottom: 1; }
        .label { color: $text-muted; margin-top: 1; }
        .problem { color: $text-error; height: auto; }
        .warning { color: $text-warning; height: auto; }
        .hint { color: $text-muted; height: auto; }
        .buttons { height: auto; margin-top: 1; }
        Button { margin-right: 2; min-width: 12; }
        Input { border: none; height: 1; padding: 0 1; background: $background; }
        Input:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    def action_cancel(self) -> None:
        """Leave without a result."""
        self.dismiss(None)

    def on_mount(self) -> None:
        """No cursor blinks: it would send bytes for ever."""
        for field in self.query(Input):
            field.cursor_blink = False


class Question(Dialog[str]):
    """Asks, with a button for each answer; the last one is the harmless one, and has the focus.

    Args:
        title: What it is about, cleaned.
        text: What happens, cleaned.
        answers: For each button, its result and its words.
    """

    BINDINGS = BETWEEN_BUTTONS

    def __init__(self, title: str, text: str, answers: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The question and its buttons."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static(Content(self._title), classes="title")
            yield Static(Content(self._text))
            with Horizontal(classes="buttons"):
                for result, words in self._answers:
                    yield Button(Content(words), id=result, compact=True)

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self.query(Button).last().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        event.stop()
        self.dismiss(None if event.button.id == self._answers[-1][0] else event.button.id)
