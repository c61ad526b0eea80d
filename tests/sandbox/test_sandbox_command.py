"""The sandbox alone, as a program of its own."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from gynetix_tui.sandbox.command import serve

PROGRAM = (
    "import sys; from gynetix_tui.sandbox.command import serve; sys.exit(serve(0, sys.argv[1], sys.stdout))"
)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_says_how_to_reach_it(end: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "my key"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONIOENCODING": "ascii"},
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl+C" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            found = re.search(r"GYNETIX_BASE_URL=(http://127\.0\.0\.1:\d+/standard/api) (.*)", said)
            assert found is not None
            assert found[2] == "GYNETIX_API_KEY='my key' GYNETIX_FROM=+15556667777 \\"
            assert "HOME=$(mktemp -d)" in said  # the user's own texts are left alone
            assert "+15557778888  Ana Torres" in said
            url = f"{found[1]}/messenger/getConversation/key/my%20key/response/json"
            with urllib.request.urlopen(url, b"phone=15557778888", timeout=10) as answer:  # noqa: S310
                assert b"Who is this" in answer.read()
            process.send_signal(end)
            _, errors = process.communicate(timeout=10)
            assert (process.returncode, errors) == (0, "")
        finally:
            process.kill()  # or leaving the block would wait for it for ever


def test_a_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out = io.StringIO()
        assert serve(port, None, out) == 2
    assert out.getvalue() == ""
    errors = capsys.readouterr().err
    assert errors == f"The sandbox cannot listen on port {port} of 127.0.0.1: Address already in use.\n"


def test_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(70_000, None, io.StringIO()) == 2
    assert "cannot listen on port 70000" in capsys.readouterr().err
