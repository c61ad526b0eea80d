"""The floor: the least Textual program in the shape of a chat client, of stock widgets alone.

Contacts at the left, fifty texts at the right, a composer below, with Textual's own header and footer. No store, no
network, no looks of its own. `LOADED` is the last thing to appear.
"""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Footer, Header, OptionList, Static, TextArea

CONTACTS = 20
TEXTS = 50
LOADED = "that was all"


class Floor(App[None]):
    """Shows what a first attempt at such a program would."""

    CSS = """
    OptionList { width: 26; }
    #texts { height: 1fr; }
    TextArea { height: 5; }
    """
    BINDINGS = [("f2", "quit", "Quit")]  # noqa: RUF012 - Textual's way; nobody changes it

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal():
            yield OptionList(*(f"Somebody {number}" for number in range(CONTACTS)))
            with Vertical():
                with VerticalScroll(id="texts"):
                    for number in range(TEXTS):
                        yield Static(f"10:{number:02} Ana  this is the text of number {number}")
                    yield Static(LOADED)
                yield TextArea()
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#texts").anchor()
        self.query_one(TextArea).focus()


if __name__ == "__main__":
    Floor().run()
