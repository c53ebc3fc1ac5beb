import { describe, expect, test } from "bun:test";
import { tableExpression } from "../../src/receive/expression.ts";
import { aliases } from "../../src/receive/providers/aliases.ts";
import { findProvider, nearestProviderId, providers } from "../../src/receive/providers/index.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";

/** The types of sources that the official Svix SDKs know, with the fields of their configuration. */
const SDK_TYPES: Readonly<Record<string, readonly string[]>> = {
  "adobe-sign": ["clientId"],
  airwallex: ["secret"],
  beehiiv: ["secret"],
  brex: ["secret"],
  checkbook: ["secret"],
  clerk: ["secret"],
  docusign: ["secret"],
  easypost: ["secret"],
  "generic-webhook": [],
  github: ["secret"],
  guesty: ["secret"],
  hubspot: ["secret"],
  "incident-io": ["secret"],
  lithic: ["secret"],
  meta: ["secret", "verifyToken"],
  nango: ["secret"],
  nash: ["secret"],
  "open-ai": ["secret"],
  openclaw: ["secret"],
  "orum-io": ["publicKey"],
  "panda-doc": ["secret"],
  pleo: ["secret"],
  "port-io": ["secret"],
  "psi-fi": ["secret"],
  render: ["secret"],
  replicate: ["secret"],
  resend: ["secret"],
  rutter: ["secret"],
  safebase: ["secret"],
  sardine: ["secret"],
  segment: ["secret"],
  shopify: ["secret"],
  slack: ["secret"],
  stripe: ["secret"],
  stych: ["secret"],
  svix: ["secret"],
  tailscale: ["secret", "timestampGraceSeconds"],
  telnyx: ["publicKey"],
  vapi: ["secret"],
  veriff: ["secret"],
  vgs: ["secret"],
  zoom: ["secret"],
};

const names = providers.flatMap((row) => [row.id, ...row.aliases]);

describe("the table of providers", () => {
  test("every id and alias occurs once and is written in lower case with hyphens", () => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
  });

  test("an alias finds its row, and an unknown name finds the nearest", () => {
    expect(findProvider("open-ai")?.id).toBe("openai");
    expect(findProvider("stych")?.id).toBe("stytch");
    expect(findProvider("constructor")).toBeNull();
    expect(nearestProviderId("strype")).toBe("stripe");
    expect(nearestProviderId("open_ai")).toBe("openai");
  });

  test("the client id of Adobe Sign is in the response to every event", () => {
    const provider = findProvider("adobe-sign")!;
    const options = { verification: "enforce", url: "https://hooks.example.com/in/token" } as const;
    const { reply } = receiverOf(provider, { clientId: "UB7E" }, options);
    expect(reply).toEqual({ status: 200, headers: { "x-adobesign-clientid": "UB7E" }, body: "" });
    const { reply: without } = receiverOf(provider, {}, { ...options, verification: "off" });
    expect(without).toEqual({ status: 200, headers: {}, body: "" });
  });

  test("every list of aliases belongs to a row", () => {
    expect(Object.keys(aliases).filter((id) => findProvider(id)?.id !== id)).toEqual([]);
  });

  for (const [type, fields] of Object.entries(SDK_TYPES)) {
    test(`the SDK's type ${type} is a row that takes the SDK's fields`, () => {
      const taken = findProvider(type)?.config.map(({ name }) => name);
      expect(taken).toEqual(expect.arrayContaining([...fields]));
      const required = findProvider(type)?.config.filter(({ isRequired }) => isRequired);
      expect(required?.map(({ name }) => name).filter((name) => !fields.includes(name))).toEqual([]);
    });
  }

  test("the table has at least 180 rows", () => {
    expect(providers.length).toBeGreaterThanOrEqual(180);
  });

  for (const { id, eventType, deliveryId, source } of providers) {
    test(`the row ${id} has valid expressions and says where its rules were read`, () => {
      if (eventType !== null) tableExpression(eventType);
      if (deliveryId !== null) tableExpression(deliveryId);
      expect(source).not.toBe("");
    });
  }
});
