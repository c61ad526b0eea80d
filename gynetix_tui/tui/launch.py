"""From the command line to the first frame, and back to an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import tzinfo
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from gynetix_tui import runtime
from gynetix_tui.engine.account import Account, RealAccount
from gynetix_tui.engine.engine import Engine
from gynetix_tui.errors import ConfigError, GynetixError
from gynetix_tui.lastscreen import LastScreen
from gynetix_tui.model import Contact, ContactId
from gynetix_tui.settings.config import load_settings, read_source
from gynetix_tui.settings.keys import KEY_VARIABLE, SystemKeyring, key_from_environment, patience
from gynetix_tui.settings.keysource import configured_key
from gynetix_tui.settings.lines import line_of
from gynetix_tui.settings.log import close_log, open_log
from gynetix_tui.settings.paths import Paths, existing_config, private_folder, standard_paths
from gynetix_tui.settings.schema import Settings
from gynetix_tui.settings.secret import ApiKey, Redactor
from gynetix_tui.store import Store, prepare
from gynetix_tui.text import clean
from gynetix_tui.tui.app import GynetixApp
from gynetix_tui.tui.commands import KeyMap, WrongKey
from gynetix_tui.tui.crash import tell_log
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.terminal import WaysOut, repair_driver, require_terminal
from gynetix_tui.tui.timestamps import Calendar

if TYPE_CHECKING:
    from gynetix_tui.demo import DemoAccount

SYSTEM_ZONE: tzinfo | None = None
DEMO = "demo"
SAVE_SECONDS = 0.8
"""How long a way out is held up for the drafts; twice, it leaves time to restore the terminal."""

_log = logging.getLogger(__name__)


def launch(*, demo: bool, config_file: Path | None, profile: str, last: LastScreen) -> int:
    """Run the client, or its demonstration, and return the exit code.

    Args:
        demo: The demonstration instead of the user's account.
        config_file: The file that --config names.
        profile: Whose account; empty for the usual one.
        last: What the run before has left on the screen; this one leaves its own.

    Raises:
        UserError: The settings or the terminal do not do.
        StoreError: The store cannot be opened.
    """
    file = existing_config(config_file)
    key = key_from_environment(os.environ)
    settings = load_settings(file, os.environ, profile)  # it also checks the name, before that names a folder
    paths = replace(standard_paths(settings.profile), config_file=file)
    try:
        keys = KeyMap(settings.keys)
    except WrongKey as error:
        line = line_of(read_source(paths.config_file), "keys", error.command_id)
        place = f"{paths.config_file}, line {line}" if line else str(paths.config_file)
        raise ConfigError(f"{place}: {error}") from None
    require_terminal(os.environ)
    if not demo:
        notices: tuple[str, ...] = ()
        if key and settings.profile:  # it may be another account's, exported for good
            notices = (f"{KEY_VARIABLE} is set: profile {settings.profile} uses that key.",)
        key = configured_key(key, settings, os.environ)
        code, answer = _launch_client(paths, settings, keys, key, notices, last)
        if answer != DEMO:
            return code
    return _launch_demo(paths, settings, keys)


def _launch_client(
    paths: Paths,
    settings: Settings,
    keys: KeyMap,
    key: ApiKey | None,
    notices: tuple[str, ...],
    last: LastScreen,
) -> tuple[int, str | None]:
    private_folder(paths.data_folder)
    private_folder(paths.state_folder)
    report = prepare(paths.store_file, now=time.time())
    redactor = Redactor()
    if key:
        redactor.learn(key)
    open_log(paths.log_file, redactor)
    account = RealAccount(settings, key, SystemKeyring(deadline=patience(os.environ)), redactor.learn)
    try:
        said = (*report.notices, *notices)
        return asyncio.run(_run(paths, settings, keys, account, notices=said, last=last))
    finally:
        close_log()


def _launch_demo(paths: Paths, settings: Settings, keys: KeyMap) -> int:
    from gynetix_tui.demo import LOCAL_NUMBER, DemoAccount, fill

    close_log()  # it keeps none, and without this what goes wrong would be said on the terminal
    folder = Path(tempfile.mkdtemp(prefix="gynetix-tui-demo-"))
    account: DemoAccount | None = None
    try:
        paths = replace(
            paths, data_folder=folder, store_file=folder / "store.db", config_file=folder / "config.toml"
        )
        fill(paths.store_file, now=time.time())
        gateway = replace(settings.gateway, from_number=LOCAL_NUMBER, other_numbers=None)
        account = DemoAccount()
        code, _ = asyncio.run(_run(paths, replace(settings, gateway=gateway), keys, account, demo=True))
        return code
    finally:
        if account:
            account.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _run(
    paths: Paths,
    settings: Settings,
    keys: KeyMap,
    account: Account,
    *,
    demo: bool = False,
    notices: tuple[str, ...] = (),
    last: LastScreen | None = None,
) -> tuple[int, str | None]:
    """Run the engine beside the screen until the screen ends; return the exit code and the screen's last word."""
    loop = asyncio.get_running_loop()
    # A task that failed and that nobody waits for would else be told to the screen's own standard error.
    loop.set_exception_handler(tell_log)
    engine = Engine(
        paths.store_file, account, polling=settings.polling, most_segments=settings.texting.most_segments
    )
    ready = asyncio.Event()

    def begin() -> None:
        """The first frame is drawn; what it has brought about comes before the 30 ms that tidying takes."""
        ready.set()
        app.call_after_refresh(runtime.settle)
        loop.run_in_executor(None, import_module, "gynetix_tui.links")  # 12 ms, which a key would take else

    with Store.open(paths.store_file, read_only=True) as store:
        session = Session(
            store, engine, settings, keys, Calendar(SYSTEM_ZONE), time.time, paths.config_file, demo, notices
        )
        driver = repair_driver()
        driver.last = last
        app = GynetixApp(session, environ=_environment(), on_ready=begin, driver_class=driver)
        save = _last_save(app, paths.store_file)
        app.save_with(save)
        ways_out = WaysOut(
            save=save,
            leave=lambda code: _leave_soon(loop, app, code),
        )
        ways_out.install()
        task = asyncio.create_task(_engine(engine, ready), name="engine")
        task.add_done_callback(lambda ended: _engine_ended(ended, app))
        try:
            await app.run_async(mouse=settings.terminal.mouse)
        finally:
            from gynetix_tui.engine.sender import QUIT_SECONDS, SETTLE_SECONDS  # the engine has it by now

            ways_out.left_screen(QUIT_SECONDS + SETTLE_SECONDS + 1, sending=engine.is_sending)
            save()
            if engine.is_sending:
                print("gynetix-tui: a text is under way; waiting for the gateway's answer …", file=sys.stderr)  # noqa: T201
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        drawn_from, frame = app.next_frame
        holds = bool(frame) and app.drawn_from() == drawn_from  # nothing came in since
    if last and holds:  # only now is the store closed, as its file is to be found
        last.keep(frame)
    return app.return_code or 0, app.return_value


async def _engine(engine: Engine, ready: asyncio.Event) -> None:
    """The engine begins once the first frame is drawn: what it imports would hold that up."""
    await ready.wait()
    await engine.run()


def _engine_ended(task: asyncio.Task[None], app: GynetixApp) -> None:
    if task.cancelled() or (error := task.exception()) is None:
        return
    _log.critical("the engine ended", exc_info=error)
    words = (
        str(error) if isinstance(error, GynetixError) else "gynetix-tui ended because of a mistake in itself."
    )
    app.exit(return_code=1, message=Text(clean(words)))


def _last_save(app: GynetixApp, store_file: Path) -> Callable[[], bool]:
    """What keeps the texts that are written and not yet in the store, at a way out; it tells whether all are kept.

    They are written over a connection of their own: the engine's may be held up. And in a thread: another program may hold
    the store for longer than there is time, and the terminal is to be restored all the same. The thread goes on trying.
    """
    turn = threading.Lock()  # two at once might both put a deleted contact back

    def save() -> bool:
        unkept = [(id_, app.contact_of(id_), text) for id_, text in app.unkept_drafts.items()]
        kept = threading.Event()

        def write() -> None:
            with turn, suppress(GynetixError), Store.open(store_file) as store:
                for contact_id, contact, text in unkept:
                    _save_draft(store, contact_id, contact, text)
                kept.set()

        if not unkept:
            return True
        thread = threading.Thread(target=write, daemon=True, name="last-save")
        thread.start()
        thread.join(SAVE_SECONDS)
        return kept.is_set()

    return save


def _save_draft(store: Store, contact_id: ContactId, contact: Contact | None, text: str) -> None:
    if text and contact and store.contacts.get(contact_id) is None:
        # Deleted by another client, and nobody can be asked: a contact too many is better than a text lost.
        found = store.contacts.find(contact.number)
        contact_id = found.id if found else store.contacts.add(contact.number, contact.name, now=time.time())
        stored = store.drafts.get(contact_id)
        if not text.startswith(stored):  # else it is what the signal's handler kept a moment ago
            text = f"{stored}\n{text}"
    store.drafts.put(contact_id, text, now=time.time())


def _leave_soon(loop: asyncio.AbstractEventLoop, app: GynetixApp, code: int) -> None:
    # call_soon_threadsafe, though it is the same thread: in a signal handler nothing else wakes the loop.
    loop.call_soon_threadsafe(app.exit, None, code)


def _environment() -> Mapping[str, str]:
    return dict(os.environ)
