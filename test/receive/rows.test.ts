import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../src/receive/config.ts";
import { findProvider, providers } from "../../src/receive/providers/index.ts";
import { moreProviders } from "../../src/receive/providers/more/index.ts";
import type { Check, ReceivedRequest } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";
import { asymmetricStandard, type Sender, senders } from "./senders.ts";

const NOW = 1_764_000_000;
const URL_OF_SOURCE = "https://hooks.example.com/in/token";
/** The kinds of rows that `senders` covers. */
const KINDS: ReadonlySet<string> = new Set([
  ...["hmac-body", "hmac-timestamp-body", "standard-webhooks", "hook-secret-handshake"],
  ...["static-token", "basic", "body-token", "none"],
]);

interface Attempt {
  readonly note?: string;
  readonly signedAt?: number;
  readonly secret?: string;
  readonly configured?: Readonly<Record<string, unknown>>;
  readonly change?: (request: ReceivedRequest) => ReceivedRequest;
}

/** Sends a request as the provider would, and returns the result of the check. */
function attempt(id: string, sender: Sender, options: Attempt = {}): Check {
  const { note = "Zoë ✓ 日本", signedAt = NOW, secret = sender.secret, change = (request) => request } = options;
  const config = { ...sender.config, ...(options.configured ?? { secret: sender.secret }) };
  const receiver = receiverOf(findProvider(id)!, config, { verification: "enforce", url: URL_OF_SOURCE });
  return receiver.check(change(requestOf(sender, note, secret, signedAt)), NOW);
}

function requestOf(sender: Sender, note: string, secret: string, signedAt: number): ReceivedRequest {
  const body = sender.body?.(note, secret, signedAt) ?? Buffer.from(JSON.stringify({ note, amount: 1099 }));
  const headers = { "content-type": "application/json", ...sender.headers(body, secret, signedAt) };
  return { method: "POST", url: URL_OF_SOURCE, suffix: "", query: "", headers, body };
}

/** Returns a request without a header or, with null, without its body. */
function without(header: string | null): (request: ReceivedRequest) => ReceivedRequest {
  return (request) => {
    if (header === null) return { ...request, body: Buffer.from("{}") };
    return {
      ...request,
      headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== header)),
    };
  };
}

/** Returns a request whose body was changed after it was signed. */
const tampered = (request: ReceivedRequest) => ({
  ...request,
  body: Buffer.from(Buffer.from(request.body).toString().replace("Zoë", "Zoe")),
});

const passed: Check = { kind: "passed" };

function describeSender(name: string, id: string, sender: Sender): void {
  describe(`a request of ${name}`, () => {
    const covers = sender.covers ?? "body";
    test("is accepted as the provider sends it", () => {
      expect(attempt(id, sender)).toEqual(passed);
    });
    if (covers === "unsigned") return;

    test("has a configuration without errors", () => {
      expect(checkConfig(findProvider(id)!, { ...sender.config, secret: sender.secret }, "enforce")).toEqual([]);
    });

    test(`with a changed body is ${covers === "body" ? "refused" : "accepted, because the secret does not cover it"}`, () => {
      const expected: Check = covers === "body" ? { kind: "failed", cause: "signature_mismatch" } : passed;
      expect(attempt(id, sender, { change: tampered })).toEqual(expected);
    });

    test("with another secret is refused", () => {
      const cause = covers === "body" ? "signature_mismatch" : "token_mismatch";
      expect(attempt(id, sender, { configured: { secret: sender.otherSecret } })).toEqual({ kind: "failed", cause });
    });

    test("without the signature is refused", () => {
      expect(attempt(id, sender, { change: without(sender.header) })).toEqual({
        kind: "failed",
        cause: "missing_signature",
      });
    });

    test("is accepted if the older of two secrets made it", () => {
      const { secret, otherSecret } = sender;
      expect(attempt(id, sender, { configured: { secret: otherSecret, secrets: [otherSecret, secret] } })).toEqual(
        passed,
      );
    });

    if (sender.window !== undefined) describeClock(id, sender, sender.window);
  });
}

function describeClock(id: string, sender: Sender, { past, future }: NonNullable<Sender["window"]>): void {
  const secret = sender.secret;
  test("is refused if it is too old", () => {
    expect(attempt(id, sender, { signedAt: NOW - past })).toEqual(passed);
    expect(attempt(id, sender, { signedAt: NOW - past - 1 })).toEqual({ kind: "failed", cause: "timestamp_too_old" });
  });

  test("is refused if it is from the future", () => {
    expect(attempt(id, sender, { signedAt: NOW + future })).toEqual(passed);
    expect(attempt(id, sender, { signedAt: NOW + future + 1 })).toEqual({
      kind: "failed",
      cause: "timestamp_in_future",
    });
  });

  test("obeys the configured tolerance in both directions, and 0 checks no time", () => {
    for (const sign of [-1, 1]) {
      expect(
        attempt(id, sender, { signedAt: NOW + sign * 7200, configured: { secret, toleranceSeconds: 7200 } }),
      ).toEqual(passed);
      expect(
        attempt(id, sender, { signedAt: NOW + sign * 31, configured: { secret, toleranceSeconds: 30 } }).kind,
      ).toBe("failed");
      expect(
        attempt(id, sender, { signedAt: NOW + sign * 86_400_000, configured: { secret, toleranceSeconds: 0 } }),
      ).toEqual(passed);
    }
  });
}

test("every row whose secret is shared has a sender in these tests", () => {
  const more = new Set(moreProviders.map(({ id }) => id));
  const own = providers.filter(({ id, scheme }) => scheme.type !== "none" && !more.has(id));
  const rows = own.filter(({ kind }) => KINDS.has(kind)).map(({ id }) => id);
  expect(rows.filter((id) => !(id in senders))).toEqual([]);
});

for (const [id, sender] of Object.entries(senders)) describeSender(id, id, sender);
describeSender("standard-webhooks with a public key", "standard-webhooks", asymmetricStandard);
