"""moto's AWS, made to do what Terraform and the functions ask of the real one: `aws_server.py PORT PAGE`.

Known differences from AWS are mended here, each in one place: rules start tasks; bucket notifications, redrive policies
and images are told as they were set, else every plan would find a change; queues wake no function by themselves: that
is for whoever plays the mappings (`aws_platform`).
"""

import json
import sys
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.ecs.models import ecs_backends
from moto.events.models import Rule
from moto.s3.responses import S3Response
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import Queue
from moto.utilities.arns import parse_arn
from werkzeug.serving import run_simple

from s3_server import Quiet, one_at_a_time


def start_tasks() -> None:
    """Let rules start tasks of ECS with what their template makes of the event; other targets are moto's."""
    known = Rule.send_to_targets

    def send_to_targets(self: Any, event: Any, transform_input: bool = True) -> None:
        if self.state != "ENABLED" or not self.event_pattern.matches_event(event):
            return
        targets = self.targets
        try:
            self.targets = [target for target in targets if parse_arn(target["Arn"]).service != "ecs"]
            known(self, event, transform_input)
        finally:
            self.targets = targets
        for target in targets:
            if parse_arn(target["Arn"]).service == "ecs":
                _start(self, target, event)

    Rule.send_to_targets = send_to_targets


def _start(rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:
    transformer, wanted = target["InputTransformer"], target["EcsParameters"]
    told = {**event, "time": "2026-03-02T09:00:00Z"}  # moto's S3 tells the time as a number, AWS as text
    told_network = wanted["NetworkConfiguration"]["awsvpcConfiguration"].items()
    network = {"awsvpcConfiguration": {name[0].lower() + name[1:]: value for name, value in told_network}}
    overrides = json.loads(_filled(transformer["InputTemplate"], transformer["InputPathsMap"], told))
    ecs_backends[rule.account_id][rule.region_name].run_task(
        parse_arn(target["Arn"]).resource_id, wanted["TaskDefinitionArn"], wanted["TaskCount"], overrides,
        started_by=f"events-rule/{rule.name}", tags=None, launch_type=wanted["LaunchType"],
        networking_configuration=network,
    )  # fmt: skip


def _filled(template: str, paths: dict[str, str], event: dict[str, Any]) -> str:
    """A template with the values at `$.a.b` in place of `<name>`; what is missing leaves nothing."""
    for name, path in paths.items():
        value: Any = event
        for part in path.removeprefix("$.").split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        template = template.replace(f"<{name}>", str(value))
    return template


def tell_notifications() -> None:
    """A bucket's notifications say that EventBridge is told."""
    known = S3Response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        status, headers, body = known(self)
        set_up = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if set_up is None or set_up.event_bridge is None:
            return status, headers, body
        name = "NotificationConfiguration"
        return status, headers, f"<{name}><EventBridgeConfiguration/></{name}>"

    S3Response.get_bucket_notification = get_bucket_notification


def tell_redrive_policies() -> None:
    """A redrive policy is told without blanks, as it was set."""
    known = Queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = known(self)
        if found.get("RedrivePolicy"):
            found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
        return found

    Queue.attributes = property(attributes)


def tell_images() -> None:
    """A function of an image that sets nothing of how it starts says nothing of it."""
    known = LambdaFunction.get_configuration

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = known(self, on_create)
        if not any(found.get("ImageConfigResponse", {}).get("ImageConfig", {}).values()):
            found.pop("ImageConfigResponse", None)
        return found

    LambdaFunction.get_configuration = get_configuration


def leave_messages() -> None:
    """Messages stay in their queue until somebody receives them."""
    Queue.lambda_event_source_mappings = property(lambda self: {}, lambda self, mappings: None)


def serve(port: int, page: int) -> None:
    for mend in (start_tasks, tell_notifications, tell_redrive_policies, tell_images, leave_messages):
        mend()
    application = one_at_a_time(DomainDispatcherApplication(create_backend_app), page)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
