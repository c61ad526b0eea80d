"""The environment's proxies and certificates: over a real CONNECT proxy and real TLS, trusted and not."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_kit import ANA, HOME, KEY, SEGMENT, certificate, closed_port, failure_of, sandbox_of, send, sent
from raw_kit import Manner, Proxy, proxy

from gynetix_tui.errors import ConfigError, GatewayError, NotSent, Uncertain
from gynetix_tui.gateway import Gateway
from gynetix_tui.gateway.environment import proxy_for
from gynetix_tui.gateway.transport import trusted_roots
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.secret import ApiKey

PASSWORD = "hunter2"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return certificate(tmp_path)


@pytest.fixture
def sandbox(pair: tuple[Path, Path]) -> Iterator[Sandbox]:
    with sandbox_of(certificate=pair) as running:
        yield running


def trusting(pair: tuple[Path, Path]) -> ssl.SSLContext:
    roots = trusted_roots()
    roots.load_verify_locations(cafile=pair[0])
    return roots


def gateway_at(url: str, roots: ssl.SSLContext | None, *, trust: bool = True, seconds: float = 60) -> Gateway:
    return Gateway(
        base_url=url,
        key=ApiKey(KEY),
        roots=roots,
        trust_environment=trust,
        send_seconds=seconds,
        fetch_seconds=seconds,
    )


def assert_only_connects(through: Proxy, sandbox: Sandbox, count: int) -> None:
    """The proxy was told where to, and neither key nor text nor path."""
    host = sandbox.base_url.split("/")[2].encode()
    assert len(through.heads) == count
    for head in through.heads:
        assert head.startswith(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n" % (host, host))
        for secret in (SEGMENT.encode(), b"CANARY", b"/key/", b"standard"):
            assert secret not in head


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_where_the_environment_is_trusted_its_proxy_is_used(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    async with proxy() as through:
        monkeypatch.setenv(variable, through.address)
        async with gateway_at(sandbox.base_url, trusting(pair)) as gateway:
            assert await send(gateway) == "Message has been sent"
            assert await gateway.get_conversation(phone=ANA)
            assert await gateway.get_conversation(phone=ANA)
            await gateway.add_suppression(phone=ANA)
    # Two sends with a connection each; both fetches share one.
    assert_only_connects(through, sandbox, 3)
    assert through.passed > 0
    assert [request.path.count(SEGMENT) for request in sandbox.requests] == [1] * 4
    assert sent(sandbox) == ["Hello"]


async def test_a_proxy_may_be_named_without_its_scheme_and_with_a_password(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as through:
        monkeypatch.setenv("HTTPS_PROXY", f"me:{PASSWORD}@127.0.0.1:{through.port}/")
        async with gateway_at(sandbox.base_url, trusting(pair)) as gateway:
            await send(gateway)
    assert_only_connects(through, sandbox, 1)
    assert b"\r\nProxy-Authorization: Basic bWU6aHVudGVyMg==\r\n" in through.heads[0]
    assert "proxy-authorization" not in {name.lower() for name, _ in sandbox.requests[0].headers}


async def test_an_https_proxy_is_met_with_the_same_trust(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    async with proxy(certificate=pair) as through:
        monkeypatch.setenv("HTTPS_PROXY", through.address)
        assert through.address.startswith("https:")
        async with gateway_at(sandbox.base_url, trusting(pair)) as gateway:
            await send(gateway)
        async with gateway_at(sandbox.base_url, trusted_roots()) as stranger:
            error = await failure_of(lambda: send(stranger), NotSent)
            assert str(error) == "the gateway's certificate is not trusted"
    assert_only_connects(through, sandbox, 1)
    assert not (tmp_path / "keys.log").exists()
    assert sent(sandbox) == ["Hello"]


@pytest.mark.parametrize("no_proxy", ["*", "127.0.0.1", "example.org, 127.0.0.1"])
async def test_no_proxy_is_honoured(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    async with proxy() as through:
        monkeypatch.setenv("HTTPS_PROXY", through.address)
        monkeypatch.setenv("NO_PROXY", no_proxy)
        async with gateway_at(sandbox.base_url, trusting(pair)) as gateway:
            await send(gateway)
    assert through.heads == []
    assert sent(sandbox) == ["Hello"]


async def test_where_the_environment_is_not_trusted_its_proxy_is_never_touched(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as through:
        for name in ("HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, through.address)
        async with gateway_at(sandbox.base_url, trusting(pair), trust=False) as gateway:
            await send(gateway)
            await gateway.get_conversation(phone=ANA)
        # Nor does a senseless one stop anything.
        monkeypatch.setenv("HTTPS_PROXY", "socks5://[")
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
        async with gateway_at(sandbox.base_url, None, trust=False) as gateway:
            await failure_of(lambda: send(gateway), NotSent)
    assert through.heads == []


async def test_plain_http_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # The proxy would be told the whole address, with the key in it.
    async with proxy() as through:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name.lower(), through.address)
            monkeypatch.setenv(name, through.address)
        with sandbox_of() as plain:
            async with gateway_at(plain.base_url, None) as gateway:
                await send(gateway)
                await gateway.get_conversation(phone=ANA)
            assert sent(plain) == ["Hello"]
            assert proxy_for(plain.base_url, trusted_roots()) is None
    assert through.heads == []


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        (Manner.REFUSES, "the proxy refused the way to the gateway: HTTP 403"),
        (Manner.HANGS_UP, "the proxy made no connection to the gateway"),
        (Manner.IS_MUTE, "the gateway did not take the connection in time"),
    ],
)
async def test_a_proxy_that_makes_no_connection_means_not_sent(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, manner: Manner, words: str
) -> None:
    async with proxy(manner) as through:
        monkeypatch.setenv("HTTPS_PROXY", through.address)
        seconds = 0.5 if manner is Manner.IS_MUTE else 60
        async with gateway_at(sandbox.base_url, trusting(pair), seconds=seconds) as gateway:
            for call in (lambda: send(gateway), lambda: gateway.get_conversation(phone=ANA)):
                error = await failure_of(call, NotSent)
                assert str(error) == words
    assert_only_connects(through, sandbox, 2)
    assert sandbox.requests == []


async def test_no_proxy_there_is_not_sent(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    async with gateway_at(sandbox.base_url, trusting(pair)) as gateway:
        await failure_of(lambda: send(gateway), NotSent)
    assert sandbox.requests == []


async def test_a_gateway_that_is_not_trusted_behind_a_proxy_is_told_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as through:
        monkeypatch.setenv("HTTPS_PROXY", through.address)
        async with gateway_at(sandbox.base_url, trusted_roots()) as gateway:
            error = await failure_of(lambda: send(gateway), NotSent)
    assert str(error) == "the gateway's certificate is not trusted"
    assert sandbox.requests == []


async def test_a_proxy_that_dies_after_the_body_leaves_it_uncertain(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = trusting(pair)
    roots.maximum_version = ssl.TLSVersion.TLSv1_2
    async with proxy(Manner.DIES_AFTER_BODY) as through:
        monkeypatch.setenv("HTTPS_PROXY", through.address)
        async with gateway_at(sandbox.base_url, roots) as gateway:
            error = await failure_of(lambda: send(gateway), Uncertain)
    assert str(error) == "the connection broke before the gateway's answer was complete"
    assert sent(sandbox) == ["Hello"]


@pytest.mark.parametrize("manner", [Manner.REFUSES, Manner.HANGS_UP, Manner.DIES_AFTER_BODY])
async def test_no_error_behind_a_proxy_shows_a_secret(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, manner: Manner
) -> None:
    roots = trusting(pair)
    roots.maximum_version = ssl.TLSVersion.TLSv1_2
    async with proxy(manner) as through:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{through.port}")
        async with gateway_at(sandbox.base_url, roots) as gateway:
            with pytest.raises(GatewayError) as raised:
                await gateway.send_message(to=ANA, sender=HOME, text="x")
        error = raised.value.with_traceback(raised.value.__traceback__.tb_next)  # type: ignore[union-attr]
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "_tell" in shown
    for secret in (PASSWORD, "aHVudGVy", "CANARY"):
        assert secret not in shown
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"socks5://me:{PASSWORD}@127.0.0.1:1080", "names a SOCKS proxy; only http and https proxies can be used."),
        ("SOCKS4://127.0.0.1", "names a SOCKS proxy; only http and https proxies can be used."),
        ("socks5h://[", "names a SOCKS proxy; only http and https proxies can be used."),
        *[
            (odd, "is not the address of a proxy; it must look like http://proxy.example:3128.")
            for odd in (
                f"http://me:{PASSWORD}@host:port", f"http://me:{PASSWORD}/3@host:3128", f"http://me:1{PASSWORD}",
                f"http://me:99/{PASSWORD}@host", f"http://me:{PASSWORD}#3@host", f"http://me:99?{PASSWORD}@host:3",
                f"http://me:{PASSWORD}@", f"http://me:{PASSWORD}@[::1", f"ftp://me:{PASSWORD}@host", "http://",
                "http://host:99999", "http://host:0", "http://ho st", "http://\x07", "http://xn--\u2603.-",
                f"http://{PASSWORD}\udcff@host", f"http://me:{PASSWORD}\udcff@[", "http://[::1]x", "http:///path",
                "http://host#",
            )
        ],
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_proxy_is_said_without_it(
    monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    for variable in ("HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, address)
        with pytest.raises(ConfigError) as raised:
            gateway_at("https://gateway.example/api", trusted_roots())
        assert str(raised.value) == f"{variable} {words}"
        assert raised.value.__context__ is None, "it would quote a piece of the password"
        monkeypatch.delenv(variable)


async def test_certificates_of_the_environment_are_trusted_instead(
    sandbox: Sandbox, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def assert_reached() -> None:
        async with gateway_at(sandbox.base_url, None) as gateway:
            await send(gateway)

    async def assert_not_trusted() -> None:
        async with gateway_at(sandbox.base_url, None) as gateway:
            error = await failure_of(lambda: send(gateway), NotSent)
        assert str(error) == "the gateway's certificate is not trusted"

    await assert_not_trusted()
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    await assert_reached()
    assert trusted_roots(trust_environment=True).cert_store_stats()["x509"] == 1
    monkeypatch.delenv("SSL_CERT_FILE")
    folder = tmp_path / "roots"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}/none:{folder}")
    await assert_not_trusted()
    # OpenSSL finds a certificate in a folder by the hash of its subject: `openssl x509 -hash` says it.
    (folder / f"{_subject_hash(pair[0])}.0").write_bytes(pair[0].read_bytes())
    await assert_reached()


def test_the_environment_never_has_the_secrets_of_a_session_written(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    roots = trusted_roots(trust_environment=True)
    assert not roots.keylog_filename
    assert roots.verify_mode is ssl.CERT_REQUIRED
    assert roots.check_hostname
    assert roots.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_no_certificates_where_the_environment_says_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigError, match=r"^SSL_CERT_FILE names no file with certificates"):
        trusted_roots(trust_environment=True)
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"^SSL_CERT_DIR names no folder\.$"):
        trusted_roots(trust_environment=True)


def _subject_hash(file: Path) -> str:
    """The name under which OpenSSL looks for a certificate: SHA-1 of the subject in its canonical form.

    That form (X509_NAME_hash_ex) is each RDN as a SET with its text as UTF-8 in lower case, without the
    SEQUENCE around them.
    """
    import hashlib

    from cryptography import x509

    (name,) = x509.load_pem_x509_certificate(file.read_bytes()).subject
    text = str(name.value).lower().encode()
    oid = bytes.fromhex("0603550403")  # 2.5.4.3, commonName
    pair = oid + bytes([0x0C, len(text)]) + text
    sequence = bytes([0x30, len(pair)]) + pair
    rdn = bytes([0x31, len(sequence)]) + sequence
    return f"{int.from_bytes(hashlib.sha1(rdn, usedforsecurity=False).digest()[:4], 'little'):08x}"
