"""The round trip with the Python SDK. Prints one line per step and stops at the first failure."""

import hmac
import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from uuid import uuid4

from svix.api import (
    AppPortalAccessIn,
    ApplicationIn,
    ApplicationListOptions,
    ApplicationPatch,
    EndpointHeadersIn,
    EndpointHeadersPatchIn,
    EndpointIn,
    EndpointPatch,
    EndpointSecretRotateIn,
    EndpointUpsertIn,
    EventTypeIn,
    EventTypeListOptions,
    EventTypeUpsertIn,
    IngestEndpointIn,
    IngestEndpointSecretIn,
    IngestEndpointUpsertIn,
    IngestSourceIn,
    MessageCreateOptions,
    MessageGetOptions,
    MessageIn,
    MessageListOptions,
    MessageStatus,
    OperationalWebhookEndpointIn,
    Svix,
    SvixOptions,
)
from svix.models import StripeConfig
from svix.exceptions import HttpError, HTTPValidationError, WebhookVerificationError
from svix.webhooks import Webhook

DELIVERY_TIMEOUT_S = 20
RECEIVED_DIR = Path(os.environ["RECEIVED_DIR"])
RECEIVER_URL = os.environ["RECEIVER_URL"]
STRIPE_SECRET = "whsec_test_only"

svix = Svix(os.environ["SERVER_TOKEN"], SvixOptions(server_url=os.environ["SERVER_URL"]))
run = uuid4().hex
app = f"python-{run}"
event_type = f"python.{run}"
endpoint = "endpoint"


def equal(got, wanted) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, expected {wanted!r}")


def refused(error_class, status, call) -> None:
    """Check that the call fails with the SDK's own error with this status."""
    try:
        call()
    except error_class as error:
        equal(error.status_code, status)
    else:
        raise AssertionError(f"expected an error with status {status}")


def eventually(find):
    """Wait until `find` returns a truthy value and return it."""
    until = time.monotonic() + DELIVERY_TIMEOUT_S
    while time.monotonic() < until:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"condition not met after {DELIVERY_TIMEOUT_S} s")


def applications() -> None:
    made = svix.application.create(ApplicationIn(name="Made", uid=app, metadata={"a": "1"}))
    equal(svix.application.get_or_create(ApplicationIn(name="Other", uid=app)).id, made.id)
    equal(svix.application.get(app).metadata, {"a": "1"})
    page = svix.application.list(ApplicationListOptions(limit=250))
    assert made.id in [item.id for item in page.data]
    equal(svix.application.upsert(app, ApplicationIn(name="Changed", uid=app)).name, "Changed")
    equal(svix.application.patch(app, ApplicationPatch(name="Patched")).name, "Patched")
    other = svix.application.create(ApplicationIn(name="Other"))
    svix.application.delete(other.id)
    refused(HttpError, 404, lambda: svix.application.get(other.id))


def event_types() -> None:
    svix.event_type.create(EventTypeIn(name=event_type, description="Made"))
    names = [item.name for item in svix.event_type.list(EventTypeListOptions(limit=250)).data]
    assert event_type in names
    changed = svix.event_type.upsert(event_type, EventTypeUpsertIn(description="Changed"))
    equal((changed.description, svix.event_type.get(event_type).description), ("Changed", "Changed"))


def endpoints() -> None:
    made = svix.endpoint.create(app, EndpointIn(url=RECEIVER_URL, uid=endpoint, channels=["c"]))
    equal(svix.endpoint.get(app, endpoint).id, made.id)
    equal([item.id for item in svix.endpoint.list(app).data], [made.id])
    patched = svix.endpoint.patch(app, endpoint, EndpointPatch(description="Patched", channels=None))
    equal((patched.description, patched.channels), ("Patched", None))
    wanted = EndpointUpsertIn(url=RECEIVER_URL, uid=endpoint, event_types=[event_type])
    equal(svix.endpoint.upsert(app, endpoint, wanted).event_types, [event_type])


def endpoint_headers() -> None:
    svix.endpoint.set_headers(app, endpoint, EndpointHeadersIn(headers={"X-One": "1", "X-Two": "2"}))
    changes = EndpointHeadersPatchIn(headers={"X-Three": "3"}, delete_headers=["X-Two"])
    svix.endpoint.patch_headers(app, endpoint, changes)
    equal(svix.endpoint.get_headers(app, endpoint).headers, {"X-One": "1", "X-Three": "3"})


def endpoint_secret() -> None:
    before = svix.endpoint.get_secret(app, endpoint).key
    rotated = svix.endpoint.rotate_secret(app, endpoint, EndpointSecretRotateIn())
    after = svix.endpoint.get_secret(app, endpoint).key
    equal(rotated.key, after)
    assert after.startswith("whsec_") and after != before


def message_in(event_id: str) -> MessageIn:
    return MessageIn(event_type=event_type, event_id=event_id, payload={"id": event_id}, tags=["t"])


def messages() -> None:
    once = MessageCreateOptions(idempotency_key=f"key-{run}", with_content=True)
    made = svix.message.create(app, message_in("event"), once)
    equal(svix.message.create(app, message_in("event"), once).id, made.id)
    found = svix.message.get(app, "event", MessageGetOptions(with_content=True))
    equal((found.id, found.payload), (made.id, {"id": "event"}))
    page = svix.message.list(app, MessageListOptions(event_types=[event_type], tag="t"))
    equal([item.id for item in page.data], [made.id])


def delivered():
    attempts = svix.message_attempt.list_by_msg(app, "event").data
    return next((attempt for attempt in attempts if attempt.status == MessageStatus.SUCCESS), None)


def delivery() -> None:
    eventually(delivered)
    message = svix.message.get(app, "event")
    received = json.loads((RECEIVED_DIR / f"{message.id}.json").read_text())
    webhook = Webhook(svix.endpoint.get_secret(app, endpoint).key)
    webhook.verify(received["body"], received["headers"])
    equal(json.loads(received["body"]), {"id": "event"})
    equal(received["headers"]["x-one"], "1")
    try:
        webhook.verify(received["body"] + " ", received["headers"])
    except WebhookVerificationError:
        return
    raise AssertionError("the verification accepted a changed body")


def attempts() -> None:
    first = delivered()
    equal(svix.message_attempt.get(app, "event", first.id).response_status_code, 200)
    equal([item.id for item in svix.message_attempt.list_by_endpoint(app, endpoint).data], [first.id])
    listed = svix.message_attempt.list_attempted_messages(app, endpoint).data
    equal([item.id for item in listed], [first.msg_id])
    destinations = svix.message_attempt.list_attempted_destinations(app, "event").data
    equal([item.id for item in destinations], [first.endpoint_id])
    svix.message_attempt.resend(app, "event", endpoint)
    eventually(lambda: len(svix.message_attempt.list_by_msg(app, "event").data) == 2)
    equal(svix.endpoint.get_stats(app, endpoint).fail, 0)


def errors() -> None:
    refused(HttpError, 404, lambda: svix.application.get("missing"))
    refused(HttpError, 409, lambda: svix.application.create(ApplicationIn(name="Twice", uid=app)))
    refused(HttpError, 409, lambda: svix.message.create(app, message_in("event")))
    refused(HTTPValidationError, 422, lambda: svix.application.create(ApplicationIn(name="")))


def portal_access() -> None:
    access = svix.authentication.app_portal_access(app, AppPortalAccessIn())
    owner = Svix(access.token, SvixOptions(server_url=os.environ["SERVER_URL"]))
    equal([item.uid for item in owner.endpoint.list(app).data], [endpoint])
    refused(HttpError, 403, lambda: owner.application.list())


def operational_webhooks() -> None:
    operational = svix.operational_webhook.endpoint
    made = operational.create(OperationalWebhookEndpointIn(url=RECEIVER_URL))
    assert made.id in [item.id for item in operational.list().data]
    operational.delete(made.id)
    refused(HttpError, 404, lambda: operational.get(made.id))


def background_tasks() -> None:
    tasks = svix.background_task.list()
    equal(len(tasks.data) == 0 or tasks.data[0].id.startswith("qtask_"), True)


def post_signed(url: str, body: str) -> int:
    """Post a body as Stripe would and return the status."""
    now = int(time.time())
    signature = hmac.new(STRIPE_SECRET.encode(), f"{now}.{body}".encode(), "sha256").hexdigest()
    headers = {"Stripe-Signature": f"t={now},v1={signature}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as response:
        return response.status


def received_from(source: str):
    files = [json.loads(path.read_text()) for path in RECEIVED_DIR.glob("*.json")]
    return [item for item in files if item["headers"].get("boathook-source") == source]


def ingest() -> None:
    source, uid = svix.ingest.source, f"shop-{run}"
    shop = IngestSourceIn(name="Shop", uid=uid, type="stripe", config=StripeConfig(secret=STRIPE_SECRET))
    made = source.create(shop)
    equal(source.get(uid).id, made.id)
    equal(source.upsert(uid, shop).ingest_url, made.ingest_url)
    anything = source.create(IngestSourceIn(name="Any", uid=f"any-{run}", type="generic-webhook", config={}))
    equal({made.id, anything.id} <= {item.id for item in source.list().data}, True)
    worker = svix.ingest.endpoint.create(uid, IngestEndpointIn(url=RECEIVER_URL, uid="worker"))
    equal(svix.ingest.endpoint.get(uid, "worker").id, worker.id)
    svix.ingest.endpoint.upsert(uid, "worker", IngestEndpointUpsertIn(url=RECEIVER_URL))
    svix.ingest.endpoint.rotate_secret(uid, "worker", IngestEndpointSecretIn())
    body = json.dumps({"id": f"evt_{run}", "type": "charge.succeeded"})
    equal(post_signed(source.rotate_token(uid).ingest_url, body), 200)
    received = eventually(lambda: received_from(uid))[0]
    equal((received["body"], received["headers"]["boathook-verification"]), (body, "verified"))
    Webhook(svix.ingest.endpoint.get_secret(uid, "worker").key).verify(received["body"], received["headers"])
    for made_id in (made.id, anything.id):
        source.delete(made_id)
    refused(HttpError, 404, lambda: source.get(uid))


def deletion() -> None:
    svix.endpoint.delete(app, endpoint)
    refused(HttpError, 404, lambda: svix.endpoint.get(app, endpoint))
    svix.application.delete(app)
    refused(HttpError, 404, lambda: svix.application.get(app))


STEPS = {
    "applications: create, get_or_create, get, list, upsert, patch, delete": applications,
    "event types: create, get, list, upsert": event_types,
    "endpoints: create, get, list, patch, upsert": endpoints,
    "endpoint headers: get, set, patch": endpoint_headers,
    "endpoint secret: get, rotate": endpoint_secret,
    "messages: create (twice with one idempotency key), get, list": messages,
    "delivery: received and verified": delivery,
    "attempts: get, lists, resend, endpoint stats": attempts,
    "errors: 404, 409, 422": errors,
    "app portal access": portal_access,
    "operational webhook endpoints: create, get, list, delete": operational_webhooks,
    "background tasks: list": background_tasks,
    "ingest: source and its endpoint, a signed event is received and verified": ingest,
    "deletion of endpoint and application": deletion,
}

for name, step in STEPS.items():
    try:
        step()
    except Exception as error:
        print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)
        sys.exit(1)
    print(f"passed  {name}", flush=True)
