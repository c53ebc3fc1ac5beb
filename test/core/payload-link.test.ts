import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seqAt } from "../../src/core/id.ts";
import { parsePayloadLink, payloadLinkEnd, payloadLinkText, thinBody } from "../../src/core/payload-link.ts";

const KEY = "1a".repeat(32);
const OTHER_KEY = "2b".repeat(32);
const LINK = { linkSeq: 9_000_000_000_001, messageSeq: 8_000_000_000_002, endpointSeq: 3 };
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const link = fc.record({ linkSeq: seq, messageSeq: seq, endpointSeq: seq });

describe("links to payloads", () => {
  test("the text of a link is 48 characters of a URL and parses to the link", () => {
    fc.assert(
      fc.property(link, (one) => {
        const text = payloadLinkText(KEY, one);
        expect(text).toMatch(/^[A-Za-z0-9_-]{48}$/);
        expect(parsePayloadLink(KEY, text)).toEqual(one);
      }),
    );
  });

  test("a link that another key has signed is none", () => {
    expect(parsePayloadLink(KEY, payloadLinkText(OTHER_KEY, LINK))).toBeNull();
  });

  test("a link in which any character was changed is none", () => {
    const text = payloadLinkText(KEY, LINK);
    for (let i = 0; i < text.length; i++) {
      const other = ALPHABET[(ALPHABET.indexOf(text[i]!) + 1) % ALPHABET.length]!;
      expect(parsePayloadLink(KEY, text.slice(0, i) + other + text.slice(i + 1))).toBeNull();
    }
  });

  test.each([
    ["", "an empty text"],
    ["A".repeat(47), "a text that is too short"],
    [`${payloadLinkText(KEY, LINK)}=`, "a link with padding"],
    [`${payloadLinkText(KEY, LINK)}AAAA`, "a link with more characters"],
    [payloadLinkText(KEY, LINK).replace(/.$/, "+"), "a link with a character of ordinary base64"],
    ["é".repeat(48), "a text that is not ASCII"],
  ])("%p is no link: %s", (text) => {
    expect(parsePayloadLink(KEY, text)).toBeNull();
  });

  test("a link ends 24 hours after the millisecond in which it was made", () => {
    const at = Date.UTC(2026, 5, 1, 12);
    expect(payloadLinkEnd({ linkSeq: seqAt(at) + 17 })).toBe(at + 24 * 3_600_000);
  });
});

test("the body of a thin event has the id, the event type, the time of acceptance and the URL", () => {
  const message = { id: "msg_1", eventType: 'a."b"', acceptedAt: Date.UTC(2026, 0, 1) };
  const body = thinBody(message, "https://hooks.example/payload/x");
  expect(new TextDecoder().decode(body)).toBe(
    '{"id":"msg_1","eventType":"a.\\"b\\"","timestamp":"2026-01-01T00:00:00.000Z","url":"https://hooks.example/payload/x"}',
  );
});
