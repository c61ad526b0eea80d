"""Hostile text on the screen: in every place where the client shows what others, its store or a paste say."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator

import pytest
from canary import KEY
from hostile_kit import HARM, SURVIVORS, Foul, Screen, read_wire, storable, together
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from terminal_kit import DEADLINE, ENTER, ESCAPE, HOME_KEY, Desk, ctrl

from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.sandbox import Fault, FaultKind, Sandbox
from gynetix_tui.text import clean

COLUMNS, LINES = 120, 60
SIDE = 30
SEND, FETCH, SUPPRESS = "manualTXT", "getConversation", "addSuppression"
UP, DOWN, LEFT, PAGE_DOWN, BACK_TAB = b"\x1b[A", b"\x1b[B", b"\x1b[D", b"\x1b[6~", b"\x1b[Z"
ROW_OF_A_TEXT = re.compile(r"[ ▌]\d\d:\d\d (?:✓✓|  ) (?:You|Ana) ")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[], reply_delay=0.1) as sandbox:
        yield sandbox


def start(desk: Desk, *, columns: int = COLUMNS, lines: int = LINES) -> Screen:
    """Start the client and wait until every conversation has been fetched."""
    terminal = desk.start(columns=columns, lines=lines)
    terminal.wait_for("live, checked")
    return Screen(terminal, columns=columns, lines=lines)


def open_first(desk: Desk, **size: int) -> Screen:
    """Open the first conversation, with the cursor in the composer."""
    screen = start(desk, **size)
    screen.terminal.press(ENTER)
    screen.wait_for("^ Enter send")
    return screen


def leave(screen: Screen) -> None:
    """The program still does what it is told, and nothing has harmed the terminal."""
    screen.terminal.press(ctrl("q"))
    assert screen.terminal.finish() == 0
    screen.terminal.assert_restored()
    screen.read()


def number_of(index: int) -> str:
    return f"+1555777{index:04}"


def add_contacts(desk: Desk, names: list[str]) -> list[ContactId]:
    with desk.store() as store, store.transaction():
        return [
            store.contacts.add(PhoneNumber(number_of(index)), storable(name), now=time.time() - 60)
            for index, name in enumerate(names)
        ]


def paste(screen: Screen, text: str) -> None:
    screen.terminal.press(b"\x1b[200~" + storable(text).encode() + b"\x1b[201~")


def wait_for_words(screen: Screen, words: list[str]) -> None:
    """Wait until all of them are shown; else say which are not."""
    missing: list[str] = []

    def are_shown(shown: str) -> bool:
        missing[:] = [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\d)", shown)]
        return not missing

    try:
        screen.wait_for(are_shown)
    except AssertionError as error:
        raise AssertionError(f"{missing} {error}") from None


def refresh_until(screen: Screen, what: str) -> None:
    """Ask for news until something is shown; one wish while an answer is under way is none."""

    def is_shown(shown: str) -> object:
        found = re.search(what, shown)
        if not found:
            screen.terminal.press(ctrl("r"))
        return found

    screen.wait_for(is_shown)


def click(screen: Screen, row: int, column: int) -> None:
    """Press and release the mouse's button on a cell, counted from 0."""
    for end in "Mm":
        screen.terminal.press(f"\x1b[<0;{column + 1};{row + 1}{end}".encode())


def assert_layout(screen: Screen) -> None:
    """Status and keys have their rows, the contacts their column, and the conversation begins where it should."""
    rows = screen.rows
    assert rows[0].startswith(" Gynetix"), rows[0]
    assert re.search(r"live, checked every 1 s $", rows[0]), rows[0]
    assert rows[-1].startswith(" Enter send  "), rows[-1]
    assert [row for row in rows if len(row) != screen.columns] == []
    for row in rows[2:-1]:
        side, talk = row[:SIDE], row[SIDE:]
        assert re.fullmatch(r"[│▌ ][ \d:+A-Za-z]{6} .{21} ", side), row
        assert talk.startswith((" " * 12, " Message ", " Write a text")) or ROW_OF_A_TEXT.match(talk), row


# Their harm is in what they make of the layout, or of a library that reads them as more than text.
NOT_ON_THE_WIRE = {
    *("zalgo", "mark at the beginning", "vowel signs", "hangul vowels", "skin tones", "joined for ever"),
    *("half flags", "long word", "long word of wide letters", "blanks", "private use", "odd joins"),
    *("closes nothing", "quits", "link in markup", "markup", "backslashes", "template", "json"),
}


@pytest.mark.parametrize("name", sorted(HARM.keys() - NOT_ON_THE_WIRE))
def test_the_reader_notices_raw_harm(name: str) -> None:
    """What the other tests see by."""
    around = "\x1b[?1049h\x1b[2;31H\x1b[38;2;1;2;3;48;2;3;2;1mAna {} 👍🏽\x1b[0m\x1b[3;31H"
    assert not read_wire(around.format("").encode(), columns=80, lines=24).clipboards
    said = around.format(HARM[name]).encode("utf-8", "surrogatepass")
    try:
        found = read_wire(said, columns=80, lines=24).clipboards
    except (Foul, UnicodeDecodeError):
        return
    assert found == ("evil",)


def test_texts_names_and_previews(desk: Desk, sandbox: Sandbox) -> None:
    """Each by itself as a text, a name and a preview; then all of them in one conversation, both ways."""
    now = time.time()
    harms = list(HARM.values())
    add_contacts(desk, ["Ana all", *(f"n{index} {harm}" for index, harm in enumerate(harms))])
    for index, harm in enumerate(harms):
        at = now - 3000 + 2 * index
        sandbox.world.receive(number_of(index + 1), f"p{index} {harm}", at)
        sandbox.world.receive(number_of(0), f"in{index} {harm}", at)
        sandbox.world.sent_elsewhere(number_of(0), f"out{index} {harm} {storable(harm)}", at + 1)
    sandbox.world.receive(number_of(0), "the end", now - 2)
    lines = 2 * len(harms) + 10
    screen = start(desk, lines=lines)
    sandbox.wait_for_requests(len(harms) + 1, FETCH, timeout=DEADLINE)
    screen.begin_anew()
    wait_for_words(screen, [f"{letter}{index}" for letter in "np" for index in range(len(harms))])
    screen.terminal.press(HOME_KEY)
    screen.terminal.press(ENTER)
    screen.wait_for("Ana  the end")
    screen.wait_for("^ Enter send")
    assert_layout(screen)

    screen.terminal.press(BACK_TAB)
    screen.terminal.press(HOME_KEY)
    screen.wait_for("in0 ")
    seen = set(re.findall(r"(?:in|out)\d+ ", "\n".join(screen.rows)))
    while len(seen) < 2 * len(harms):
        before = "\n".join(screen.rows)
        screen.terminal.press(PAGE_DOWN)
        screen.wait_until_gone(before)
        seen |= set(re.findall(r"(?:in|out)\d+ ", screen.wait_until_calm()))
    screen.read()
    leave(screen)


def test_what_people_write_goes_out_byte_for_byte(desk: Desk, sandbox: Sandbox) -> None:
    add_contacts(desk, ["Ana"])
    for index, text in enumerate(SURVIVORS):
        sandbox.world.receive(number_of(0), f"<{text}>", time.time() - 100 + index)
    screen = open_first(desk)
    screen.wait_for("<.*red.*>")
    paste(screen, "<<" + ">> <<".join(SURVIVORS) + ">>")
    screen.wait_for(r"<<\[red\]not\[/red\]>>")
    # Blanks are written where a wide character of doubtful width will stand.
    output = screen.read().text.replace(" ", "")
    assert [text for text in SURVIVORS if f"<{text}>".replace(" ", "") not in output] == []
    assert [text for text in SURVIVORS if f"<<{text}>>".replace(" ", "") not in output] == []
    leave(screen)


@pytest.mark.parametrize(
    "text", ["👨\u200d👩", "می\u200cخواهم", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"]
)
def test_joiners_that_are_typed_go_out(desk: Desk, sandbox: Sandbox, text: str) -> None:
    """Keyboards and emoji pickers type them one by one, as what does not print."""
    add_contacts(desk, ["Ana"])
    screen = open_first(desk)
    screen.terminal.send(f"<{text}\u202e>".encode())
    screen.wait_for("<.*>")
    screen.terminal.press(ENTER)
    sandbox.wait_for_requests(1, "manualTXT", timeout=DEADLINE)
    (sent,) = [request for request in sandbox.requests if request.call == "manualTXT"]
    assert sent.field("message") == f"<{text}>"
    # Not read strictly: a flag that is typed tag by tag is no whole one until its last.
    screen.terminal.press(ctrl("q"))
    assert screen.terminal.finish() == 0


def test_markup_in_a_text_is_neither_run_nor_a_link(desk: Desk, sandbox: Sandbox) -> None:
    add_contacts(desk, ["Ana [@click=app.quit]name[/]"])
    sandbox.world.receive(number_of(0), "[@click=app.quit]text[/] [link=https://example.com]link[/link]")
    screen = open_first(desk, lines=24)
    screen.wait_for(r"Ana  \[@click=app\.quit\]text")
    for row, line in enumerate(screen.rows):
        for found in re.finditer("@click|text|name|link", line):
            click(screen, row, found.start())
    screen.terminal.press(ctrl("g"))
    screen.wait_for(r"Go to *$")
    wait_for_words(screen, ["· Ana [@click=app.quit]name[/]"])
    row = next(row for row, line in enumerate(screen.rows) if "· Ana" in line)
    click(screen, row, screen.rows[row].index("@click"))
    screen.wait_until_gone("Go to")
    leave(screen)


def test_what_is_copied_is_the_clean_text_and_nothing_else(desk: Desk, sandbox: Sandbox) -> None:
    add_contacts(desk, ["Ana"])
    groups = [f"copy{index}{group}" for index, group in enumerate(together())]
    for index, group in enumerate(groups):
        sandbox.world.receive(number_of(0), group, time.time() - 100 + index)
    screen = open_first(desk)
    screen.wait_for("Write a text")
    screen.terminal.press(BACK_TAB)
    expected: list[str] = []
    for group in reversed(groups):
        screen.terminal.press(UP)
        screen.terminal.press(b"c")
        expected.append(clean(group))
        screen.wait_for(lambda _: len(screen.read().clipboards) >= len(expected))
    assert list(screen.read().clipboards) == expected
    leave(screen)


def test_what_the_gateway_says_of_a_refusal(desk: Desk, sandbox: Sandbox) -> None:
    """Under the text, in the list, in the question whether to send it again, in toasts and in the status line."""
    add_contacts(desk, ["Ana " + HARM["override"] + HARM["quits"]])
    reasons = [f"why{index}{group}" for index, group in enumerate(together())]
    screen = open_first(desk, lines=100)
    for index, reason in enumerate(reasons):
        as_error = Fault(
            FaultKind.STATUS,
            call=SEND,
            times=1,
            status=400,
            body=json.dumps({"status": "failed", "message": reason}),
        )
        refusal = Fault(FaultKind.REFUSE, call=SEND, times=1, reason=reason)
        sandbox.faults.add(as_error if index % 2 else refusal)
        screen.terminal.press(b"y")
        screen.terminal.press(ENTER)
        screen.wait_for(rf"not sent: .*why{index}\b")
    screen.terminal.press(BACK_TAB)
    screen.terminal.press(b"r")
    screen.terminal.press(UP)
    screen.terminal.press(b"r")
    screen.wait_for("Send it again")
    screen.terminal.press(ESCAPE)
    screen.wait_until_gone("Leave as it is")
    for reason in reasons[:4]:
        sandbox.faults.add(Fault(FaultKind.REFUSE, call=SUPPRESS, times=1, reason=reason))
        screen.terminal.press(b"x")
        screen.wait_for("Suppress Ana gpj.exe")
        screen.terminal.press(LEFT)
        screen.terminal.press(ENTER)
        screen.wait_for(rf"is not suppressed: {reason[:4]}\b")
    for reason in reasons:
        sandbox.faults.clear()
        sandbox.faults.add(Fault(FaultKind.REFUSE, call=FETCH, reason=reason))
        refresh_until(screen, rf"\A.*: {reason[:5]}")
    sandbox.faults.clear()
    refresh_until(screen, "live, checked")
    leave(screen)


def test_fields_that_nobody_has_documented(desk: Desk, sandbox: Sandbox) -> None:
    add_contacts(desk, ["Ana"])
    groups = together()
    strange: dict[str, object] = {f"key{index}{group}": group for index, group in enumerate(groups)}
    strange |= {"dir": "IN", "message": "strange", "date": groups[0], "ts": groups[1]}
    sandbox.world.receive(number_of(0), "before")
    sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE, body=json.dumps(strange)))
    screen = open_first(desk, lines=150)
    screen.wait_for(rf"key{len(groups) - 1}\b")
    leave(screen)


def test_drafts_and_pastes(desk: Desk, sandbox: Sandbox) -> None:
    """What comes into the fields: from a paste, from a store that others wrote, and from the conversation."""
    ana, ben = add_contacts(desk, ["Ana", "Ben"])
    with desk.store() as store, store.transaction():
        store.drafts.put(ben, "draft " + HARM["clipboard"] + HARM["override"], now=time.time())
        store.drafts.put(ana, "", now=time.time())
    sandbox.world.sent_elsewhere(number_of(0), "again " + HARM["reset"] + HARM["c1 csi"] + HARM["override"])
    with desk.config_file.open("a", encoding="utf-8") as config:
        config.write("[texting]\nask_from_segments = 0\n")
    screen = start(desk)
    screen.wait_for("Draft: draft ␛")
    screen.wait_for("You: again ␛c")
    screen.terminal.press(HOME_KEY)
    screen.terminal.press(ENTER)
    screen.wait_for(r"You  again ␛c")
    screen.terminal.press(UP)
    screen.wait_for("^.{31}again ␛c")
    for index, group in enumerate(together()):
        paste(screen, f"{group}\npaste{index}")
        screen.wait_for(rf"paste{index}\b")
    screen.terminal.press(ENTER)
    screen.wait_for("✓✓ You")
    screen.terminal.press(b"\x1b[19~")
    screen.wait_for(" Message Ben")
    screen.wait_for("^.{31}draft ␛")
    for opening, title in (
        (ctrl("g"), "Go to"),
        (ctrl("n"), "New conversation"),
        (ctrl("p"), "Find a command"),
    ):
        screen.terminal.press(opening)
        screen.wait_for(title)
        for index, group in enumerate(together()):
            paste(screen, f"{index}{group}")
        paste(screen, "~end")
        screen.terminal.press(ENTER)
        screen.wait_for("~end|name|No")
        screen.terminal.press(ESCAPE)
        screen.wait_for("^ Enter send")
        screen.wait_until_gone(title)
    screen.read()
    leave(screen)


def test_dialogs_about_a_contact(desk: Desk, sandbox: Sandbox) -> None:
    """The name in the title of a question, in a field to be changed, and in the words of what was done."""
    names = [f"n{index}{group}" for index, group in enumerate(together(280))]
    add_contacts(desk, names)
    screen = start(desk)
    screen.terminal.press(HOME_KEY)
    dialogs = ((b"x", "Suppress n"), (b"d", "Delete n"), (b"e", "Esc leaves"))
    for index in range(len(names)):
        key, title = dialogs[index % len(dialogs)]
        screen.terminal.press(key)
        screen.wait_for(title)
        screen.terminal.press(ENTER)
        screen.wait_until_gone(title)
        screen.terminal.press(DOWN)
    leave(screen)


def test_any_text_at_all(desk: Desk, sandbox: Sandbox) -> None:
    """Texts made of all of Unicode: HOSTILE_EXAMPLES is how many screens full of them."""
    add_contacts(desk, ["Ana"])
    screen = open_first(desk)
    count = 0

    @settings(
        max_examples=int(os.environ.get("HOSTILE_EXAMPLES", "6")),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(
            st.text(
                st.one_of(st.characters(exclude_categories=[]), st.sampled_from("".join(HARM.values()))),
                max_size=80,
            ),
            min_size=10,
            max_size=20,
        )
    )
    def show(texts: list[str]) -> None:
        nonlocal count
        for text in texts:
            count += 1
            sandbox.world.receive(number_of(0), f"t{count} {text}")
        screen.terminal.press(ctrl("r"))
        screen.wait_for(rf"t{count}\b")
        screen.read()

    show()
    leave(screen)
