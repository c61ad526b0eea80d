"""The links of some texts, each with where it really leads. Nothing opens but by Enter or a click on it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gynetix_tui.links import Link
from gynetix_tui.text import clean_line
from gynetix_tui.tui.commands import short_key
from gynetix_tui.tui.screens.dialog import Dialog

MOST = 100
"""Links shown: further back, one goes to the text itself."""
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the user wants with a link.

    Attributes:
        target: Where it leads, as it was listed.
        copy: Whether to copy it; else it is to be opened.
    """

    target: str
    copy: bool = False


class Links(Dialog[Chosen]):
    """The list.

    Args:
        links: At least one.
        trouble: Why none can be opened here, a sentence; empty where they can.
        copy_key: The key that copies, in Textual's name.

    Attributes:
        links: As they are listed.
    """

    # By its id, the key of "copy" is here, too, the one that the user has chosen.
    BINDINGS = [
        Binding("c", "copy", show=False, id="copy"),
        # By pages of lines, not of links: one link can be taller than the box.
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Links {
        OptionList { height: auto; max-height: 60vh; border: none; background: $panel; padding: 0; }
        OptionList:focus { border: none; }
        .keys { margin-top: 1; }
    }
    """

    def __init__(self, links: list[Link], *, trouble: str, copy_key: str) -> None:
        super().__init__()
        self.links = links
        self._trouble = trouble
        self._copy_key = short_key(copy_key)

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical(classes="box"):
            yield Static("One link" if len(self.links) == 1 else f"{len(self.links)} links", classes="title")
            yield OptionList(*(Option(_words(link)) for link in self.links), compact=True)
            if self._trouble:
                words = f"{self._trouble} {self._copy_key} copies the link instead."
                yield Static(Content(words), classes="warning keys")
            else:
                yield Static(
                    Content(f"Enter opens · {self._copy_key} copies · Esc leaves"), classes="hint keys"
                )

    def on_mount(self) -> None:
        """The first link is marked."""
        super().on_mount()
        listed = self.query_one(OptionList)
        listed.highlighted = 0
        listed.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        event.stop()
        if self._trouble:
            self.notify(self._trouble, severity="warning", markup=False)
        else:
            self.dismiss(Chosen(self.links[event.option_index].target))

    def action_copy(self) -> None:
        """Copy the marked link."""
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.dismiss(Chosen(self.links[index].target, copy=True))

    def action_page(self, step: int) -> None:
        """Scroll by a page."""
        listed = self.query_one(OptionList)
        listed.scroll_relative(y=step * max(1, listed.size.height - 1), animate=False)


def _words(link: Link) -> Content:
    """The host, the whole target, and what could mislead."""
    warnings = []
    if link.user:
        user = clean_line(link.user, limit=_LONGEST_NAME)
        warnings.append(f'"{user}" before the @ is a user name, not where it leads.')
    if not link.written_host.isascii():
        written = clean_line(link.written_host, limit=_LONGEST_NAME)
        warnings.append(f'Written "{written}"; letters may not be what they seem.')
    # Without a colour of its own, which could not be read on the marked link's background.
    return Content.assemble((link.host, "bold"), "\n", link.target, *(f"\n! {each}" for each in warnings))
