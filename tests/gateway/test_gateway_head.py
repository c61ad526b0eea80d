"""An answer that begins as the last one: only what follows is read, and nothing is lost or doubled by that."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

import pytest
from gateway_kit import ANA, START, gateway_to, sandbox_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.errors import Uncertain
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway import Gateway
from gynetix_tui.gateway.pieces import Fingerprint, Head, digest_of
from gynetix_tui.gateway.wire import Reading, decode_conversation, read_conversation
from gynetix_tui.sandbox import Sandbox

Wired = dict[str, object]
FIRST = 1_516_816_290
MANY = 1200
"""Messages that take four pieces."""


def wired(count: int, *, seed: int = 1, step: int = 60, longest: int = 400) -> list[Wired]:
    """Texts full of what looks like the place between two messages."""
    dice = random.Random(seed)
    parts = ['"},{"dir":"IN"', "\\", "a},", "},{", '"', "x" * (longest // 4), "é👍", "\n", "},"]
    return [
        {
            "dir": dice.choice(("IN", "OUT")),
            "ts": FIRST + n * step,
            "date": "1/24/2018 10:51 AM",
            "message": "".join(dice.choices(parts, k=dice.randint(0, 9))) + str(n),
        }
        for n in range(count)
    ]


def body_of(messages: list[Wired], **rest: object) -> bytes:
    more = {"suppressed": "N", "did": "15556667777", "type": "all"} | rest
    return json.dumps({"messages": messages} | more, separators=(",", ":")).encode()


def fingerprint_of(body: bytes, head: Head | None, part: int = 10_007) -> Fingerprint:
    fingerprint = Fingerprint(head)
    for start in range(0, len(body), part):
        fingerprint.add(body[start : start + part])
    return fingerprint


def read(body: bytes, last: Reading | None = None, *, part: int = 10_007) -> Reading:
    """As the client reads it, whose last reading of the conversation was `last`."""
    fingerprint = fingerprint_of(body, last.head if last else None, part)
    return read_conversation(body, digest=fingerprint.digest, head=fingerprint.head)


def told(answer: FetchedConversation) -> list[tuple[object, object, object]]:
    return [(each.direction.value, each.ts, each.text) for each in answer.messages]


def plain(messages: list[Wired]) -> list[tuple[object, object, object]]:
    return [(each["dir"], each["ts"], each["message"]) for each in messages]


def check(body: bytes, last: Reading, before: FetchedConversation) -> Reading:
    """Read it after `last`, which was of `before`: what is left out was there, to the second, and the rest is all."""
    whole, now = decode_conversation(body), read(body, last)
    left_out = len(whole.messages) - len(now.conversation.messages)
    assert now.conversation.messages == whole.messages[left_out:]
    assert whole.messages[:left_out] == before.messages[:left_out]
    assert not {m.ts for m in whole.messages[:left_out]} & {m.ts for m in now.conversation.messages}
    assert all(m.ts is not None for m in whole.messages[:left_out])
    for name in ("suppressed", "local_number", "details", "skipped", "digest"):
        assert getattr(now.conversation, name) == getattr(whole, name)
    if now.head:
        inside = json.loads(body[: now.head.size - 1] + b"]}")["messages"]
        latest = max(int(each["ts"]) for each in inside)
        digest = digest_of(body[: now.head.size])
        assert now.head == Head(whole.digest, now.head.size, digest, len(inside), latest)
    return now


def test_pieces_are_the_same_answer_as_one() -> None:
    messages = wired(3 * MANY)
    reading = read(body_of(messages))
    assert told(reading.conversation) == plain(messages)
    assert reading.conversation.digest == digest_of(body_of(messages))
    assert reading.head
    assert reading.head.of == reading.conversation.digest


def test_of_a_longer_answer_only_the_rest_is_read() -> None:
    messages = wired(MANY + 2)
    last = read(body_of(messages[:MANY]))
    body = body_of(messages, suppressed="Y", owner={"city": "X"})
    now = check(body, last, last.conversation)
    assert 2 < len(now.conversation.messages) < MANY * 0.7
    assert now.conversation.suppressed
    assert now.conversation.details == (("owner.city", "X"),)


def test_it_goes_on_from_answer_to_answer_and_what_is_read_stays_short() -> None:
    messages = wired(3 * MANY)
    last = read(body_of(messages[:MANY]))
    before, sizes, most = last.conversation, set(), 0
    for size in range(MANY, 3 * MANY, 30):
        body = body_of(messages[:size])
        last = check(body, last, before)
        before = decode_conversation(body)
        assert last.head
        assert last.head.messages + 1 < size
        sizes.add(last.head.size)
        most = max(most, len(last.conversation.messages))
    assert len(sizes) > 5, "the head moves on"
    assert most < MANY


def cases() -> Iterator[object]:
    new = wired(1, seed=9)[0]
    later = new | {"ts": FIRST + MANY * 60}
    changes: dict[str, Callable[[list[Wired]], object]] = {
        "the first says something else": lambda m: m[0].update(message="another"),
        "the first is a second later, and as long": lambda m: m[0].update(ts=FIRST + 1),
        "the first went the other way": lambda m: m[0].update(dir="IN" if m[0]["dir"] == "OUT" else "OUT"),
        "one more near the beginning": lambda m: m.insert(5, new),
        "one is gone": lambda m: m.pop(7),
        "at the end one of the first second": lambda m: m.append(new),
        "at the end the first once more": lambda m: m.append(m[0]),
        "one without a time": lambda m: m.append({"dir": "IN", "message": "no time"}),
        "one whose time is a text that is no number": lambda m: m.append(later | {"ts": "soon"}),
        "one with a field that is not documented": lambda m: m.append(later | {"id": 5}),
        "one that cannot be read": lambda m: m.append({"dir": "IN"}),
        "backwards": lambda m: m.reverse(),
        "most are gone": lambda m: m.__delitem__(slice(MANY // 10, None)),
        "none": lambda m: m.clear(),
    }
    for name, change in changes.items():
        yield pytest.param(change, id=name)


@pytest.mark.parametrize("change", cases())
def test_what_is_not_only_longer_is_read_whole(change: Callable[[list[Wired]], object]) -> None:
    messages = wired(MANY)
    last = read(body_of(messages))
    change(messages)
    body = body_of(messages)
    assert read(body, last) == read(body)


def test_an_answer_that_ends_with_the_head_is_read_whole() -> None:
    messages = wired(MANY)
    last = read(body_of(messages))
    assert last.head
    body = body_of(messages[: last.head.messages])
    assert len(read(body, last).conversation.messages) == last.head.messages


def test_of_the_second_in_which_the_head_ends_nothing_is_added_without_it() -> None:
    messages = wired(MANY)
    last = read(body_of(messages))
    assert last.head
    for ts, whole in ((last.head.latest, True), (last.head.latest + 1, False)):
        now = check(body_of([*messages, messages[0] | {"ts": ts}]), last, last.conversation)
        assert (len(now.conversation.messages) == MANY + 1) is whole


def test_what_is_broken_at_the_heads_end_is_no_answer() -> None:
    body = body_of(wired(MANY))
    last = read(body)
    assert last.head
    with pytest.raises(Uncertain):
        read(body[: last.head.size] + b'],"did":"15556667777"}', last)  # with a comma too many


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_an_answer_that_breaks_off_after_the_head_is_no_answer(cut: int) -> None:
    body = body_of(wired(MANY))
    last = read(body)
    assert last.head
    with pytest.raises(Uncertain):
        read(body[: last.head.size - 1 + cut], last)


def test_a_rest_that_looks_like_a_refusal_is_read_with_its_messages() -> None:
    messages = wired(MANY)
    last = read(body_of(messages))
    body = body_of(messages, status="failed", message="no")
    check(body, last, last.conversation)


def test_messages_of_one_second_are_never_divided() -> None:
    assert read(body_of(wired(MANY, step=0))).head is None
    messages = wired(3 * MANY)
    usual = read(body_of(messages)).head
    assert usual
    # The head would end in the middle of these.
    for n in range(usual.messages - 2, usual.messages + 2):
        messages[n]["ts"] = messages[usual.messages - 2]["ts"]
    last = read(body_of(messages))
    assert last.head
    assert last.head.messages < usual.messages - 1
    messages.append(wired(1)[0] | {"ts": FIRST + 3 * MANY * 60})
    check(body_of(messages), last, last.conversation)


@pytest.mark.parametrize(
    "shaped",
    [
        pytest.param(lambda body: b'{"owner":"X",' + body[1:], id="another field comes first"),
        pytest.param(lambda body: b'{"messages":[],' + body[1:], id="an empty list of that name comes first"),
        pytest.param(lambda body: body[:-1] + b"," + body[1:], id="the list comes twice"),
        pytest.param(lambda body: body[:-1].replace(b"x", b"y") + b"," + body[1:], id="another as long comes first"),
        pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="a byte order mark"),
        pytest.param(lambda body: json.dumps(json.loads(body), indent=1).encode(), id="indented"),
        pytest.param(lambda body: body.replace(b"},{", b"} , {"), id="blanks around commas"),
        pytest.param(lambda body: body.replace(b'"ts":', b'"ts": "').replace(b',"date"', b'","date"'), id="times as text"),
    ],
)  # fmt: skip
def test_other_shapes_are_read_all_the_same(shaped: Callable[[bytes], bytes]) -> None:
    messages = wired(MANY + 1)
    for message in messages:
        message["message"] = str(message["message"]).replace("}", ")")
    first, second = (shaped(body_of(messages[:size])) for size in (MANY, MANY + 1))
    last = read(first)
    assert told(last.conversation) == plain(messages[:MANY])
    check(second, last, last.conversation)


@pytest.mark.parametrize("part", [1, 4096, 1 << 30])
def test_a_fingerprint_is_the_same_however_the_answer_comes_in(part: int) -> None:
    body = body_of(wired(300))
    for size in (1, 4095, 4096, 4097, len(body) - 1, len(body)):
        right = Head(b"", size, digest_of(body[:size]), 1, 1)
        assert fingerprint_of(body, right, part).head is right
        assert fingerprint_of(body, right, part).digest == digest_of(body)
        wrong = Head(b"", size, digest_of(body[: size - 1]), 1, 1)
        assert fingerprint_of(body, wrong, part).head is None
        assert fingerprint_of(body, wrong, part).digest == digest_of(body)
    assert fingerprint_of(body, Head(b"", len(body) + 1, digest_of(body), 1, 1), part).head is None


def test_a_head_counts_towards_the_most_messages() -> None:
    messages = [{"dir": "IN", "ts": FIRST + n, "message": ""} for n in range(250_001)]
    last = read(body_of(messages[:-1]))
    assert last.head
    with pytest.raises(Uncertain, match="250,000"):
        read(body_of(messages), last)


@st.composite
def _histories(draw: st.DrawFn) -> list[tuple[list[Wired], dict[str, object]]]:
    """Answers of one conversation, one after the other: mostly longer, now and then something else."""
    step, seed = draw(st.integers(0, 2)), draw(st.integers(0, 99))
    source = iter(wired(2000, seed=seed, step=step, longest=20_000))
    messages: list[Wired] = []
    answers: list[tuple[list[Wired], dict[str, object]]] = []
    for _ in range(draw(st.integers(2, 6))):
        messages = messages + [next(source) for _ in range(draw(st.integers(0, 60)))]
        if messages:
            at = draw(st.integers(0, len(messages) - 1))
            kind = draw(
                st.sampled_from(["", "", "", "change", "drop", "insert", "double", "undated", "suppress"])
            )
            if kind == "change":
                messages[at] = messages[at] | {"message": "changed"}
            elif kind == "drop":
                messages = messages[:at] + messages[at + 1 :]
            elif kind in {"insert", "double"}:
                copy = messages[at] | ({"message": "put in"} if kind == "insert" else {})
                messages = [*messages[:at], copy, *messages[at:]]
            elif kind == "undated":
                messages[at] = {"dir": "IN", "message": "no time"}
        answers.append((list(messages), {"suppressed": draw(st.sampled_from("YN"))}))
    return answers


@settings(max_examples=60, deadline=None)
@given(_histories())
def test_nothing_is_lost_or_doubled(answers: list[tuple[list[Wired], dict[str, object]]]) -> None:
    first, rest = answers[0], answers[1:]
    last = read(body_of(first[0], **first[1]))
    before = last.conversation
    for messages, fields in rest:
        body = body_of(messages, **fields)
        last = check(body, last, before)
        before = decode_conversation(body)


# The client, over a socket


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_of() as world:
        for n in range(MANY):
            world.world.receive(ANA, f"text {n} " + "x" * 200, START + n)
        yield world


async def fetch(gateway: Gateway, known: bytes = b"", *, detailed: bool = False) -> FetchedConversation:
    answer = await gateway.get_conversation(phone=ANA, known=known, detailed=detailed)
    assert answer
    return answer


async def test_the_client_leaves_out_only_what_the_caller_has_merged(sandbox: Sandbox) -> None:
    async with gateway_to(sandbox) as gateway:
        first = await fetch(gateway)
        assert len(first.messages) == MANY
        assert await gateway.get_conversation(phone=ANA, known=first.digest) is None
        sandbox.world.receive(ANA, "one more", START + MANY)
        second = await fetch(gateway, first.digest)
        assert 1 < len(second.messages) < MANY
        assert second.messages[-1].text == "one more"
        # That one did not come to the store: the caller names the first again.
        assert len((await fetch(gateway, first.digest)).messages) == MANY + 1
        assert len((await fetch(gateway)).messages) == MANY + 1
        # An answer of another kind says nothing about this one.
        assert len((await fetch(gateway, detailed=True)).messages) == MANY + 1
        sandbox.world.receive(ANA, "and one", START + MANY + 1)
        third = await fetch(gateway, second.digest)
        assert len(third.messages) < MANY
        sandbox.world.receive(ANA, "and two", START + MANY + 2)
        assert len((await fetch(gateway, third.digest)).messages) < MANY


async def test_a_new_client_knows_of_no_answer(sandbox: Sandbox) -> None:
    async with gateway_to(sandbox) as gateway:
        known = (await fetch(gateway)).digest
    sandbox.world.receive(ANA, "one more", START + MANY)
    async with gateway_to(sandbox) as another:
        assert len((await fetch(another, known)).messages) == MANY + 1
