"""What needs a gateway of its own: other templates, rates and quotas that are used up, functions that are late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local_stack.errors import TemplateError
from tests.unit.local_stack.api_stack import GOOD, TEMPLATE, Serve, serving


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path) as serve:
        yield serve


def test_outputs_and_references_of_the_api_have_values(serve: Serve) -> None:
    served = serve()
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in boto3.client("cloudformation").describe_stacks()["Stacks"][0]["Outputs"]
    }
    plan = served.stack.resources.ids["Plan"]
    assert outputs["Url"] == "https://api.execute-api.us-east-1.amazonaws.com/v1"
    assert (outputs["Plan"], outputs["Root"], outputs["Ids"]) == (plan, "api", f"{plan} api us-east-1")
    assert boto3.client("apigateway").get_usage_plan(usagePlanId=plan)["name"] == "Plan"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("FunctionPayloadType: REQUEST", "FunctionPayloadType: TOKEN", "authorizers of the type REQUEST only"),
        ("\"'api-key'\"", "method.request.header.Origin", "does not understand gatewayresponse.header.WWW-Auth"),
    ],
)
def test_what_is_not_served_is_refused(serve: Serve, old: str, new: str, message: str) -> None:
    assert old in TEMPLATE
    with pytest.raises(TemplateError, match=message):
        serve(TEMPLATE.replace(old, new))


def test_identity_sources_are_required_before_the_authorizer_is_asked(serve: Serve) -> None:
    served = serve(
        TEMPLATE.replace("{ReauthorizeEvery: 0}", "{Headers: [X-Who], QueryStrings: [who], ReauthorizeEvery: 0}")
    )
    who = {"X-Who": "me"}
    assert served.call("/things/1", headers=GOOD | who).status_code == 401
    assert served.call("/things/1?who=me", headers=GOOD).status_code == 401
    assert served.call("/things/1?who=me", headers=GOOD | {"X-Who": ""}).status_code == 401
    assert served.call("/things/1?who=me", headers=GOOD | who).status_code == 200


def test_the_rate_and_the_burst_of_the_plan_are_kept_for_each_key(serve: Serve) -> None:
    served = serve(Rate="2", Burst="3")
    served.enroll("bob", "another-key-of-the-plan")

    def statuses(count: int, **headers: str) -> list[int]:
        return [served.call("/things/1", headers=GOOD | headers).status_code for _ in range(count)]

    assert statuses(5) == [200, 200, 200, 429, 429]
    answer = served.call("/things/1", headers=GOOD)
    assert answer.json() == {"slow": "Too Many Requests, THROTTLED"}
    assert statuses(1, usage="another-key-of-the-plan") == [200]
    served.seconds += 1
    assert statuses(3) == [200, 200, 429]
    served.seconds += 3600
    assert statuses(4) == [200, 200, 200, 429]
    assert served.call("/open").status_code == 200


STAGE_THROTTLES = """          StageName: v1
          MethodSettings:
            - {ResourcePath: /*, HttpMethod: "*", ThrottlingRateLimit: 2, ThrottlingBurstLimit: 3}
            - {ResourcePath: /~1open, HttpMethod: GET, ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1}
"""


def test_the_stage_throttles_everybody_together_before_a_function_is_asked(serve: Serve) -> None:
    served = serve(TEMPLATE.replace("          StageName: v1\n", STAGE_THROTTLES))

    def statuses(path: str, **headers: str) -> list[int]:
        return [served.call(path, headers=headers).status_code for _ in range(5)]

    # Without a key, and with a false one, functions are asked as often as the stage lets through, and not once more.
    assert statuses("/things/1") == [401, 401, 401, 429, 429]
    assert statuses("/say", **{"api-key": "wrong"}) == [429] * 5
    assert len(served.invoked) == 3
    # What has a setting of its own has a bucket of its own.
    assert statuses("/open") == [200, 429, 429, 429, 429]
    assert len(served.invoked) == 4
    served.seconds += 1
    assert statuses("/things/1", **GOOD) == [200, 200, 429, 429, 429]
    assert statuses("/open") == [200, 429, 429, 429, 429]


def test_the_quota_of_the_plan_is_kept_until_its_period_ends(serve: Serve) -> None:
    served = serve(TEMPLATE.replace("Limit: 5000", "Limit: 2"))

    def status() -> int:
        return int(served.call("/things/1", headers=GOOD).status_code)

    assert [status() for _ in range(3)] == [200, 200, 429]
    assert served.call("/things/1", headers=GOOD).headers["x-amzn-ErrorType"] == "LimitExceededException"
    served.stack.clock.advance(24 * 3600)
    assert status() == 200


def test_the_x_api_key_header_is_the_usage_key_when_the_authorizer_gives_none(serve: Serve) -> None:
    served = serve(TEMPLATE.replace("ApiKeySourceType: AUTHORIZER", "ApiKeySourceType: HEADER"))
    assert served.call("/things/1", headers=GOOD).status_code == 403
    assert served.call("/things/1", headers=GOOD | {"X-API-Key": "key-of-the-usage-plan"}).status_code == 200


def test_a_function_that_takes_too_long_is_given_up(serve: Serve, tmp_path: Path) -> None:
    served = serve(seconds=1.5)
    done = tmp_path / "done"
    answer = served.say({}, until=str(done))
    assert (answer.status_code, answer.text) == (504, "oops POST blue")
    done.touch()
    assert served.call("/open").status_code == 200
