"""HTTP: what passes is waited for, what does harm is not repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from werkzeug.wrappers import Request, Response

from invoice_capture_cli.api import Answer, envelope
from invoice_capture_cli.errors import AnswerLost, ApiRefused, Unreachable
from invoice_capture_cli.http_api import HttpApi
from local_stack.simulators.server import HangUp, LoopbackServer
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import KEY, FakeApi, Fault

LIST = "GET /ocr-invoice-job"
RETRY = "POST /ocr-invoice-job/ID/retry"


def _api(server: FakeApi, pauses: list[float], attempts: int = 4) -> HttpApi:
    return HttpApi(server.url, KEY, sleep=pauses.append, attempts=attempts)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_get_is_repeated_until_it_works(status: int, api: FakeApi) -> None:
    api.fail(LIST, Fault(status), Fault(status))
    pauses: list[float] = []
    assert _api(api, pauses).request("GET", "/ocr-invoice-job").status == 200
    assert api.requests[LIST] == 3
    assert len(pauses) == 2
    assert pauses[0] < pauses[1]


def test_the_last_answer_is_told(api: FakeApi) -> None:
    api.fail(LIST, *[Fault(503)] * 9)
    assert _api(api, []).request("GET", "/ocr-invoice-job").status == 503
    assert api.requests[LIST] == 4


def test_retry_after_is_honoured_in_seconds_and_as_a_date(api: FakeApi) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    api.fail(
        LIST, Fault(429, {"Retry-After": "7"}), Fault(503, {"Retry-After": until}), Fault(429, {"Retry-After": "900"})
    )
    pauses: list[float] = []
    _api(api, pauses).request("GET", "/ocr-invoice-job")
    assert pauses[0] == 7
    assert 17 < pauses[1] <= 20
    assert pauses[2] == 30


@pytest.mark.parametrize("asked", ["soon", "-1", "1e9", "Sat, 99 Nov 2026"])
def test_a_retry_after_that_is_none_is_left_aside(asked: str, api: FakeApi) -> None:
    api.fail(LIST, Fault(429, {"Retry-After": asked}))
    pauses: list[float] = []
    assert _api(api, pauses).request("GET", "/ocr-invoice-job").status == 200
    assert 0 <= pauses[0] < 1


def test_a_post_is_not_repeated_after_a_failure_unless_it_has_a_key_for_that(api: FakeApi) -> None:
    job_id = api.add(status="failed")
    api.fail(RETRY, Fault(500))
    assert _api(api, []).request("POST", f"/ocr-invoice-job/{job_id}/retry").status == 500
    assert api.requests[RETRY] == 1
    api.fail(RETRY, Fault(500))
    headers = {"Idempotency-Key": "1"}
    assert _api(api, []).request("POST", f"/ocr-invoice-job/{job_id}/retry", headers=headers).status == 200


def test_a_post_that_was_throttled_is_repeated_because_it_did_nothing(api: FakeApi) -> None:
    job_id = api.add(status="failed")
    api.fail(RETRY, Fault(429))
    assert _api(api, []).request("POST", f"/ocr-invoice-job/{job_id}/retry").status == 200


def test_a_lost_answer_of_a_post_is_told_and_that_of_a_get_is_asked_for_again(api: FakeApi) -> None:
    job_id = api.add(status="failed")
    asking = _api(api, [])
    asking.request("GET", "/ocr-invoice-job")
    api.fail(RETRY, Fault(lost=True))
    with pytest.raises(AnswerLost, match="broke the connection off"):
        asking.request("POST", f"/ocr-invoice-job/{job_id}/retry")
    assert api.requests[RETRY] == 1
    api.fail(LIST, Fault(lost=True))
    assert asking.request("GET", "/ocr-invoice-job").status == 200


def test_nothing_is_waited_for_where_nothing_ever_answered() -> None:
    pauses: list[float] = []
    with pytest.raises(Unreachable, match="Nothing answers at"):
        HttpApi("http://127.0.0.1:1", KEY, sleep=pauses.append).request("GET", "/ocr-invoice-job")
    assert pauses == []


def test_an_api_that_goes_away_is_waited_for() -> None:
    pauses: list[float] = []
    with FakeApi() as server:
        api = _api(server, pauses)
        api.request("GET", "/ocr-invoice-job")
    with pytest.raises(Unreachable):
        api.request("GET", "/ocr-invoice-job")
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            lambda _: Response(status=301, headers={"Location": "https://there.example.org/"}),
            "redirects to https://there",
        ),
        (lambda _: Response("<html>", 200), "does not answer as the API does"),
        (lambda _: Response('{"a": 1}', 200), "does not answer as the API does"),
        (lambda _: Response('{"success": true}', 200), "does not answer as the API does"),
        (lambda _: Response('{"success": false, "message": "no"}', 200), "does not answer as the API does"),
        (lambda _: Response("[]", 404), "does not answer as the API does"),
    ],
)
def test_what_is_not_the_api_is_recognised(answer: Callable[[Request], Response], message: str) -> None:
    server = LoopbackServer(answer)
    try:
        api = HttpApi(server.origin, KEY)
        with pytest.raises(Unreachable, match=message):
            envelope(api, api.request("GET", "/ocr-invoice-job"))
    finally:
        server.close()


def test_the_key_is_not_carried_to_where_a_redirect_leads() -> None:
    asked: list[str | None] = []

    def elsewhere(request: Request) -> Response:
        asked.append(request.headers.get("api-key"))
        return Response("{}")

    other = LoopbackServer(elsewhere)
    here = LoopbackServer(lambda _: Response(status=307, headers={"Location": f"{other.origin}/x"}))
    try:
        assert HttpApi(here.origin, KEY).request("GET", "/x").location == f"{other.origin}/x"
    finally:
        here.close()
        other.close()
    assert asked == []


def test_errors_name_the_fields() -> None:
    errors = [{"field": "limit", "message": "at most 100"}, {"field": "", "message": "x"}]
    answer = Answer(400, {"success": False, "message": "Two things are wrong.", "errors": errors})
    with pytest.raises(ApiRefused) as caught:
        envelope(HttpApi("http://a", "k"), answer)
    assert str(caught.value) == "Two things are wrong. (limit: at most 100)"
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("command", [["list"], ["show", "ID"], ["watch"], ["retry", "ID"], ["export"]])
def test_a_key_that_opens_nothing_is_told_without_being_shown(
    command: list[str], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICE_CAPTURE_KEY", "ick_wrong")
    result = cli(*command)
    assert result.exit_code == 3
    assert "does not accept this key" in result.stderr
    assert "ick_wrong" not in result.output


def test_an_outage_is_no_traceback(cli: Cli, api: FakeApi) -> None:
    api.fail(LIST, *[Fault(500)] * 9)
    result = cli("list")
    assert (result.exit_code, result.stderr) == (3, "invoice-capture: fault 500\n")


def test_hanging_up_for_good_is_no_traceback(bare: Cli) -> None:
    def hang_up(_request: Request) -> Response:
        raise HangUp

    server = LoopbackServer(hang_up)
    try:
        result = bare("list", "--url", server.origin, "--key", "k")
    finally:
        server.close()
    assert result.exit_code == 3
    assert "broke the connection off" in result.stderr
