"""The first start: the API key, the local number, and where the key will be kept."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from gynetix_tui.errors import ConfigError, KeyringError, NumberError
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.text import clean
from gynetix_tui.tui.session import Session

NO_KEYRING = (
    "This machine has no keyring: the key is kept for this run only. To be asked no more, set GYNETIX_API_KEY, "
    'or api_key_command = "pass show gynetix" in config.toml.'
)
ASKING = "Asking your keyring; it may be asking for its password."


@dataclass(frozen=True, slots=True)
class Started:
    """What the user chose.

    Attributes:
        demo: To see the demonstration; else the engine has a key, and the local number is saved.
    """

    demo: bool = False


class HiddenInput(Input):
    """Shows dots; what was typed can be neither copied nor cut, which would put it on the terminal's clipboard."""

    def action_copy(self) -> None:
        """Nothing."""

    def action_cut(self) -> None:
        """Nothing."""


class FirstStart(Screen[Started]):
    """Asks for what the gateway needs.

    Args:
        session: The session; its settings say whether the local number is known.
        reason: What the keyring said, where it failed; raw.
        keyring: The name of the keyring the key will be kept in, cleaned; empty where there is none, None where
            that is still to be found out.
        changing: There is a key, and the user wants another; Esc leaves it as it is.
    """

    BINDINGS = [
        Binding("ctrl+d", "demo", "demo", show=False, priority=True),
        Binding("escape", "cancel", "back", show=False),
    ]
    DEFAULT_CSS = """
    FirstStart {
        align: center middle;
        & > .box { width: 72; max-width: 96%; height: auto; max-height: 96%; padding: 1 2; background: $panel;
            scrollbar-size-vertical: 1; }
        .title { text-style: bold; margin-bottom: 1; }
        .label { color: $text-muted; margin-top: 1; }
        .problem { color: $text-error; height: auto; }
        .hint { color: $text-muted; height: auto; margin-top: 1; }
        .buttons { height: auto; margin-top: 1; }
        Button { margin-right: 1; min-width: 8; }
        Input { border: none; height: 1; padding: 0 1; background: $background; }
        Input:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    def __init__(self, session: Session, *, reason: str, keyring: str | None, changing: bool = False) -> None:
        super().__init__()
        self._changing = changing
        self._session = session
        self._reason = reason
        self._keyring = keyring
        self._keeping = False

    def compose(self) -> ComposeResult:
        """Two fields, where the key goes, and what else there is to do."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static("Gynetix", classes="title")
            yield Static(
                Content(
                    "To send and receive texts, this program needs the account's API key and local number."
                )
            )
            yield Static("API key", classes="label")
            yield HiddenInput(id="key", password=True, compact=True)
            yield Static("Local number of the account", classes="label")
            known = self._session.settings.gateway.from_number
            yield Input(
                self._session.shown(known) if known else "",
                id="number",
                placeholder="+1 555 666 7777",
                compact=True,
            )
            yield Static("", id="problem", classes="problem")
            yield Static(Content(self._where()), classes="hint", id="where")
            with Horizontal(classes="buttons"):
                yield Button(self._start_words(), id="start", compact=True)
                again = Button("Ask the keyring again", id="again", compact=True)
                again.display = bool(self._reason)
                yield again
                if not self._changing:
                    yield Button("See the demo", id="demo", compact=True)
                    yield Button("Quit", id="quit", compact=True)
            keys = "Enter starts · Tab moves on · " + (
                "Esc leaves the key as it is" if self._changing else "^D opens the demo"
            )
            yield Static(keys, classes="hint")

    def on_mount(self) -> None:
        """No cursor blinks."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#key").focus()
        if self._keyring is None:
            self.run_worker(self._find_keyring(), exclusive=True, group="keyring")

    async def _find_keyring(self) -> None:
        """Learn what the keyring is called; one that hangs holds up nothing here."""
        self._keyring = await self._session.engine.keyring()
        self._show_where()

    async def _ask_again(self) -> None:
        """Look for the key once more: the keyring may be unlocked by now."""
        if self.query_one("#number", Input).value.strip() and not self._keep_number():
            return
        self.query_one("#where", Static).update(Content(ASKING))
        engine = self._session.engine
        self._reason = await engine.look_for_key()
        if not self._reason:
            self.dismiss(Started())
            return
        self._keyring = await engine.keyring()
        self._show_where()

    def _show_where(self) -> None:
        self.query_one("#where", Static).update(Content(self._where()))
        self.query_one("#start", Button).label = self._start_words()
        self.query_one("#again", Button).display = bool(self._reason)

    def _where(self) -> str:
        if self._keyring is None:
            return ASKING
        if self._keeping:
            return f"Keeping the key in {self._keyring}; it may be asking for its password."
        if self._keyring:
            said = f"{clean(self._reason)}\n" if self._reason else ""
            return f"{said}The key will be kept in {self._keyring}, the number in config.toml."
        return f"{clean(self._reason) or NO_KEYRING} The number is kept in config.toml."

    def _start_words(self) -> str:
        return "Keep and start" if self._keyring and not self._keeping else "Start for this run"

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """From field to field, then start."""
        event.stop()
        number = self.query_one("#number", Input)
        if event.input.id == "key" and not number.value.strip():
            number.focus()
        else:
            await self._start()

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        event.stop()
        if event.button.id == "start":
            await self._start()
        elif event.button.id == "again":
            self.run_worker(self._ask_again(), exclusive=True, group="keyring")
        elif event.button.id == "demo":
            self.action_demo()
        else:
            await self.run_action("app.leave")

    def action_cancel(self) -> None:
        """Leave the key as it is, where there is one. One that is on its way into the keyring cannot be called back."""
        if self._changing and not self._keeping:
            self.dismiss(None)

    def action_demo(self) -> None:
        """Open the demonstration instead; who has a key has work in hand, and stays."""
        if not self._changing:
            self.dismiss(Started(demo=True))

    async def _start(self) -> None:
        field = self.query_one("#key", Input)
        try:
            key = ApiKey(field.value)
        except ConfigError as error:
            self._say(str(error), "#key")
            return
        if not self._keep_number():
            return
        if self._keyring and not self._keeping:
            self._keeping = True
            self._show_where()
            self.run_worker(self._keep(key), exclusive=True, group="keyring")
        else:
            await self._session.engine.use_key(key, keep=False)
            self._leave()

    def _keep_number(self) -> bool:
        try:
            self._session.keep_local_number(self.query_one("#number", Input).value)
        except (NumberError, ConfigError) as error:
            self._say(str(error), "#number")
            return False
        return True

    async def _keep(self, key: ApiKey) -> None:
        """Keep the key in the keyring, then start; it may be asking for its password, and take its time."""
        try:
            await self._session.engine.use_key(key, keep=True)
        except KeyringError as error:
            self._keeping = False
            self._keyring, self._reason = "", f"{error} The key would be kept for this run only."
            self._show_where()
            self._say("The key was not kept.", "#key")
        else:
            self._leave()

    def _leave(self) -> None:
        self.query_one("#key", Input).value = ""
        self.dismiss(Started())

    def _say(self, text: str, at: str) -> None:
        self.query_one("#problem", Static).update(Content(clean(text)))
        self.query_one(at).focus()
