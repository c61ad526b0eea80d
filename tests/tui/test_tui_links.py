"""The list of links, and what opens them: what is listed is what is opened, and only when asked to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from stage import Stage, stage

from gynetix_tui.errors import GynetixError
from gynetix_tui.sandbox import Person, heard, said
from gynetix_tui.tui.browser import Opener
from gynetix_tui.tui.screens.links import Links

HOSTILE = "https://x.example/$(touch pwned);'\""
MISLEADING = "Your bank: https://bank.example@evil.example/login"
LOOK_ALIKE = "https://p\u0430ypal.com/ and bit.ly/abc"
LONG = "https://example.com/" + "x" * 1_500 + "end"

PAT = Person(
    "15557778888",
    "Pat Links",
    history=(
        heard("old: example.com/old", days=3),
        said("mine: https://example.com/mine.", days=2),
        heard("no link, e.g. none", days=1),
        heard("see https://example.com/a and https://example.com/b", hours=1),
    ),
)
QUIET = Person("15551230000", "Pia Quiet", history=(heard("Hello", days=1),))


def person(*texts: str) -> Person:
    return Person("15557778888", "Pat Links", history=[heard(each, hours=1) for each in texts])


class Browser:
    """A program of the test's own that notes its words, its environment and its descriptors, and ends with a code."""

    def __init__(self, folder: Path, *, code: int = 0, name: str = "browser") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / name
        self.notes = folder / f"{name}.json"
        half = folder / f"{name}.half"
        self.path.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "links = [os.readlink(f'/proc/self/fd/{each}') for each in range(3)]\n"
            "noted = [sys.argv[1:], dict(os.environ), links, os.getsid(0) == os.getpid(), os.getpid()]\n"
            f"json.dump(noted, open({str(half)!r}, 'w'))\n"
            f"os.rename({str(half)!r}, {str(self.notes)!r})\n"
            f"sys.exit({code})\n"
        )
        self.path.chmod(0o755)

    @property
    def words(self) -> list[str]:
        words: list[str] = self._noted[0]
        return words

    @property
    def environ(self) -> dict[str, str]:
        environ: dict[str, str] = self._noted[1]
        return environ

    @property
    def descriptors(self) -> list[str]:
        descriptors: list[str] = self._noted[2]
        return descriptors

    @property
    def leads_a_session(self) -> bool:
        return bool(self._noted[3])

    @property
    def pid(self) -> int:
        return int(self._noted[4])

    @property
    def _noted(self) -> list:  # type: ignore[type-arg]  # what JSON holds: the properties say which
        noted: list = json.loads(self.notes.read_text())  # type: ignore[type-arg]
        return noted

    def was_started(self) -> bool:
        return self.notes.exists()


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **more}


def programs(folder: Path, *names: str) -> str:
    """A PATH on which there are programs of these names, and no others."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


async def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "not in time"
        await asyncio.sleep(0.01)


# What opens links


@pytest.mark.parametrize(
    ("environ", "platform", "command"),
    [
        ({"BROWSER": "ff", "DISPLAY": ":0"}, "linux", ["ff"]),
        ({"BROWSER": "ff --new-tab 'a b'"}, "linux", ["ff", "--new-tab", "a b"]),
        ({"BROWSER": "ff", "SSH_CONNECTION": "a"}, "linux", ["ff"]),
        ({"BROWSER": "gone:ff -x"}, "linux", ["ff", "-x"]),
        ({"DISPLAY": ":0"}, "linux", ["xdg-open"]),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", ["xdg-open"]),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "a"}, "linux", ["xdg-open"]),
        ({"DISPLAY": ":0", "BROWSER": " "}, "linux", ["xdg-open"]),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ["wslview"]),
        ({"WSL_DISTRO_NAME": "Debian", "DISPLAY": ":0"}, "linux", ["wslview"]),
        ({}, "darwin", ["open"]),
    ],
)
def test_the_program_that_opens_links(
    tmp_path: Path, environ: Mapping[str, str], platform: str, command: list[str]
) -> None:
    path = programs(tmp_path / "bin", "ff", "xdg-open", "open", "wslview")
    opener = Opener({"PATH": path, **environ}, platform)
    assert opener.trouble == ""
    assert opener.command("https://a.com/") == [*command, "https://a.com/"]


@pytest.mark.parametrize(
    ("environ", "platform", "words"),
    [
        ({"SSH_CONNECTION": "a"}, "linux", "Over SSH there is no screen"),
        ({"SSH_TTY": "a"}, "linux", "Over SSH there is no screen"),
        ({"SSH_CONNECTION": "a"}, "darwin", "Over SSH there is no screen"),
        ({}, "linux", "There is no display here"),
        ({"DISPLAY": ":0", "PATH": "/nowhere"}, "linux", "Nothing here opens links: set $BROWSER"),
        ({"BROWSER": "gone -x", "DISPLAY": ":0"}, "linux", '$BROWSER is "gone -x", and there is no such program'),
        ({"BROWSER": "gone 'x"}, "linux", "no such program"),
        ({"BROWSER": ":"}, "linux", "no such program"),
        ({"BROWSER": "powershell.exe /c start"}, "linux", "would run parts of a link as commands"),
        ({"BROWSER": "ssh laptop xdg-open"}, "linux", "would run parts of a link as commands"),
        ({"BROWSER": "env TERM=dumb ssh laptop xdg-open"}, "linux", "would run parts of a link as commands"),
        ({"BROWSER": "cmd.exe /c start"}, "linux", "would run parts of a link as commands"),
    ],
)  # fmt: skip
def test_where_nothing_opens_links_that_is_said(
    tmp_path: Path, environ: Mapping[str, str], platform: str, words: str
) -> None:
    path = programs(tmp_path / "bin", "xdg-open", "open", "powershell.exe", "cmd.exe", "ssh", "env")
    opener = Opener({"PATH": path, **environ}, platform)
    assert words in opener.trouble
    with pytest.raises(GynetixError, match=r"\w"):
        opener.command("https://a.com/")


def test_a_word_that_stands_for_the_link_is_replaced_and_a_part_of_one_is_not(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "ff", "sh")
    assert Opener({"PATH": path, "BROWSER": "ff %s --x"}).command("https://a.com") == [
        "ff",
        "https://a.com",
        "--x",
    ]
    # It would become a part of what the shell runs.
    assert Opener({"PATH": path, "BROWSER": "sh -c 'ff %s'"}).command("https://a.com/$(x)") == [
        "sh", "-c", "ff %s", "https://a.com/$(x)",
    ]  # fmt: skip


def test_what_powershell_would_obey_is_quoted_for_the_program_that_uses_it(tmp_path: Path) -> None:
    opener = Opener({"PATH": programs(tmp_path / "bin", "wslview"), "WSL_DISTRO_NAME": "Debian"}, "linux")
    assert opener.command("https://a.com/$(calc);'&b=%20,") == [
        "wslview",
        "https://a.com/%24%28calc%29%3B%27&b=%20%2C",
    ]


@pytest.mark.parametrize(
    "target", ["-x", "--help", "file:///etc/passwd", "javascript:x", "", " https://a.com"]
)
def test_only_links_are_opened(target: str) -> None:
    opener = Opener(environment(BROWSER="true"))
    with pytest.raises(GynetixError, match="Only http and https"):
        opener.command(target)


async def test_the_link_is_one_word_and_the_environment_holds_no_key(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "with a blank")
    environ = environment(
        BROWSER=f"'{browser.path}' --tab", GYNETIX_API_KEY="secret", GYNETIX_FROM="+1", DISPLAY=":7"
    )
    await Opener(environ).open(HOSTILE)
    assert browser.words == ["--tab", HOSTILE]
    assert not [name for name in browser.environ if name.startswith("GYNETIX_")]
    assert "secret" not in str(browser.environ)
    assert browser.environ["DISPLAY"] == ":7"
    assert browser.descriptors == ["/dev/null"] * 3
    assert browser.leads_a_session
    assert not (tmp_path / "pwned").exists()
    with pytest.raises(ProcessLookupError):  # a zombie would still be there
        os.kill(browser.pid, 0)


async def test_a_program_that_fails_is_told_of(tmp_path: Path) -> None:
    browser = Browser(tmp_path, code=3)
    with pytest.raises(GynetixError, match=r"The link was not opened: .*browser ended with code 3\."):
        await Opener(environment(BROWSER=str(browser.path))).open("https://a.com")
    (tmp_path / "odd").write_text("no program")
    (tmp_path / "odd").chmod(0o755)
    with pytest.raises(GynetixError, match=r"odd: Exec format error\."):
        await Opener(environment(BROWSER=str(tmp_path / "odd"))).open("https://a.com")


async def test_a_program_that_goes_on_holds_nobody_up_and_is_reaped_when_it_ends(tmp_path: Path) -> None:
    """A browser that runs for hours: opening has been cancelled meanwhile, as when the client is left."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = tmp_path / "long"
    script.write_text(
        f"#!/bin/sh\necho $$ >{tmp_path}/half; mv {tmp_path}/half {tmp_path}/pid; read line <{gate}\n"
    )
    script.chmod(0o755)
    opening = asyncio.create_task(Opener(environment(BROWSER=str(script))).open("https://a.com"))
    await until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert not opening.done()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    os.kill(pid, 0)  # not ended with it
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "with-deadline")
    gate.write_text("end\n")
    await until(lambda: not Path(f"/proc/{pid}").exists())


# The list


async def listed(play: Stage, *keys: str) -> Links:
    """Press keys and then that of the links, in the texts of the first contact."""
    await play.open("Pat Links")
    await play.press("shift+tab", *keys, "o")
    await play.until(lambda: isinstance(play.app.screen, Links), "the list")
    await play.pilot.pause()
    screen = play.app.screen
    assert isinstance(screen, Links)
    return screen


def order(play: Stage, *parts: str) -> bool:
    places = [play.text.index(part) for part in parts]
    return places == sorted(places)


async def test_all_texts_links_are_listed_the_newest_first_and_enter_opens_one(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "bin")
    async with stage(tmp_path, people=[PAT]) as play:
        play.main.opener = Opener(environment(BROWSER=str(browser.path)))
        await listed(play)
        assert "4 links" in play.text
        assert order(play, "4 links", "https://example.com/a", "https://example.com/b", "https://example.com/mine", "https://example.com/old")  # fmt: skip
        assert "Enter opens · c copies" in play.text
        assert not browser.was_started()
        await play.press("down", "enter")
        await play.until(browser.was_started)
        assert browser.words == ["https://example.com/b"]
        assert play.app.screen is play.main


async def test_of_the_text_under_the_cursor_only_its_own_links_are_listed(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PAT]) as play:
        play.main.opener = Opener(environment(BROWSER="true"))
        screen = await listed(play, "up", "up", "up")
        assert "One link" in play.text
        assert [link.target for link in screen.links] == ["https://example.com/mine"]
        await play.press("escape", "down", "o")
        await play.until_text("There is no link in this text.")
        assert play.app.screen is play.main


async def test_a_conversation_without_links_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[QUIET]) as play:
        await play.open("Pia Quiet")
        await play.press("shift+tab", "o")
        await play.until_text("There is no link in these texts.")


async def test_where_none_is_open_the_command_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[QUIET]) as play:
        await play.main.run_action("links")
        await play.until_text("Open a conversation to see its links.")


async def test_links_deep_in_the_past_are_listed_by_going_there(tmp_path: Path) -> None:
    texts = ["first.example.com/x", *(f"number {each}" for each in range(300))]
    async with stage(tmp_path, people=[person(*texts)]) as play:
        screen = await listed(play, "home")
        assert [link.target for link in screen.links] == ["https://first.example.com/x"]
        await play.press("escape", "end", "o")
        await play.until(lambda: isinstance(play.app.screen, Links))  # it has been loaded, too


async def test_copying_goes_to_the_terminal_and_opens_nothing(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "bin")
    async with stage(tmp_path, people=[PAT]) as play:
        play.main.opener = Opener(environment(BROWSER=str(browser.path)))
        await listed(play)
        await play.press("down", "down", "c")
        await play.until_text("Sent to the terminal's clipboard.")
        assert play.app.clipboard == "https://example.com/mine"
        assert play.app.screen is play.main
        assert not browser.was_started()


async def test_the_user_s_own_keys_list_and_copy(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PAT], keys={"copy": "w", "links": "l"}) as play:
        play.main.opener = Opener(environment(BROWSER="true"))
        await play.open("Pat Links")
        await play.press("shift+tab", "o")
        assert play.app.screen is play.main
        await play.press("l")
        await play.until_text("w copies")
        await play.press("c")
        assert play.app.clipboard == ""
        await play.press("w")
        await play.until(lambda: play.app.clipboard == "https://example.com/a")


async def test_where_nothing_opens_links_copying_is_offered(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PAT]) as play:
        play.main.opener = Opener({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "linux")
        await listed(play)
        assert "Over SSH there is no screen" in play.text
        assert "c copies the link instead" in " ".join(play.text.split())
        await play.press("enter")
        assert isinstance(play.app.screen, Links), "it stays, to copy from"
        await play.press("c")
        assert play.app.clipboard == "https://example.com/a"


async def test_a_failure_is_told_and_the_client_goes_on(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "bin", code=4)
    async with stage(tmp_path, people=[PAT]) as play:
        play.main.opener = Opener(environment(BROWSER=str(browser.path)))
        await listed(play)
        await play.press("enter")
        await play.until_text("The link was not opened", "ended with code 4")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (50, 20)])
async def test_a_user_name_never_hides_the_host(tmp_path: Path, size: tuple[int, int]) -> None:
    async with stage(tmp_path, people=[person(MISLEADING)], size=size) as play:
        await listed(play)
        lines = [line.strip() for line in play.text.splitlines()]
        assert any(line.endswith("evil.example") and "@" not in line for line in lines), (
            "the host, alone on a line"
        )
        assert '! "bank.example" before the @ is a user name, not where it leads.' in " ".join(
            play.text.split()
        )
        assert "https://bank.example@evil.example/login" in play.text.replace("\n", "")


async def test_letters_beyond_ascii_are_shown_as_what_is_opened(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "bin")
    async with stage(tmp_path, people=[person(LOOK_ALIKE)]) as play:
        play.main.opener = Opener(environment(BROWSER=str(browser.path)))
        await listed(play)
        assert order(play, "2 links", "xn--pypal-4ve.com", "https://xn--pypal-4ve.com/", 'Written "p\u0430ypal.com"', "https://bit.ly/abc")  # fmt: skip
        await play.press("enter")
        await play.until(browser.was_started)
        assert browser.words == ["https://xn--pypal-4ve.com/"]


async def test_the_end_of_a_link_taller_than_the_box_can_be_seen(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[person(LONG)], size=(80, 24)) as play:
        await listed(play)
        assert "xend" not in play.text
        for _ in range(5):
            await play.press("pagedown")
        assert "xend" in play.text
        for _ in range(5):
            await play.press("pageup")
        assert "https://example.com/xxx" in play.text


async def test_markup_in_a_link_is_shown_as_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[person("https://[red]@example.com/[/x]?[@click=app.quit]a")]) as play:
        await listed(play)
        assert "https://%5Bred%5D@example.com/[/x]?[@click=app.quit]a" in play.text
        assert '"[red]" before the @' in play.text


async def test_pressing_twice_makes_one_list(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PAT]) as play:
        await play.open("Pat Links")
        await play.press("shift+tab")
        await asyncio.gather(play.main.action_links(), play.main.action_links())
        await play.until(lambda: isinstance(play.app.screen, Links))
        assert len(play.app.screen_stack) == 2
