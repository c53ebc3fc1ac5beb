import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, firstAttempt, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let aws: Receiver;
beforeAll(async () => {
  aws = startReceiver();
  server = await startServer(["--retry-schedule=1s"]);
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  await aws[Symbol.asyncDispose]();
});

const endpoint = () => `endpoint=${encodeURIComponent(aws.url)}`;
const lambda = (query = "") => `lambda://KEY:secret@eu-central-1/resize:live?${endpoint()}${query}`;

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (url: string, endpoint: object = {}, message: object = {}) =>
  firstAttempt(send, url, endpoint, message);

const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

describe("an endpoint with the URL of a function of AWS Lambda", () => {
  test("a Lambda function gets the message in the form of a request from API Gateway", async () => {
    aws.answering = () => new Response(null, { status: 202 });
    const attempt = await delivered(lambda(), { headers: { "X-Tenant": "t1" } }, { payload: { a: 1 } });
    expect(attempt).toMatchObject({ responseStatusCode: 202, reason: null });
    const { path, headers, body } = aws.received.at(-1)!;
    expect(path).toBe("/2015-03-31/functions/resize/invocations?Qualifier=live");
    expect(headers.get("x-amz-invocation-type")).toBe("Event");
    expect(headers.get("authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=KEY\/\d{8}\/eu-central-1\/lambda\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/,
    );
    const input = JSON.parse(body.toString());
    expect(input).toEqual({
      ...{ version: "2.0", rawPath: "/", body: '{"a":1}', isBase64Encoded: false },
      headers: {
        "content-type": "application/json",
        "x-tenant": "t1",
        "webhook-id": expect.stringMatching(/^msg_/),
        "webhook-timestamp": expect.stringMatching(/^\d+$/),
        "webhook-signature": expect.stringMatching(/^v1,/),
      },
      requestContext: { http: { method: "POST", path: "/" } },
    });
  });

  test("with `invocation=request`, the result of a Lambda function is the response", async () => {
    aws.answering = () => json(200, { statusCode: 200, body: "done" });
    const attempt = await delivered(lambda("&invocation=request"));
    expect(aws.received.at(-1)!.headers.get("x-amz-invocation-type")).toBe("RequestResponse");
    expect(attempt).toMatchObject({ responseStatusCode: 200, response: '{"statusCode":200,"body":"done"}' });
  });

  test("an error that a Lambda function throws is a failed attempt with its text", async () => {
    aws.answering = () => json(200, { errorMessage: "boom" }, { "X-Amz-Function-Error": "Unhandled" });
    expect(await delivered(lambda("&invocation=request"))).toMatchObject({
      ...{ responseStatusCode: 502, reason: "status_5xx", response: 'Unhandled: {"errorMessage":"boom"}' },
    });
  });
});

describe("an error of AWS", () => {
  const message = "Rate exceeded";
  test.each<[name: string, response: () => Response, attempt: Partial<AttemptOut>]>([
    [
      "too many requests, named in a header",
      () => json(429, { Reason: "x", message }, { "x-amzn-ErrorType": "TooManyRequestsException:http://a/" }),
      { responseStatusCode: 429, response: "TooManyRequestsException: Rate exceeded" },
    ],
    [
      "throttling with the status 400",
      () => json(400, { __type: "com.amazon.coral.availability#ThrottlingException", message }),
      { responseStatusCode: 429, response: "ThrottlingException: Rate exceeded" },
    ],
    [
      "throttling of SQS",
      () => json(403, { __type: "com.amazonaws.sqs#RequestThrottled", Message: message }),
      { responseStatusCode: 429, response: "RequestThrottled: Rate exceeded" },
    ],
    [
      "an overloaded server",
      () => new Response("busy", { status: 503 }),
      { responseStatusCode: 429, response: "busy" },
    ],
    [
      "a refused signature",
      () => json(403, { __type: "InvalidSignatureException", message: "The signature does not match." }),
      { responseStatusCode: 403, response: "InvalidSignatureException: The signature does not match." },
    ],
    [
      "an unknown function",
      () =>
        json(404, { Type: "User", Message: "Function not found" }, { "x-amzn-errortype": "ResourceNotFoundException" }),
      { responseStatusCode: 404, response: "ResourceNotFoundException: Function not found" },
    ],
    ["a redirect", () => new Response(null, { status: 301, headers: { location: "/" } }), { responseStatusCode: 301 }],
  ])("an attempt shows an error of AWS: %s", async (_, response, attempt) => {
    aws.answering = response;
    expect(await delivered(lambda())).toMatchObject(attempt);
  });

  test("throttling by AWS postpones the next attempt by `Retry-After`", async () => {
    aws.answering = () => json(429, { message }, { "retry-after": "3600" });
    const attempt = await delivered(lambda());
    expect(Date.parse(attempt.nextAttempt!) - Date.parse(attempt.timestamp)).toBeGreaterThanOrEqual(3_600_000);
  });

  test("an attempt at AWS keeps neither the keys nor the signature of its request", async () => {
    aws.answering = () => json(400, { message: "no" });
    const app = await makeApplication(send);
    await makeEndpoint(send, app, lambda());
    const id = await sendMessage(send, app);
    const [attempt] = await attemptsOf(send, app, id);
    const { id: attemptId } = attempt as unknown as { id: string };
    const { text } = await send("GET", `/app/${app}/msg/${id}/attempt/${attemptId}`);
    expect(text).not.toMatch(/secret|AWS4-HMAC/);
  });
});

test.skipIf(!hasOpenssl)(
  "an endpoint with the authority of its server for SQS is delivered to, and one without it is not",
  async () => {
    using authority = new Authority();
    await using own = startReceiver(() => json(200, { MessageId: "1" }), authority.issue("127.0.0.1"));
    const url = `sqs://KEY:secret@eu-central-1/1/q?endpoint=${encodeURIComponent(own.url)}`;
    expect(await delivered(url, { tls: { ca: authority.ca } })).toMatchObject({ responseStatusCode: 200 });
    expect(await delivered(url)).toMatchObject({ responseStatusCode: 0, reason: "tls" });
  },
);

describe("keys for AWS in the environment", () => {
  const url = () => `sqs://eu-central-1/123456789012/orders?${endpoint()}`;

  test("with aws-credentials `environment`, the server's keys sign requests for URLs without keys", async () => {
    const env = { AWS_ACCESS_KEY_ID: "ENVKEY", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "session" };
    const own = await startServer(["--aws-credentials=environment"], env);
    try {
      const client = clientOf(own.url);
      aws.answering = () => json(200, { MessageId: "1" });
      const app = await makeApplication(client);
      await makeEndpoint(client, app, url());
      const [attempt] = await attemptsOf(client, app, await sendMessage(client, app));
      expect(attempt!.responseStatusCode).toBe(200);
      const { headers } = aws.received.findLast(({ path }) => path === "/")!;
      expect(headers.get("authorization")).toContain("Credential=ENVKEY/");
      expect(headers.get("x-amz-security-token")).toBe("session");
      const config = { url: url() };
      const made = await client("POST", "/ingest/api/v1/source", { name: "Q", type: "sqs", config });
      expect(made.status).toBe(201);
    } finally {
      await own.stop();
    }
  });

  test("without aws-credentials, a URL without keys for AWS is refused", async () => {
    const app = await makeApplication(send);
    const refused = await send("POST", `/app/${app}/endpoint`, { url: url() });
    expect([refused.status, refused.json.detail[0].msg]).toEqual([422, expect.stringContaining("must contain keys")]);
    const source = await send("POST", "/ingest/api/v1/source", { name: "Q", type: "sqs", config: { url: url() } });
    expect([source.status, source.json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
  });

  test("with aws-credentials `environment` and no keys, the server does not start and names what is missing", async () => {
    const failed = startServer(["--aws-credentials=environment"], { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
    expect(await failed.then(() => "started", String)).toContain("AWS_ACCESS_KEY_ID");
  });
});
