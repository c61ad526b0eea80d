"""The gateway: without a call, and with one connection where that is asked for."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import certifi
import pytest
from doctor_kit import NOW, case_in, fill, only, paths_in, wrong

from gynetix_tui.doctor.network import check_connection, check_gateway, reach

PATIENT = 30.0


@contextmanager
def listener(
    serve: Callable[[socket.socket], object] = lambda connection: None,
) -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what the one connection to it sent until its end."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    serve(connection)
                    received.append(connection.recv(1000))

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], received
        thread.join(PATIENT)  # its one connection waits for it, were it ever so late


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-nodes",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-keyout", str(file), "-out", f"{file}.crt", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


def secured(certificate: Path) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    return serve


def roots(certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate:
        context.load_verify_locations(certificate)
    return context


def test_the_gateway_without_a_call(tmp_path: Path) -> None:
    finding = only(check_gateway(case_in(tmp_path)))
    assert finding.ok
    assert finding.text.startswith("roor.gynetix.com, trusted by certifi 20")
    assert finding.text.endswith("; last reached: never; not tried now (doctor --online tries)")
    assert check_connection(case_in(tmp_path)) == []


def test_when_it_was_last_reached(tmp_path: Path) -> None:
    fill(paths_in(tmp_path).store_file)
    assert "last reached: 2026-01-12 09:00;" in only(check_gateway(case_in(tmp_path))).text


def test_an_answer_from_the_future(tmp_path: Path) -> None:
    fill(paths_in(tmp_path).store_file, fetched_at=NOW + 7200)
    assert "has the clock been set back?" in wrong(check_gateway(case_in(tmp_path)))[0]


def test_a_time_beyond_all_calendars(tmp_path: Path) -> None:
    fill(paths_in(tmp_path).store_file, fetched_at=1e300)
    assert "last reached: not known" in only(check_gateway(case_in(tmp_path))).text


def test_a_broken_store_does_not_hide_the_gateway(tmp_path: Path) -> None:
    file = paths_in(tmp_path).store_file
    file.parent.mkdir()
    file.write_bytes(b"nonsense" * 1000)
    assert "roor.gynetix.com" in only(check_gateway(case_in(tmp_path))).text


def test_only_the_host_is_told(tmp_path: Path) -> None:
    environ = {"GYNETIX_BASE_URL": "https://sms.example.org:8443/secret/path"}
    text = only(check_gateway(case_in(tmp_path, environ))).text
    assert text.startswith("sms.example.org, ")
    assert "secret" not in text


def test_settings_that_are_not_right(tmp_path: Path) -> None:
    case = case_in(tmp_path, {"GYNETIX_BASE_URL": "nonsense"}, online=True)
    assert only(check_gateway(case)).ok is None
    assert only(check_connection(case)).text == "not tried while the settings are not right"


def test_certificates_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "cacert.pem"))
    assert "certifi's certificates are not there" in wrong(check_gateway(case_in(tmp_path)))[0]


def test_a_connection_on_this_machine(tmp_path: Path) -> None:
    with listener() as (port, received):
        environ = {"GYNETIX_BASE_URL": f"http://127.0.0.1:{port}/standard/api"}
        case = case_in(tmp_path, environ, online=True)
        assert "127.0.0.1, plain http on this machine; last reached: never" in only(check_gateway(case)).text
        finding = only(check_connection(case))
    assert finding.ok
    assert finding.text.endswith("without TLS; nothing was sent")
    assert received == [b""]


def test_a_connection_with_tls(certificate: Path) -> None:
    with listener(secured(certificate)) as (port, _):
        finding = reach("127.0.0.1", port, roots(certificate), PATIENT)
    assert finding.ok
    assert ", TLSv1.3, certificate trusted" in finding.text


def test_a_certificate_that_is_not_trusted(tmp_path: Path, certificate: Path) -> None:
    with listener(secured(certificate)) as (port, _):
        case = case_in(tmp_path, {"GYNETIX_BASE_URL": f"https://127.0.0.1:{port}"}, online=True)
        assert wrong(check_connection(case)) == [
            "not reached: its certificate is not trusted (self-signed certificate)"
        ]


def test_no_tls_where_it_should_be() -> None:
    with listener(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as (port, _):
        said = reach("127.0.0.1", port, roots(), PATIENT)
    assert said.ok is False
    assert said.text.startswith("not reached: no secure connection could be made (")


def test_a_refused_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert reach("127.0.0.1", port, None).text == "not reached: the connection was refused"


def test_a_gateway_that_says_nothing() -> None:
    released = threading.Event()
    with listener(lambda connection: released.wait(PATIENT)) as (port, _):
        began = time.monotonic()
        assert reach("127.0.0.1", port, roots(), 0.1).text == "not reached: no answer within 0.1 s"
        assert time.monotonic() - began < PATIENT / 2
        released.set()


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert reach("sms.invalid", 443, roots()).text == "not reached: its name could not be found (DNS)"


@pytest.mark.parametrize(
    ("proxy", "ok", "text"),
    [
        ("http://proxy.example:3128", None, "the environment's proxy is used; not tried through it"),
        ("socks5://proxy.example", False, "HTTPS_PROXY names a SOCKS proxy; only http and https proxies"),
    ],
)
def test_a_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, ok: bool | None, text: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    (tmp_path / "config.toml").write_text("[gateway]\ntrust_environment = true\n")
    case = case_in(tmp_path, online=True)
    finding = only(check_connection(case))
    assert (finding.ok, finding.text.startswith(text)) == (ok, True)
    assert "through HTTPS_PROXY where that is set" in check_gateway(case)[0].text
