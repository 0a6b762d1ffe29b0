"""One HTTP GET, read on a thread of its own so that a stalled server never keeps the caller from cancelling."""

import errno
import http.client
import logging
import queue
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from types import TracebackType
from typing import IO, Self
from urllib.parse import urljoin, urlsplit

from model.cancel import CancelToken
from model.errors import WeightsError
from model.names import display_name

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
# How often, in seconds, a wait for the server is left to look at the cancel token.
POLL = 0.1

_OFFLINE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer. `length` is the body's size in bytes, None where the server does not say."""

    status: int
    headers: Message
    length: int | None


class Transfer:
    """An HTTP GET under way; a context manager whose end abandons what has not come yet.

    `timeout` (seconds) bounds the wait for each step: connecting, and each arrival of data. Raises WeightsError for
    everything that goes wrong between here and the server; HTTP error statuses are for the caller to judge.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, timeout: float, file: str) -> None:
        """Begin at once. `file` is the name for error messages."""
        self._url = url
        self._headers = {"User-Agent": "photospotter", **headers}
        self._timeout = timeout
        self._file = file
        self._stop = threading.Event()
        self._arrived: queue.Queue[Head | bytes | Exception | None] = queue.Queue(maxsize=16)
        threading.Thread(target=self._receive, name="photospotter-fetch", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()

    def head(self, cancel: CancelToken) -> Head:
        """Return the answer's beginning; to be called once, before `body`. Raises Cancelled."""
        item = self._next(cancel)
        assert isinstance(item, Head)
        return item

    def body(self, cancel: CancelToken) -> Iterator[bytes]:
        """Yield the body's bytes as they come. It may end before the announced length. Raises Cancelled."""
        while isinstance(item := self._next(cancel), bytes):
            yield item

    def _next(self, cancel: CancelToken) -> Head | bytes | None:
        while True:
            cancel.raise_if_cancelled()
            try:
                item = self._arrived.get(timeout=POLL)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise self._explain(item) from item
            return item

    def _receive(self) -> None:
        """Runs on the thread: hands over the head, the body, and None at the end of both."""
        try:
            opener = urllib.request.build_opener(_CarefulRedirects)
            request = urllib.request.Request(self._url, headers=self._headers)
            with opener.open(request, timeout=self._timeout) as response:
                self._hand_over(Head(response.status, response.headers, response.length))
                self._receive_body(response)
        except urllib.error.HTTPError as exc:
            with exc:
                self._hand_over(Head(exc.code, exc.headers, None))
        except http.client.IncompleteRead:
            log.info("the server closed the connection in the middle of a block")
        except (OSError, http.client.HTTPException, ValueError) as exc:
            self._hand_over(exc)
        finally:
            self._hand_over(None)

    def _receive_body(self, response: http.client.HTTPResponse) -> None:
        left = response.length
        while not self._stop.is_set() and left != 0:
            chunk = response.read1(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            self._hand_over(chunk)
            if left is not None:
                left -= len(chunk)

    def _hand_over(self, item: Head | bytes | Exception | None) -> None:
        while not self._stop.is_set():
            try:
                self._arrived.put(item, timeout=POLL)
            except queue.Full:
                continue
            return

    def _explain(self, error: Exception) -> WeightsError:
        host = display_name(urlsplit(self._url).netloc)
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = _reason(cause)
        if isinstance(cause, _RedirectRefusedError):
            return WeightsError("fetch-redirect-refused", address=display_name(cause.address))
        if isinstance(cause, TimeoutError):
            return WeightsError("fetch-timeout", host=host, seconds=f"{self._timeout:g}")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return WeightsError("fetch-certificate", host=host, reason=reason, detail=str(cause))
        if isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _OFFLINE):
            return WeightsError("fetch-offline", host=host, reason=reason, file=self._file, detail=str(cause))
        return WeightsError("fetch-connection-failed", host=host, reason=reason, detail=repr(cause))


class _RedirectRefusedError(OSError):
    """A server sent an encrypted request on to a place that is not."""

    def __init__(self, address: str) -> None:
        super().__init__(f"redirect to {address}")
        self.address = address


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https; to http only on the server of a mirror that was set as http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to go on with."""
        address = urljoin(req.full_url, newurl)
        parts = urlsplit(address)
        on_mirror = (parts.scheme, parts.netloc) == (req.type, req.host) and req.type == "http"
        if parts.scheme != "https" and not on_mirror:
            fp.close()
            raise _RedirectRefusedError(address)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return getattr(error, "verify_message", "") or str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return display_name(str(error)) or type(error).__name__
