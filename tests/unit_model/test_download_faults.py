"""Fetching: servers, networks and disks that fail, and cancelling."""

import email.message
import errno
import hashlib
import io
import os
import socket
import ssl
import threading
import urllib.request
from pathlib import Path
from typing import BinaryIO
from urllib.response import addinfourl

import pytest
from weights_server import BODY, DIGEST, NAME, OTHER, Computer, Script, Server, failing

from model import download
from model.cancel import Cancelled
from model.types import WeightsState


class TestServerFaults:
    @pytest.mark.parametrize(
        ("status", "code"),
        [(404, "fetch-not-found"), (410, "fetch-not-found"), (403, "fetch-http-error"), (503, "fetch-http-error")],
    )
    def test_a_refusal_is_told_with_its_status(
        self, server: Server, computer: Computer, status: int, code: str
    ) -> None:
        server.play(Script(status=status))
        error = computer.refusal(server.url)
        assert error.problem.code == code
        assert str(status) in str(error)
        assert NAME in str(error)
        assert error.remedy
        assert computer.catalogue.entry("net").state is WeightsState.TO_BE_FETCHED

    def test_a_status_without_a_file_is_refused(self, server: Server, computer: Computer) -> None:
        server.play(Script(status=204, body=b""))
        assert computer.refusal(server.url).problem.code == "fetch-http-error"

    @pytest.mark.parametrize("says_length", [True, False])
    def test_a_body_that_ends_early_keeps_the_part(self, server: Server, computer: Computer, says_length: bool) -> None:
        server.play(Script(cut_after=70_000, says_length=says_length))
        error = computer.refusal(server.url)
        assert error.problem.code == "fetch-truncated"
        assert f"after 70000 of {len(BODY)} bytes" in str(error)
        assert computer.part.read_bytes() == BODY[:70_000]
        assert not computer.file.exists()

    def test_a_silent_server_is_given_up_and_the_part_kept(self, server: Server, computer: Computer) -> None:
        server.play(Script(stall_after=5000))
        error = computer.refusal(server.url, timeout=0.2)
        assert error.problem.code == "fetch-timeout"
        assert "0.2 seconds" in str(error)
        assert computer.part.read_bytes() == BODY[:5000]

    def test_wrong_bytes_are_deleted(self, server: Server, computer: Computer) -> None:
        server.play(Script(body=OTHER))
        error = computer.refusal(server.url)
        assert error.problem.code == "fetch-hash-wrong"
        assert DIGEST[:8] in str(error)
        assert hashlib.sha256(OTHER).hexdigest()[:8] in str(error)
        assert computer.files() == []

    def test_a_wrong_page_that_is_far_too_large_is_not_read(self, server: Server, computer: Computer) -> None:
        server.play(Script(length=10 * len(BODY)))
        assert computer.refusal(server.url).problem.code == "fetch-too-large"
        assert computer.files() == []

    def test_an_endless_body_is_stopped(self, server: Server, computer: Computer) -> None:
        server.play(Script(body=BODY * 8, says_length=False))
        assert computer.refusal(server.url).problem.code == "fetch-too-large"
        assert computer.files() == []

    def test_a_refused_connection_is_told(self, computer: Computer) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            error = computer.refusal(f"http://127.0.0.1:{unused.getsockname()[1]}")
        assert error.problem.code == "fetch-connection-failed"
        assert "127.0.0.1" in str(error)

    def test_a_network_that_is_down_is_told(self, computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "create_connection", failing(OSError(errno.ENETUNREACH, "Network is unreachable")))
        assert computer.refusal("http://127.0.0.1:1").problem.code == "fetch-offline"

    def test_a_certificate_that_does_not_hold_is_told(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        monkeypatch.setattr("http.client.HTTPSConnection.connect", failing(error))
        told = computer.refusal(None)
        assert told.problem.code == "fetch-certificate"
        assert "self-signed certificate" in str(told)

    def test_a_redirect_is_followed(self, server: Server, computer: Computer) -> None:
        server.play(Script(redirect="/moved/elsewhere.pth"))
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY

    @pytest.mark.parametrize("target", ["http://elsewhere.invalid/x.pth", "ftp://127.0.0.1/x"])
    def test_a_mirror_without_encryption_may_not_send_elsewhere(
        self, server: Server, computer: Computer, target: str
    ) -> None:
        """Its own address is what the user trusts; another one is nobody's choice."""
        server.play(Script(redirect=target))
        error = computer.refusal(server.url)
        assert error.problem.code == "fetch-redirect-refused"
        assert target in str(error)

    def test_another_port_is_another_server(self, server: Server, computer: Computer) -> None:
        other = Server()
        try:
            server.play(Script(redirect=f"{other.url}/moved/x.pth"))
            assert computer.refusal(server.url).problem.code == "fetch-redirect-refused"
            assert other.script.asked == []
        finally:
            other.stop()

    def test_an_endless_redirect_is_told(self, server: Server, computer: Computer) -> None:
        server.play(Script(redirect=f"/{NAME}"))
        assert computer.refusal(server.url).problem.code == "fetch-http-error"

    @pytest.mark.parametrize("target", ["http://weights.invalid/x", "ftp://weights.invalid/x"])
    def test_a_redirect_out_of_encryption_is_refused(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch, target: str
    ) -> None:
        def redirect(self: object, request: urllib.request.Request) -> addinfourl:
            headers = email.message.Message()
            headers["Location"] = target
            response = addinfourl(io.BytesIO(b""), headers, request.full_url, 302)
            response.msg = "Found"  # type: ignore[attr-defined]
            return response

        monkeypatch.setattr(urllib.request.HTTPSHandler, "https_open", redirect)
        error = computer.refusal(None)
        assert error.problem.code == "fetch-redirect-refused"
        assert target in str(error)


class TestCancel:
    def test_a_cancelled_fetch_keeps_its_part(self, server: Server, computer: Computer) -> None:
        job = computer.fetch(server.url)
        next(job)
        computer.token.cancel()
        with pytest.raises(Cancelled):
            list(job)
        assert computer.part.exists()
        assert not computer.file.exists()

    def test_cancelling_does_not_wait_for_a_silent_server(self, server: Server, computer: Computer) -> None:
        script = server.play(Script(stall_after=5000))

        def cancel_when_stalled() -> None:
            script.stalled.wait(10)
            computer.token.cancel()

        canceller = threading.Thread(target=cancel_when_stalled)
        canceller.start()
        with pytest.raises(Cancelled):
            list(computer.fetch(server.url, timeout=20))
        canceller.join()
        assert not script.release.is_set()
        assert computer.catalogue.entry("net").state is WeightsState.TO_BE_FETCHED
        script.release.set()

    def test_a_consumer_that_walks_away_ends_the_transfer(self, server: Server, computer: Computer) -> None:
        job = computer.fetch(server.url)
        next(job)
        job.close()  # type: ignore[attr-defined]
        assert not computer.file.exists()


class TestDiskFaults:
    def test_a_full_disk_keeps_the_part(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = 0

        def append(out: BinaryIO, chunk: bytes) -> None:
            nonlocal written
            if written + len(chunk) > 200_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            written += out.write(chunk)

        monkeypatch.setattr(download, "_append", append)
        error = computer.refusal(server.url)
        assert error.problem.code == "fetch-disk-full"
        assert str(computer.folder) in str(error)
        assert computer.part.read_bytes() == BODY[:written] != b""
        monkeypatch.undo()
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY

    def test_a_disk_that_is_full_at_the_last_moment_is_told(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "fsync", failing(OSError(errno.ENOSPC, "No space left on device")))
        assert computer.refusal(server.url).problem.code == "fetch-disk-full"
        assert not computer.file.exists()

    @pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
    def test_a_read_only_folder_is_told(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        monkeypatch.setattr(Path, "mkdir", failing(OSError(number, "you may not")))
        error = computer.refusal(server.url)
        assert error.problem.code == "fetch-folder-read-only"
        assert "you may not" in str(error)
        assert "PHOTOSPOTTER_DATA_DIR" in error.remedy

    def test_any_other_fault_of_the_disk_is_told(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "_append", failing(OSError(errno.EIO, "Input/output error")))
        assert computer.refusal(server.url).problem.code == "fetch-write-failed"

    def test_a_target_that_cannot_be_replaced_keeps_the_part(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "replace_durably", failing(PermissionError(13, "in use")))
        computer.refusal(server.url)
        assert computer.part.read_bytes() == BODY
