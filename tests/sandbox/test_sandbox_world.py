"""People, their histories and their answers, by a clock that is set by hand; and the sandbox's own life."""

from __future__ import annotations

import re
import ssl
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from canary import KEY
from sandbox_kit import ANA, START, Clock, connect, conversation, path_of, raw, text, texts

from gynetix_tui.sandbox import DEMO_PEOPLE, Direction, Person, Sandbox, World, heard, said


def test_a_reply_comes_after_a_moment() -> None:
    clock = Clock(START + 0.5)
    with Sandbox(
        key=KEY, now=clock, reply_delay=2.0, people=[Person(ANA, "Ana", replies=["Hi!"])]
    ) as sandbox:
        text(sandbox, "Hello")
        clock.at = START + 2.4
        assert texts(sandbox) == ["Hello"]
        assert [m["message"] for m in conversation(sandbox).json["messages"]] == ["Hello"]
        clock.at = START + 2.5
        assert [(m["dir"], m["ts"]) for m in conversation(sandbox).json["messages"]] == [
            ("OUT", START),
            ("IN", START + 2),
        ]


def test_replies_come_in_turn_then_around_then_in_parts() -> None:
    clock = Clock()
    person = Person(ANA, "Ana", replies=["1", ("2a", "2b")], then=["x", "y"], keywords=[("Help", "!")])
    world = World(now=clock, people=[person], reply_delay=1)
    got = []
    for said_now in ("a", "b", " help\n", "c", "d", "e"):
        world.send(ANA, said_now)
        clock.at += 10
        got.append(world.conversation(ANA)[-1].text)
    assert got == ["1", "2b", "!", "y", "x", "y"]
    assert "2a" in [message.text for message in world.conversation(ANA)]


def test_replies_never_go_back_in_time() -> None:
    clock = Clock()
    world = World(now=clock, people=[Person(ANA, "Ana", then=["ok"])], reply_delay=5)
    world.send(ANA, "a")
    clock.at -= 100
    world.send(ANA, "b")
    clock.at += 1000
    replies = [message.ts for message in world.conversation(ANA) if message.direction is Direction.IN]
    assert replies == [START + 5, START + 5]


def test_nobody_answers_for_an_unknown_number_or_a_silent_person() -> None:
    clock = Clock()
    world = World(now=clock, people=[Person(ANA, "Ana")])
    world.send(f"+{ANA}", "hello?")
    world.send("15550001111", "hello?")
    clock.at += 1e6
    assert len(world.conversation(ANA)) == len(world.conversation("15550001111")) == 1


def test_texts_can_be_put_in_at_any_time() -> None:
    clock = Clock()
    world = World(now=clock)
    world.receive(ANA, "now")
    world.receive(ANA, "twin", START - 60)
    world.receive(ANA, "twin", START - 60)
    world.sent_elsewhere(ANA, "from the future", START + 60)
    assert [m.text for m in world.conversation(ANA)] == ["twin", "twin", "now", "from the future"]


def test_a_person_who_joins_brings_a_history() -> None:
    clock = Clock()
    world = World(now=clock)
    world.receive(ANA, "before you knew me")
    clock.at += 60
    world.add_person(Person(ANA, "Ana", history=[said("one", hours=1), heard("two", minutes=30)]))
    assert [m.text for m in world.conversation(ANA)] == ["one", "two", "before you knew me"]
    assert world.local_number(ANA) == "15556667777"
    assert world.local_number("15550001111") is None


def test_a_person_is_made_of_digits_and_sequences() -> None:
    with pytest.raises(ValueError, match="digits"):
        Person("+1555", "Plus")
    with pytest.raises(TypeError, match="sequence"):
        Person("1555", "Letters", replies="one by one")


def test_the_cast_is_the_same_by_the_same_clock_and_always_fresh() -> None:
    for start in (START, 2_000_000_000.0):
        one, two = (World(now=Clock(start), people=DEMO_PEOPLE) for _ in range(2))
        for person in DEMO_PEOPLE:
            assert re.fullmatch(r"1555[2-9]\d{6}", person.number)
            messages = one.conversation(person.number)
            assert messages == two.conversation(person.number)
            assert messages
            assert messages == sorted(messages, key=lambda message: message.ts)
            assert start - 3 * 86400 < messages[-1].ts < start
            assert all(message.text.strip() for message in messages)


def test_the_cast_has_someone_for_everything() -> None:
    world = World(now=Clock(), people=DEMO_PEOPLE)
    all_texts = {p.name: [m.text for m in world.conversation(p.number)] for p in DEMO_PEOPLE}
    joined = {name: "\n".join(lines) for name, lines in all_texts.items()}
    assert all_texts["Ana Torres"] == ["Hello", "Who is this"]
    assert max(line.count("\n") for line in all_texts["Dr. Okafor's office"]) > 5
    assert all(sign in joined["Mei Chen 陈美"] for sign in ("👨\u200d👩", "🇯🇵", "妈妈", "👍🏽"))
    assert re.search("[\u0600-\u06ff]", joined["Yusuf يوسف"])
    assert re.search("[\u0590-\u05ff]", joined["Noa נועה"])
    assert 1900 < len(all_texts["Priya Raman"]) < 2100
    assert "{" not in joined["Priya Raman"]


def test_the_year_stays_out_of_the_night() -> None:
    # The demo is opened at some time of the day: nobody in it writes more than six hours off that.
    world = World(now=Clock(), people=DEMO_PEOPLE)
    (priya,) = (person for person in DEMO_PEOPLE if person.name == "Priya Raman")
    messages = world.conversation(priya.number)
    opened = datetime.fromtimestamp(START, UTC)
    for message in messages:
        days, rest = divmod((opened - datetime.fromtimestamp(message.ts, UTC)).total_seconds(), 86400)
        assert min(rest, 86400 - rest) < 6 * 3600, (days, message)
    assert opened - datetime.fromtimestamp(messages[0].ts, UTC) > timedelta(days=360)


def test_sam_answers_anything_with_stop_and_is_not_suppressed_by_it() -> None:
    clock = Clock()
    with Sandbox(key=KEY, now=clock) as sandbox:
        sam = next(person.number for person in DEMO_PEOPLE if person.name == "Sam Rivera")
        for _ in range(3):
            text(sandbox, "Hi Sam!", to=sam)
            clock.at += 5
            assert texts(sandbox, sam)[-1] == "STOP"
        assert conversation(sandbox, sam).json["suppressed"] == "N"


def test_it_comes_back_on_its_port_with_its_world() -> None:
    sandbox = Sandbox(key=KEY, people=())
    sandbox.stop()
    with sandbox:
        port = sandbox.port
        text(sandbox, "kept")
        with pytest.raises(RuntimeError):
            sandbox.start()
    with pytest.raises(ConnectionRefusedError):
        text(sandbox, "nobody there")
    with sandbox:
        assert sandbox.port == port
        assert texts(sandbox) == ["kept"]
        assert text(sandbox, "again").status == 200


def test_stop_leaves_no_thread_and_ends_what_is_kept_alive() -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox(key=KEY, people=())
    sandbox.start()
    connections = [connect(sandbox) for _ in range(5)]
    for connection in connections:
        raw(sandbox, path_of(sandbox, "messenger/getConversation"), connection=connection)
    sandbox.stop()
    assert set(threading.enumerate()) == before
    for connection in connections:
        assert connection.sock.recv(1) == b""
        connection.close()


def test_many_at_once() -> None:
    with Sandbox(key=KEY, people=()) as sandbox:
        threads = [threading.Thread(target=text, args=(sandbox, f"text {n}")) for n in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        received = [request.field("message") for request in sandbox.requests]
        assert texts(sandbox) == received
        assert sorted(received) == sorted(f"text {n}" for n in range(30))


def test_tls(tmp_path: Path) -> None:
    pair = _certificate(tmp_path)
    with Sandbox(key=KEY, people=(), certificate=pair) as sandbox:
        url = f"{sandbox.base_url}/messenger/getConversation/key/{quote(KEY, safe='')}/response/json"
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(pair[0]))
        with urllib.request.urlopen(url, b"phone=1", timeout=10, context=trusting) as answer:  # noqa: S310
            assert answer.status == 200
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(url, b"phone=1", timeout=10, context=ssl.create_default_context())  # noqa: S310
        with pytest.raises(OSError, match=r"refused|reset|closed|Remote end"):
            raw(sandbox, path_of(sandbox, "messenger/getConversation"))


def _certificate(folder: Path) -> tuple[Path, Path]:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths
