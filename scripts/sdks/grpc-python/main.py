"""The round trip over gRPC with grpcio. Prints one line per step and stops at the first failure."""

import base64
import hashlib
import hmac
import json
import os
import queue
import sys
import tempfile
import urllib.request
from concurrent import futures
from pathlib import Path
from uuid import uuid4

import grpc
from grpc_tools import protoc

TIMEOUT_S = 20
SERVER_URL = os.environ["SERVER_URL"]
TOKEN = os.environ["SERVER_TOKEN"]
app = f"grpc-python-{uuid4().hex}"
endpoint = "receiver"


def api(method: str, path: str, body=None):
    request = urllib.request.Request(
        f"{SERVER_URL}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        return json.loads(response.read() or "null")


def equal(got, wanted) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, expected {wanted!r}")


def generate() -> None:
    """Generate the stubs from the definition that the server publishes."""
    directory = tempfile.mkdtemp()
    with urllib.request.urlopen(f"{SERVER_URL}/boathook.proto", timeout=TIMEOUT_S) as response:
        Path(directory, "boathook.proto").write_bytes(response.read())
    options = [f"-I{directory}", f"--python_out={directory}", f"--grpc_python_out={directory}", "boathook.proto"]
    equal(protoc.main(["protoc", *options]), 0)
    sys.path.insert(0, directory)


generate()
import boathook_pb2 as pb  # noqa: E402
import boathook_pb2_grpc as stubs  # noqa: E402

received: queue.Queue = queue.Queue()


class Receiver(stubs.ReceiverServicer):
    """Refuses the first call, so that the server tries again."""

    calls = 0

    def Deliver(self, request, context):
        self.calls += 1
        received.put((request, dict(context.invocation_metadata()), context.time_remaining()))
        if self.calls == 1:
            context.set_trailing_metadata((("grpc-retry-pushback-ms", "100"),))
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")
        return pb.DeliverResponse(detail="stored by Python")


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
stubs.add_ReceiverServicer_to_server(Receiver(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
channel = grpc.insecure_channel(os.environ["GRPC_ADDRESS"])
sender = stubs.SenderStub(channel)
metadata = (("authorization", f"Bearer {TOKEN}"),)
sent: list = []


def message(n: int, **more):
    payload = json.dumps({"n": n}).encode()
    return pb.SendRequest(**{"app": app, "event_type": "order.paid", "payload": payload, **more})


def sending() -> None:
    api("POST", "/app", {"name": "gRPC", "uid": app})
    api("POST", f"/app/{app}/endpoint", {"url": f"grpc://127.0.0.1:{port}", "uid": endpoint, "retrySchedule": ["1s"]})
    requests = [message(1, event_id="order-1", channels=["eu"]), message(2, payload=b"{"), message(3, event_id="order-1")]
    results = list(sender.Send(iter(requests), metadata=metadata, timeout=TIMEOUT_S))
    equal([bool(result.id) for result in results], [True, False, False])
    equal(results[1].error.split(":")[0], "validation_error")
    equal(results[2].error.split(":")[0], "conflict")
    sent.append(results[0].id)


def receiving() -> None:
    secret = api("GET", f"/app/{app}/endpoint/{endpoint}/secret")["key"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    for _ in range(2):
        request, headers, seconds_left = received.get(timeout=TIMEOUT_S)
        equal((request.id, request.event_type, list(request.channels)), (sent[0], "order.paid", ["eu"]))
        equal((json.loads(request.payload), request.content_type), ({"n": 1}, "application/json"))
        equal(headers["webhook-id"], request.id)
        equal(headers["webhook-timestamp"], str(request.timestamp))
        signed = f"{request.id}.{request.timestamp}.".encode() + request.payload
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        equal(headers["webhook-signature"], f"v1,{signature}")
        assert 0 < seconds_left <= 15


def unauthenticated() -> None:
    try:
        list(sender.Send(iter([message(1)]), timeout=TIMEOUT_S))
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.UNAUTHENTICATED)
    else:
        raise AssertionError("a call without a token was accepted")


STEPS = {
    "a stream of messages: stored, invalid, sent twice": sending,
    "deliveries: refused with a push-back, then received, both verified": receiving,
    "a call without a token: UNAUTHENTICATED": unauthenticated,
}

for name, step in STEPS.items():
    try:
        step()
    except Exception as error:
        print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)
        sys.exit(1)
    print(f"passed  {name}", flush=True)
channel.close()
server.stop(None).wait()
