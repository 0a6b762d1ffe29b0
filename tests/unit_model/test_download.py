"""Fetching: the way in, the address, and going on with a part."""

import hashlib
import json
import logging
import socket
from typing import Any

import pytest
from weights_server import BODY, DIGEST, NAME, OTHER, Computer, Script, Server, card_of, failing

from model import download, safe_files, weights
from model.cards import card_bytes, read_card
from model.types import DownloadProgress, WeightsInstalled, WeightsState


class TestFetch:
    def test_the_file_arrives_and_its_full_digest_is_recorded(self, server: Server, computer: Computer) -> None:
        *progress, last = list(computer.fetch(server.url))
        assert isinstance(last, WeightsInstalled)
        assert last.entry.state is WeightsState.ON_COMPUTER
        assert last.entry.paths == (computer.file,)
        assert last.entry.weights.files[0].sha256 == DIGEST
        assert computer.file.read_bytes() == BODY
        assert computer.files() == ["card.json", NAME]
        assert read_card(computer.folder / "card.json").files[0].sha256 == DIGEST
        assert computer.catalogue.open("net").sha256 == DIGEST
        assert progress[0] == DownloadProgress(0, len(BODY), None)
        assert isinstance(progress[-1], DownloadProgress)
        assert progress[-1].done == progress[-1].total == len(BODY)
        assert server.script.asked[0][0] == f"/{NAME}"
        assert "Range" not in server.script.asked[0][1]

    def test_nothing_is_fetched_that_is_here(self, server: Server, computer: Computer) -> None:
        computer.hub_file.parent.mkdir()
        computer.hub_file.write_bytes(BODY)
        (only,) = computer.fetch(server.url)
        assert isinstance(only, WeightsInstalled)
        assert server.script.asked == []

    def test_a_damaged_file_is_replaced(self, server: Server, computer: Computer) -> None:
        computer.folder.mkdir(parents=True)
        computer.file.write_bytes(OTHER)
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY

    def test_a_built_in_set_cannot_be_fetched(self, computer: Computer) -> None:
        card = json.loads(computer.card.read_text())
        card["files"][0] = {**card["files"][0], "place": "resources"}
        del card["files"][0]["url"]
        computer.card.write_text(json.dumps(card))
        assert computer.refusal("http://127.0.0.1:1").problem.code == "fetch-not-fetchable"

    def test_a_server_that_says_no_length_is_fine(self, server: Server, computer: Computer) -> None:
        server.play(Script(says_length=False))
        progress = list(computer.fetch(server.url))
        assert progress[0] == DownloadProgress(0, None, None)
        assert computer.file.read_bytes() == BODY

    def test_a_read_only_card_costs_only_the_record(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(weights, "write_atomically", failing(PermissionError(13, "no")))
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY


class TestAddress:
    def test_a_mirror_may_end_with_a_slash_and_have_a_path(self, server: Server, computer: Computer) -> None:
        list(computer.fetch(f"{server.url}/models/"))
        assert server.script.asked[0][0] == f"/models/{NAME}"

    def test_the_environment_variable_is_a_mirror(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PHOTOSPOTTER_WEIGHTS_URL", f"{server.url}/from-environment")
        list(computer.fetch(None))
        assert server.script.asked[0][0] == f"/from-environment/{NAME}"

    def test_the_setting_comes_before_the_environment(
        self, server: Server, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PHOTOSPOTTER_WEIGHTS_URL", "http://127.0.0.1:1/")
        list(computer.fetch(server.url))
        assert len(server.script.asked) == 1

    def test_without_a_mirror_the_cards_address_is_asked(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hosts: list[str] = []

        def resolve(host: str, *more: object, **others: object) -> list[Any]:
            hosts.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        error = computer.refusal(None)
        assert hosts == ["weights.invalid"]
        assert error.problem.code == "fetch-offline"
        assert "USB stick" in error.remedy

    @pytest.mark.parametrize("mirror", ["ftp://example.org", "file:///tmp", "example.org", "http://", "http://[x/"])
    def test_what_is_no_web_address_is_refused(self, computer: Computer, mirror: str) -> None:
        error = computer.refusal(mirror)
        assert error.problem.code == "fetch-address-refused"
        assert mirror in str(error)

    @pytest.mark.parametrize("mirror", ["http://127.0.0.1:port", "http://a b", "http://" + "a" * 70 + ".invalid"])
    def test_an_address_that_cannot_be_connected_to_is_told(self, computer: Computer, mirror: str) -> None:
        assert computer.refusal(mirror).problem.code in {"fetch-connection-failed", "fetch-offline"}


class TestResume:
    def test_a_part_is_continued_where_it_ended(self, server: Server, computer: Computer) -> None:
        computer.leave_part(BODY[:1000], url=server.url, validator='"one"')
        progress = list(computer.fetch(server.url))
        (asked,) = (headers for _, headers in server.script.asked)
        assert (asked["Range"], asked["If-Range"]) == ("bytes=1000-", '"one"')
        assert progress[0] == DownloadProgress(1000, len(BODY), None)
        assert computer.file.read_bytes() == BODY
        assert computer.files() == ["card.json", NAME]

    def test_an_interrupted_fetch_leaves_what_the_next_one_needs(self, server: Server, computer: Computer) -> None:
        server.play(Script(cut_after=3000, etag=None, last_modified="Wed, 21 Oct 2015 07:28:00 GMT"))
        assert computer.refusal(server.url).problem.code == "fetch-truncated"
        script = server.play(Script(etag=None, last_modified="Wed, 21 Oct 2015 07:28:00 GMT"))
        list(computer.fetch(server.url))
        assert script.asked[0][1]["Range"] == "bytes=3000-"
        assert script.asked[0][1]["If-Range"] == "Wed, 21 Oct 2015 07:28:00 GMT"
        assert computer.file.read_bytes() == BODY

    def test_a_weak_entity_tag_is_no_condition(self, server: Server, computer: Computer) -> None:
        server.play(Script(cut_after=3000, etag='W/"one"'))
        computer.refusal(server.url)
        script = server.play(Script(etag='W/"one"'))
        list(computer.fetch(server.url))
        assert "If-Range" not in script.asked[0][1]
        assert computer.file.read_bytes() == BODY

    def test_a_server_without_ranges_sends_it_all_again(self, server: Server, computer: Computer) -> None:
        server.play(Script(ranges=False))
        computer.leave_part(OTHER[:1000])
        progress = list(computer.fetch(server.url))
        assert progress[0] == DownloadProgress(0, len(BODY), None)
        assert computer.file.read_bytes() == BODY

    def test_a_file_that_has_changed_on_the_server_is_fetched_whole(self, server: Server, computer: Computer) -> None:
        computer.leave_part(OTHER[:1000], url=server.url, validator='"older"')
        list(computer.fetch(server.url))
        assert len(server.script.asked) == 1
        assert computer.file.read_bytes() == BODY

    def test_another_server_is_asked_without_the_firsts_condition(self, server: Server, computer: Computer) -> None:
        computer.leave_part(BODY[:1000], url="https://elsewhere.invalid", validator='"theirs"')
        list(computer.fetch(server.url))
        assert server.script.asked[0][1]["Range"] == "bytes=1000-"
        assert "If-Range" not in server.script.asked[0][1]
        assert computer.file.read_bytes() == BODY

    def test_a_refused_range_starts_over(self, server: Server, computer: Computer) -> None:
        shorter = BODY[:-10]
        server.play(Script(body=shorter))
        computer.card.write_bytes(card_bytes(card_of(digest=hashlib.sha256(shorter).hexdigest())))
        computer.leave_part(BODY[:-5])
        list(computer.fetch(server.url))
        assert [("Range" in headers) for _, headers in server.script.asked] == [True, False]
        assert computer.file.read_bytes() == shorter
        # The card's size was wrong and its digest right: the size is recorded too.
        assert computer.catalogue.entry("net").state is WeightsState.ON_COMPUTER

    def test_a_server_that_loses_count_is_asked_for_everything(self, server: Server, computer: Computer) -> None:
        server.play(Script(wrong_range=True))
        computer.leave_part(BODY[:1000])
        list(computer.fetch(server.url))
        assert [("Range" in headers) for _, headers in server.script.asked] == [True, False]
        assert computer.file.read_bytes() == BODY

    def test_a_server_that_refuses_even_the_whole_is_told(self, server: Server, computer: Computer) -> None:
        server.play(Script(status=416))
        assert computer.refusal(server.url).problem.code == "fetch-http-error"

    def test_a_whole_part_needs_no_server(self, computer: Computer) -> None:
        computer.leave_part(BODY)
        (only,) = computer.fetch("http://127.0.0.1:1")
        assert isinstance(only, WeightsInstalled)
        assert computer.files() == ["card.json", NAME]

    def test_a_whole_but_wrong_part_is_thrown_away(self, server: Server, computer: Computer) -> None:
        computer.leave_part(OTHER)
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY

    def test_damaged_notes_do_no_harm(self, server: Server, computer: Computer) -> None:
        computer.leave_part(BODY[:1000])
        (computer.folder / f"{NAME}.part.json").write_text("[")
        list(computer.fetch(server.url))
        assert computer.file.read_bytes() == BODY


def test_a_fetch_is_logged_with_its_digest(
    server: Server, computer: Computer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger=download.__name__):
        list(computer.fetch(server.url))
    assert DIGEST in caplog.text
    assert safe_files.file_sha256(computer.file) == DIGEST
