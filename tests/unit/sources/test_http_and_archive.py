"""The one way to the network, and its recorded stand-in."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sources.archive import ArchiveWriter, ReplayAdapter
from sources.environment import Environment, Scope, declare_environment
from sources.errors import ConfigurationError, FeedProblem
from sources.http import Limits, PublisherSession
from tests.support.publisher import Answer, LoopbackPublisher
from tests.support.small import small_environment

URL = "https://duo.nl/levering.csv"
QUICK = Limits(attempts=2, backoff=0.01, read_timeout=2)
Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(handle: Handle, certificate: Path | None = None) -> Iterator[str]:
    """A server on loopback for what the publisher of the other tests can't do; gives its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for key, value in headers.items():
        request.send_header(key.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def echo(request: BaseHTTPRequestHandler) -> None:
    """The request's headers as JSON; ``/first`` leads to ``/second``."""
    if request.path.endswith("/first"):
        reply(request, b"", 302, Location=request.path.replace("first", "second"))
    else:
        reply(request, json.dumps({"path": request.path, **request.headers}).encode())


def live(home: Path, **mirrors: str) -> Environment:
    hosts = {name.replace("_", "."): url for name, url in mirrors.items()}
    return Environment("live", "live", home, Scope(required=("NL00",)), None, hosts)


# -- the network ------------------------------------------------------------------------------------------------------


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    moments: list[float] = []
    with LoopbackPublisher(files={URL: b"12"}).running() as publisher:

        def busy(_url: str, answer: Answer) -> Answer:
            moments.append(time.monotonic())
            return Answer(503, b"busy", {"Retry-After": "1"}) if len(moments) == 1 else answer

        publisher.fault = busy
        with PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session:
            received = session.download(URL, tmp_path / "body")
    assert publisher.requests == [f"GET {URL}"] * 2
    assert 1.0 <= moments[1] - moments[0] < 3
    assert ((tmp_path / "body").read_bytes(), received.bytes) == (b"12", 2)


def test_a_publisher_that_stays_busy_is_asked_a_set_number_of_times(tmp_path: Path) -> None:
    with LoopbackPublisher(files={URL: b""}).running() as publisher:
        publisher.fault = lambda _url, _answer: Answer(503, b"druk", {"Retry-After": "0"})
        with (
            PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session,
            pytest.raises(FeedProblem, match="status 503 Service Unavailable: druk"),
        ):
            session.download(URL, tmp_path / "body")
    assert publisher.requests == [f"GET {URL}"] * (1 + QUICK.attempts)


def test_an_error_page_that_breaks_off_is_still_a_status(tmp_path: Path) -> None:
    with LoopbackPublisher(files={URL: b""}).running() as publisher:
        publisher.fault = lambda _url, _answer: Answer(404, b"weg", {"Content-Encoding": "gzip"}, length=300)
        with (
            PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session,
            pytest.raises(FeedProblem, match="status 404 Not Found"),
        ):
            session.download(URL, tmp_path / "body")


def test_a_body_with_a_false_content_encoding_holds_the_feed(tmp_path: Path) -> None:
    with LoopbackPublisher(files={URL: b"no gzip"}).running() as publisher:
        publisher.fault = lambda _url, answer: Answer(body=answer.body, headers={"Content-Encoding": "gzip"})
        with PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session:
            for ask in (lambda: session.download(URL, tmp_path / "body"), lambda: session.get_json(URL)):
                with pytest.raises(FeedProblem, match="the body broke off 3 times"):
                    ask()


def test_compressed_bodies_are_stored_decoded(tmp_path: Path) -> None:
    body = b"GEMEENTENUMMER;AANTAL\n" * 50_000
    with LoopbackPublisher(files={URL: gzip.compress(body)}).running() as publisher:
        publisher.fault = lambda _url, answer: Answer(body=answer.body, headers={"Content-Encoding": "gzip"})
        with PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session:
            received = session.download(URL, tmp_path / "body")
    assert received.bytes == len(body)
    assert (tmp_path / "body").read_bytes() == body


def test_a_redirect_within_the_host_is_followed(tmp_path: Path) -> None:
    other = "https://duo.nl/2026/levering.csv"
    with LoopbackPublisher(files={URL: b"", other: b"nieuw"}).running() as publisher:
        moved = Answer(302, headers={"Location": "/duo.nl/2026/levering.csv"})
        publisher.fault = lambda url, answer: moved if url == URL else answer
        with PublisherSession("f", small_environment(tmp_path, publisher), limits=QUICK) as session:
            received = session.download(URL, tmp_path / "body")
    assert publisher.requests == [f"GET {URL}", f"GET {other}"]
    assert ((tmp_path / "body").read_bytes(), received.url) == (b"nieuw", URL)


def test_the_budget_counts_over_the_whole_feed(tmp_path: Path) -> None:
    limits = Limits(attempts=0, backoff=0.01, feed_bytes=1500)
    with LoopbackPublisher(files={URL: b"x" * 1000}).running() as publisher:
        environment = small_environment(tmp_path, publisher)
        with PublisherSession("f", environment, limits=limits) as session:
            assert session.download(URL, tmp_path / "body").bytes == 1000
            with pytest.raises(FeedProblem, match="the body is larger than 500 bytes .*levering.csv"):
                session.download(URL, tmp_path / "body")
        with PublisherSession("f", environment, limits=limits) as session:
            assert session.download(URL, tmp_path / "body").bytes == 1000, "another session has its own budget"


def test_a_slow_drip_ends_at_the_time_limit(tmp_path: Path) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        for _ in range(100):
            try:
                request.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.05)

    limits = Limits(attempts=0, backoff=0.01, read_timeout=2, body_seconds=0.4)
    with serving(drip) as base, PublisherSession("f", live(tmp_path, duo_nl=base), limits=limits) as session:
        start = time.monotonic()
        with pytest.raises(FeedProblem, match="the body took over 0 seconds"):
            session.download(URL, tmp_path / "body")
        assert time.monotonic() - start < 2


def test_silence_ends_at_the_read_timeout(tmp_path: Path) -> None:
    limits = Limits(attempts=0, backoff=0.01, read_timeout=0.2)

    def silent(_request: BaseHTTPRequestHandler) -> None:
        time.sleep(1)

    with (
        serving(silent) as base,
        PublisherSession("f", live(tmp_path, duo_nl=base), limits=limits) as session,
        pytest.raises(FeedProblem, match="no answer: .*levering.csv"),
    ):
        session.download(URL, tmp_path / "body")


def test_headers_name_us_and_accept_more_than_json(tmp_path: Path) -> None:
    with serving(echo) as base, PublisherSession("f", live(tmp_path, duo_nl=base), limits=QUICK) as session:
        headers = session.get_json(URL)
    assert headers["User-Agent"] == "noord/0.1 (Heerlen-Noord warehouse)"
    assert headers["Accept"] == "application/json, */*;q=0.8"
    assert "Cookie" not in headers


@pytest.mark.parametrize("page", ["levering.csv", "first"])
def test_netrc_credentials_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """Neither with the first request nor after a redirect."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\ndefault login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(echo) as base, PublisherSession("f", live(tmp_path, duo_nl=base), limits=QUICK) as session:
        headers = session.get_json(f"https://duo.nl/{page}")
    assert headers["path"] == ("/levering.csv" if page != "first" else "/second")
    assert "Authorization" not in headers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pkcs8 = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path, certificate: Path) -> None:
    with (
        serving(echo, certificate) as base,
        PublisherSession("f", live(tmp_path), limits=QUICK) as session,
        pytest.raises(FeedProblem, match="certificate verify failed: self-signed certificate"),
    ):
        session.get_json(f"{base}/levering.csv")


def test_a_trusted_certificate_is_accepted_but_a_way_back_to_http_is_not(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/down":
            host = request.headers["Host"]
            reply(request, b"", 302, Location=f"http://{host}/levering.csv")
        else:
            echo(request)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(handle, certificate) as base, PublisherSession("f", live(tmp_path), limits=QUICK) as session:
        assert session.get_json(f"{base}/levering.csv")["path"] == "/levering.csv"
        with pytest.raises(FeedProblem, match="redirect from https to http"):
            session.get_json(f"{base}/down")


def test_a_mirror_stands_in_for_its_own_host_only(tmp_path: Path) -> None:
    asked: list[str] = []

    def note(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        reply(request, b"{}")

    with serving(note) as one, serving(echo) as two:
        environment = live(tmp_path, duo_nl=f"{one}/spiegel", opendata_cbs_nl=two)
        with PublisherSession("f", environment, limits=QUICK) as session:
            session.get_json(URL + "?zie=https://duo.nl/x")
            assert (
                session.get_json("https://opendata.cbs.nl/a?zie=https://duo.nl/x")["path"] == "/a?zie=https://duo.nl/x"
            )
            assert session.get_json(f"{two}/https://duo.nl/b")["path"] == "/https://duo.nl/b", "no mirror for this host"
    assert asked == ["/spiegel/levering.csv?zie=https://duo.nl/x"]


def test_no_answer_at_all_names_the_publishers_url(tmp_path: Path) -> None:
    with serving(echo) as base:
        pass
    with (
        PublisherSession("f", live(tmp_path, duo_nl=base), limits=QUICK) as session,
        pytest.raises(FeedProblem, match="f: no answer: ConnectionRefusedError.*https://duo.nl/levering.csv"),
    ):
        session.head(URL)


# -- the archive ------------------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HEADERS = {"ETag": '"abc"', "Content-Type": "text/csv; charset=utf-8", "Content-Length": "9", "Set-Cookie": "id=1"}


def write(path: Path, *exchanges: tuple[str, str, int, bytes], moment: datetime | None = MOMENT) -> Path:
    writer = ArchiveWriter(path, moment)
    for method, url, status, body in exchanges:
        writer.write(method, url, status, "OK" if status == 200 else "Not Found", HEADERS, BytesIO(body))
    writer.close()
    return path


def replay(path: Path) -> PublisherSession:
    environment = Environment("replay-x", "replay", path.parent, Scope(required=("NL00",)), path)
    return PublisherSession("f", environment, limits=QUICK)


def test_a_replay_gives_the_same_bytes_status_and_headers(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    archive = write(
        tmp_path / "a.warc.gz",
        ("HEAD", URL, 200, b""),
        ("GET", URL, 200, body),
        ("GET", URL + "?leeg", 200, b""),
        ("GET", URL + "?weg", 404, b"niet gevonden"),
    )
    with replay(archive) as session:
        received = session.download(URL, tmp_path / "body")
        assert (tmp_path / "body").read_bytes() == body
        assert (received.bytes, received.etag) == (len(body), '"abc"')
        assert dict(session.head(URL)) == {"ETag": '"abc"', "Content-Type": "text/csv; charset=utf-8"}
        assert session.download(URL + "?leeg", tmp_path / "body").bytes == 0
        with pytest.raises(FeedProblem, match="status 404 Not Found: niet gevonden"):
            session.get_json(URL + "?weg")


def test_head_and_get_of_one_url_are_kept_apart(tmp_path: Path) -> None:
    with replay(write(tmp_path / "a.warc.gz", ("GET", URL, 200, b"{}"))) as session:
        assert session.get_json(URL) == {}
        with pytest.raises(FeedProblem, match="status 404 Not in the archive"):
            session.head(URL)


def test_an_archive_that_changed_is_read_again(tmp_path: Path) -> None:
    for body in (b"[1]", b"[2]"):
        (tmp_path / "a.warc.gz").unlink(missing_ok=True)
        with replay(
            write(tmp_path / "a.warc.gz", ("GET", URL, 200, body), ("GET", URL + body.decode(), 200, body))
        ) as session:
            assert session.get_json(URL + body.decode()) == json.loads(body)


def test_of_two_exchanges_the_last_counts(tmp_path: Path) -> None:
    with replay(write(tmp_path / "a.warc.gz", ("GET", URL, 200, b"[1]"), ("GET", URL, 200, b"[2]"))) as session:
        assert session.get_json(URL) == [2]


def test_what_was_not_recorded_is_a_problem_that_names_the_archive(tmp_path: Path) -> None:
    words = r"status 404 Not in the archive: GET https://duo.nl/anders is not in the archive maart.warc.gz"
    archive = write(tmp_path / "maart.warc.gz", ("GET", URL, 200, b""))
    with replay(archive) as session, pytest.raises(FeedProblem, match=words):
        session.get_json("https://duo.nl/anders")


def test_a_fixed_moment_makes_identical_archives(tmp_path: Path) -> None:
    exchanges = [("HEAD", URL, 200, b""), ("GET", URL, 200, b"a;b\n1;2\n")]
    one, two = (write(tmp_path / f"{name}.warc.gz", *exchanges).read_bytes() for name in "ab")
    assert one == two
    assert write(tmp_path / "c.warc.gz", *exchanges, moment=MOMENT + timedelta(seconds=1)).read_bytes() != one
    assert b"WARC-Date: 2026-03-02T06:00:00Z" in gzip.decompress(one)


def test_an_archive_is_never_written_over(tmp_path: Path) -> None:
    before = write(tmp_path / "a.warc.gz", ("GET", URL, 200, b"")).read_bytes()
    with pytest.raises(FileExistsError):
        ArchiveWriter(tmp_path / "a.warc.gz")
    assert (tmp_path / "a.warc.gz").read_bytes() == before


# A fixed moment: two workers must collect the test under one name.
@pytest.mark.parametrize(
    "content", [b"no archive at all\n", b"\x1f\x8b\x08\x00 broken", gzip.compress(b"hello\n", mtime=0)]
)
def test_an_unreadable_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="a.warc.gz can't be read.*Nothing was started"):
        ReplayAdapter(path)


def test_an_absent_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="neither sample nor live"):
        declare_environment(str(tmp_path / "a.warc.gz"), {})
    with pytest.raises(ConfigurationError, match="can't be read"):
        ReplayAdapter(tmp_path / "a.warc.gz")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.75, 0.9, 0.97])
def test_a_cut_off_archive_is_refused(tmp_path: Path, share: float) -> None:
    """Or it would give a shorter body and nobody would know."""
    path = write(tmp_path / "a.warc.gz", ("GET", URL, 200, Random(917).randbytes(20_000)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ConfigurationError, match="a.warc.gz can't be read"), replay(path) as session:
        session.download(URL, tmp_path / "body")


RAW = "https://opendata.cbs.nl/ODataFeed/odata/T/TypedDataSet?$format=json&$filter=A eq 'x' and B eq 'ë'&$skip=10"


@pytest.mark.parametrize("asked", [RAW, RAW.replace(" ", "%20"), RAW.replace(" ", "%20").replace("ë", "%C3%AB")])
def test_one_url_has_one_form_in_the_archive(tmp_path: Path, asked: str) -> None:
    """A publisher's nextLink may hold a raw space; what is sent has none."""
    archive = write(tmp_path / "a.warc.gz", ("GET", RAW, 200, b"[]"))
    assert b"A%20eq%20'x'%20and%20B%20eq%20'%C3%AB'" in gzip.decompress(archive.read_bytes())
    assert b"A eq" not in gzip.decompress(archive.read_bytes())
    with replay(archive) as session:
        assert session.get_json(asked) == []


def test_a_link_with_a_raw_space_is_recorded_and_replayed(tmp_path: Path) -> None:
    document: dict[str, Any] = {"value": [1, 2]}
    archive = tmp_path / "a.warc.gz"
    writer = ArchiveWriter(archive)
    with (
        LoopbackPublisher(files={RAW: json.dumps(document).encode()}).running() as publisher,
        PublisherSession("f", small_environment(tmp_path, publisher), writer, QUICK) as session,
    ):
        assert session.get_json(RAW) == document
    writer.close()
    assert publisher.requests == [f"GET {RAW}"]
    with replay(archive) as session:
        assert session.get_json(RAW) == document
