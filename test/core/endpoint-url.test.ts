import { describe, expect, test } from "bun:test";
import { normalizeEndpointUrl, urlScheme } from "../../src/core/endpoint-url/index.ts";

const anyUrl = { httpsOnly: false, isOperational: false };

describe("the URL of an endpoint", () => {
  test.each([
    ["http://Example.com", "http://example.com/"],
    ["https://u:p@example.com:443/x", "https://u:p@example.com/x"],
    ["function:", "function:"],
    ["grpc://Example.com:50051", "grpc://example.com:50051"],
    ["grpcs://u:p%40s@BÜCHER.example:443", "grpcs://u:p%40s@xn--bcher-kva.example:443"],
    ["grpc://0x7f.1:80/", "grpc://127.0.0.1:80/"],
    ["grpc://[::1]:50051", "grpc://[::1]:50051"],
    ["amqp://Broker.example", "amqp://broker.example"],
    [
      "amqps://u:p@[::1]:5671/orders%2Feu?exchange=a&routingKey=b",
      "amqps://u:p@[::1]:5671/orders%2Feu?exchange=a&routingKey=b",
    ],
    ["nats://t0ken@Broker.example/orders.new?tls=true", "nats://t0ken@broker.example/orders.new?tls=true"],
    ["kafka://u:p@Broker.example:9092/orders?key=$.id", "kafka://u:p@broker.example:9092/orders?key=$.id"],
  ])("the URL %s of an endpoint is stored as %s", (given, stored) => {
    expect(normalizeEndpointUrl(given, anyUrl)).toEqual({ url: stored });
  });

  test.each([
    ["", "Must be a valid URL."],
    ["example.com", "Must be a valid URL."],
    ["grpc://\ud800", "Must be a valid URL."],
    ["grpc://", "Must be a valid URL with a host."],
    ["grpc:x", "Must be a valid URL with a host."],
    ["grpc://a%20b:1", "Must be a valid URL with a host."],
    ["grpc://256.1.1.1:1", "Must be a valid URL with a host."],
    ["FUNCTION:", "Must be spelled `function:`."],
    ["function:x", "The URL of a function is exactly `function:`."],
  ])("the URL %j of an endpoint is refused", (given, problem) => {
    expect(normalizeEndpointUrl(given, anyUrl)).toEqual({ problem });
  });

  test.each(["grpc://a:1/p", "grpc://a:1?q", "grpcs://a:1#f"])(
    "the gRPC URL %s is refused because of its path",
    (given) => {
      expect(normalizeEndpointUrl(given, anyUrl)).toEqual({ problem: expect.stringContaining("without a path.") });
    },
  );

  test.each(["ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:,x"])(
    "the unknown scheme of %s is refused with the list of those that exist",
    (given) => {
      const problem = expect.stringMatching(
        /^The scheme of the URL must be https, http, function, .*grpcs.* or \w+\.$/,
      );
      expect(normalizeEndpointUrl(given, anyUrl)).toEqual({ problem });
    },
  );

  test.each(["function", "websocket"])(
    "endpoints for operational webhooks cannot have the scheme %s, and it is not named",
    (scheme) => {
      const rules = { ...anyUrl, isOperational: true };
      const problem = expect.not.stringContaining(scheme);
      expect(normalizeEndpointUrl(`${scheme}:`, rules)).toEqual({ problem });
    },
  );

  test("the URL of an endpoint with consumers is exactly `websocket:`", () => {
    expect(normalizeEndpointUrl("websocket:", anyUrl)).toEqual({ url: "websocket:" });
    for (const url of ["WebSocket:", "websocket:x", "websocket://a.example/", "websocket:?a=1", "websocket:#a"]) {
      expect(normalizeEndpointUrl(url, anyUrl)).toEqual({ problem: expect.stringContaining("`websocket:`") });
    }
  });

  test("with https-only, only URLs with an encrypted connection are accepted", () => {
    const rules = { ...anyUrl, httpsOnly: true };
    expect(normalizeEndpointUrl("http://a/", rules)).toEqual({ problem: "Must be an https URL." });
    expect(normalizeEndpointUrl("grpc://a:1", rules)).toEqual({ problem: "Must be a grpcs URL." });
    expect(normalizeEndpointUrl("amqp://a", rules)).toEqual({ problem: "Must be an amqps URL." });
    expect(normalizeEndpointUrl("nats://a/b", rules)).toEqual({ problem: "Must have `tls=true`." });
    expect(normalizeEndpointUrl("kafka://a/b", rules)).toEqual({ problem: "Must have `tls=true`." });
    for (const url of [
      "https://a/",
      "grpcs://a:1",
      "function:",
      "websocket:",
      "amqps://a",
      "nats://a/b?tls=true",
      "kafka://a/b?tls=true",
    ]) {
      expect(normalizeEndpointUrl(url, rules)).toEqual({ url });
    }
  });

  test("a URL of an endpoint that is too long is refused", () => {
    const long = `https://example.com/${"x".repeat(65_536)}`;
    expect(normalizeEndpointUrl(long, anyUrl)).toEqual({ problem: "Must be at most 65536 characters long." });
  });

  test("only URLs with a host have one that deliveries connect to", () => {
    const hostOf = (text: string) => urlScheme(new URL(text).protocol)?.remoteHost(new URL(text));
    expect(["https://a/", "grpc://b:1", "function:", "ftp://c/"].map(hostOf)).toEqual(["a", "b", null, undefined]);
  });
});
