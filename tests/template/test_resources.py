"""What the bucket, the table, the queues and the topic promise."""

import json
import re
from typing import Any

import pytest

from invoice_capture.api.envelopes import UNAUTHORIZED
from invoice_capture.api.forms import FORM, FORM_TOO_LARGE
from tests.template.steps import STEPS, pascal


@pytest.fixture
def properties(cloudformation):
    """The properties of a resource, by its logical id."""
    return lambda logical_id: cloudformation["Resources"][logical_id]["Properties"]


def test_the_bucket_keeps_documents_private_and_versioned(properties):
    bucket = properties("DocumentsBucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    blocked = bucket["PublicAccessBlockConfiguration"]
    assert len(blocked) == 4
    assert all(blocked.values())


def test_uploads_below_incoming_reach_the_queue(properties):
    assert properties("DocumentsBucket")["NotificationConfiguration"]["EventBridgeConfiguration"] == {
        "EventBridgeEnabled": True
    }
    rule = properties("UploadRule")
    assert rule["EventPattern"]["source"] == ["aws.s3"]
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    assert rule["EventPattern"]["detail"]["object"]["key"] == [{"prefix": "incoming/"}]
    [target] = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["UploadQueue", "Arn"]}
    assert target["DeadLetterConfig"]


def test_an_upload_is_delivered_again_and_then_put_aside(properties, cloudformation):
    queue, function = properties("UploadQueue"), properties("ReceiveUploadFunction")
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["UploadDeadLetterQueue", "Arn"]}
    # A day of being throttled: each such delivery counts, and is made again when the message can be seen again.
    assert redrive["maxReceiveCount"] * queue["VisibilityTimeout"] >= 24 * 3600
    assert redrive["maxReceiveCount"] <= 1000
    assert queue["MessageRetentionPeriod"] > 24 * 3600
    # As long as AWS advises: six times the function's timeout.
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    mapping = _mapping(cloudformation, "ReceiveUploadFunction")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "IntakeConcurrency"}}


def test_documents_are_read_one_by_one_and_not_too_many_at_a_time(properties, cloudformation, sam):
    queue, function = properties("ExtractionQueue"), properties("ExtractDocumentFunction")
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["ExtractionDeadLetterQueue", "Arn"]}
    # Deliveries count as well while the account has no room for the function, and that loses nothing.
    assert redrive["maxReceiveCount"] >= 20
    # Soon after its run must have ended: who ran out of time is tried again, and told of within minutes.
    assert function["Timeout"] < queue["VisibilityTimeout"] <= function["Timeout"] + 60
    mapping = _mapping(cloudformation, "ExtractDocumentFunction")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["ExtractionQueue", "Arn"]}
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "ExtractionConcurrency"}}
    # As AWS demands, and as an account needs that may run ten functions at a time.
    parameter = sam["Parameters"]["ExtractionConcurrency"]
    assert (parameter["MinValue"], parameter["Default"]) == (2, 5)


def test_a_message_lives_as_long_as_the_longest_job(properties, sam):
    longest = sam["Parameters"]["JobDeadlineHours"]["MaxValue"] * 3600
    assert properties("ExtractionQueue")["MessageRetentionPeriod"] >= longest


def test_the_table_is_on_demand_and_can_be_restored(properties):
    table = properties("Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["PK", "SK"]
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "client-index": ["client", "created_at"],
        "created-index": ["created_shard", "created_at"],
        "listing-index": ["client", "created_at"],
        "due-index": ["due_shard", "next_check_at"],
    }


@pytest.mark.parametrize("logical_id", ["DocumentsBucket", "Table"])
def test_what_holds_data_survives_the_stack(cloudformation, logical_id):
    resource = cloudformation["Resources"][logical_id]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_notifications_are_mailed_on_request(cloudformation):
    assert cloudformation["Resources"]["NotificationEmailSubscription"]["Condition"] == "HasNotificationEmail"


def test_machines_are_standard_logged_and_traced(properties):
    for logical_id in ("CaptureInvoiceStateMachine", "PollProviderStateMachine"):
        machine = properties(logical_id)
        assert machine["StateMachineType"] == "STANDARD"
        assert machine["TracingConfiguration"] == {"Enabled": True}
        logging = machine["LoggingConfiguration"]
        # Execution data holds task tokens and what invoices say.
        assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)


def test_every_log_group_forgets(cloudformation):
    groups = _of_type(cloudformation, "AWS::Logs::LogGroup")
    assert len(groups) == len([*STEPS, "capture_invoice", "poll_provider", "requests of the API"])
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_the_api_asks_for_a_key_on_every_request_but_those_of_its_description(cloudformation):
    [api] = _of_type(cloudformation, "AWS::ApiGateway::RestApi").values()
    assert api["ApiKeySourceType"] == "AUTHORIZER"
    open_ways = [
        (path, method)
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
        if not any(operation.get("security", []))
    ]
    # HEAD as well as GET; what the function does not know there, it refuses in words. And a browser asks without a key
    # whether it may send one.
    any_method = "x-amazon-apigateway-any-method"
    assert sorted(open_ways) == [
        ("/", any_method),
        ("/docs", any_method),
        ("/docs/{file}", any_method),
        ("/openapi.json", any_method),
        ("/{proxy+}", "options"),
    ]
    [authorizer] = [
        scheme["x-amazon-apigateway-authorizer"]
        for scheme in api["Body"]["securityDefinitions"].values()
        if "x-amazon-apigateway-authorizer" in scheme
    ]
    # A revoked key ends at once, and either header may carry it.
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("request", 0)
    assert not authorizer.get("identitySource")


def test_what_the_gateway_answers_itself_is_what_the_function_would_say(cloudformation):
    [api] = _of_type(cloudformation, "AWS::ApiGateway::RestApi").values()
    answers = api["Body"]["x-amazon-apigateway-gateway-responses"]
    for kind, message in (("UNAUTHORIZED", UNAUTHORIZED), ("REQUEST_TOO_LARGE", FORM_TOO_LARGE)):
        told = json.loads(answers[kind]["responseTemplates"]["application/json"])
        assert (told["success"], told["message"]) == (False, message)
    headers = "gatewayresponse.header."
    assert answers["UNAUTHORIZED"]["responseParameters"][f"{headers}WWW-Authenticate"] == "'ApiKey name=api-key'"
    throttled = answers["THROTTLED"]["responseParameters"]
    assert throttled[f"{headers}Retry-After"] == "'1'"
    assert throttled[f"{headers}X-RateLimit-Limit"] == {"Fn::Sub": "'${RequestsPerSecond}'"}
    assert f"{headers}Retry-After" in answers["QUOTA_EXCEEDED"]["responseParameters"]
    # Readable for a page of any origin, where pages of other origins are let in at all.
    for kind, answer in answers.items():
        allowed = answer["responseParameters"][f"{headers}Access-Control-Allow-Origin"]
        assert allowed == {"Fn::If": ["AllowsOrigins", "'*'", {"Ref": "AWS::NoValue"}]}, kind


def test_documents_in_forms_reach_the_function_as_they_are(cloudformation):
    [api] = _of_type(cloudformation, "AWS::ApiGateway::RestApi").values()
    assert api["Body"]["x-amazon-apigateway-binary-media-types"] == [FORM]


@pytest.mark.parametrize(
    ("origins", "is_allowed"),
    [
        ("", True),
        ("https://app.example.com", True),
        ("https://app.example.com,http://localhost:5173,http://[::1]:80", True),
        ("*", False),
        ("https://*.example.com", False),
        ("https://app.example.com/", False),
        ("https://App.example.com", False),
        ("https://a.example, https://b.example", False),
        ("app.example.com", False),
        ("null", False),
    ],
)
def test_origins_are_written_as_browsers_send_them(sam, origins, is_allowed):
    pattern = sam["Parameters"]["AllowedOrigins"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origins)) is is_allowed


def test_clients_are_throttled_by_a_usage_plan(properties):
    throttle = properties("ClientUsagePlan")["Throttle"]
    assert throttle == {"RateLimit": {"Ref": "RequestsPerSecond"}, "BurstLimit": {"Ref": "RequestBurst"}}


def test_the_stage_throttles_whoever_asks(properties, sam):
    settings = {
        (setting["ResourcePath"], setting["HttpMethod"]): (
            setting["ThrottlingRateLimit"],
            setting["ThrottlingBurstLimit"],
        )
        for setting in properties("JobsApiv1Stage")["MethodSettings"]
    }
    assert settings[("/*", "*")] == ({"Ref": "StageRequestsPerSecond"}, {"Ref": "StageRequestBurst"})
    # No key is asked for here: each method has a throttle of its own, the lowest where there is nothing to read.
    without_key = {"/", "/~1docs", "/~1docs~1{file}", "/~1openapi.json"}
    open_throttle = ({"Ref": "OpenRequestsPerSecond"}, {"Ref": "OpenRequestBurst"})
    wanted = {(path, method): open_throttle for path in without_key for method in ("GET", "HEAD")}
    refused = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    wanted |= {(path, method): (1, 1) for path in without_key for method in refused}
    wanted[("/~1{proxy+}", "OPTIONS")] = open_throttle
    assert {where: throttle for where, throttle in settings.items() if where != ("/*", "*")} == wanted
    # One client alone cannot use up what there is for all.
    assert sam["Parameters"]["RequestsPerSecond"]["Default"] < sam["Parameters"]["StageRequestsPerSecond"]["Default"]


@pytest.mark.parametrize("logical_id", ["JobsApiFunction", "AuthorizeRequestFunction"])
def test_the_api_may_reserve_what_it_runs(properties, sam, logical_id):
    reserved = properties(logical_id)["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": ["ReservesConcurrency", {"Ref": "ApiConcurrency"}, {"Ref": "AWS::NoValue"}]}
    # A new account has ten, and must leave ten unreserved.
    assert sam["Parameters"]["ApiConcurrency"]["Default"] == 0


def test_the_sweeper_runs_every_five_minutes(properties):
    rule = properties("SweepJobsFunctionEveryFiveMinutes")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert rule["Targets"][0]["Arn"] == {"Fn::GetAtt": [f"{pascal('sweep_jobs')}Function", "Arn"]}


def test_what_fails_in_the_background_is_put_aside(cloudformation):
    configs = {
        config["FunctionName"]["Ref"]: (
            config["MaximumRetryAttempts"],
            config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0],
        )
        for config in _of_type(cloudformation, "AWS::Lambda::EventInvokeConfig").values()
    }
    assert configs == {
        "EraseJobFunction": (2, "RequestDeadLetterQueue"),
        "ConfirmInvoiceFunction": (2, "RequestDeadLetterQueue"),
    }


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("DefaultRoute", "embedded"),
        ("RetentionDays", 400),
        ("JobDeadlineHours", 72),
        ("NotificationEmail", ""),
        ("LogLevel", "INFO"),
        ("MaximumDocumentMegabytes", 25),
        ("Ocr", "auto"),
        ("TextractPagesPerSecond", 1),
    ],
)
def test_a_parameter_has_a_sane_default(sam, name, default):
    assert sam["Parameters"][name]["Default"] == default


@pytest.mark.parametrize("name", ["DocumentsBucketName", "TableName", "NotificationsTopicArn", "DropCommand"])
def test_the_outputs_are_what_a_person_needs_next(sam, name):
    output = sam["Outputs"][name]
    assert output["Value"]
    assert output["Description"]


def _mapping(cloudformation: dict[str, Any], function: str) -> dict[str, Any]:
    """The event source of a function."""
    [mapping] = [
        mapping
        for mapping in _of_type(cloudformation, "AWS::Lambda::EventSourceMapping").values()
        if mapping["FunctionName"] == {"Ref": function}
    ]
    return mapping


def _of_type(cloudformation: dict[str, Any], type_: str) -> dict[str, Any]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in cloudformation["Resources"].items()
        if resource["Type"] == type_
    }
