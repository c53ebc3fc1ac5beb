import { describe, expect, test } from "bun:test";
import { neededScopes, scopeResources } from "../../../src/api/identity/access.ts";
import { allOperations } from "../../support/operations.ts";

const operations = allOperations();
const byId = new Map(operations.map((operation) => [operation.id, operation]));

describe("the scopes that operations need", () => {
  test("the scope table contains exactly the known resources", () => {
    expect(scopeResources(operations)).toEqual([
      "application",
      "audit-log",
      "authentication",
      "background-task",
      "dead-letter",
      "delivery",
      "endpoint",
      "environment",
      "event-type",
      "inbox",
      "ingest",
      "listener",
      "message",
      "message-attempt",
      "notice",
      "operational-webhook",
      "overview",
      "payload-version",
      "provider",
      "session",
      "statistics",
      "system",
    ]);
  });

  test("only public operations, whoami, and the operations on the own token or session need no scopes", () => {
    expect(operations.length).toBeGreaterThan(90);
    const free = operations.filter(
      (operation) => neededScopes(operation).length === 0 && operation.access !== "public",
    );
    expect(free.map(({ id }) => id)).toEqual([
      "v1.authentication.whoami",
      "v1.authentication.logout",
      "session.get",
      "session.log-out",
    ]);
    for (const operation of operations) {
      if (operation.access === "public") expect([operation.id, neededScopes(operation)]).toEqual([operation.id, []]);
    }
  });

  test("a GET needs Read scopes, and any other operation needs Write scopes unless it changes nothing", () => {
    // These read messages and decide what becomes of them.
    const consuming = ["endpoint.connect", "ingest.endpoint.connect", "message.poller.group-lease"];
    const asking = operations.filter(({ id }) => !consuming.includes(id));
    const reading = asking.filter((operation) => {
      const actions = neededScopes(operation).map((name) => name.split(":")[1]);
      expect([operation.id, new Set(actions).size <= 1]).toEqual([operation.id, true]);
      return actions[0] === "Read";
    });
    const asked = asking.filter((operation) => neededScopes(operation).length > 0);
    expect(asked.filter(({ method }) => method === "GET" || method === "HEAD")).toEqual(
      reading.filter(({ method }) => method === "GET" || method === "HEAD"),
    );
    expect(reading.filter(({ method }) => method !== "GET" && method !== "HEAD").map(({ id }) => id)).toEqual([
      "event-type.validate",
      "endpoint.filter-test",
      "endpoint.filter-preview",
      "v1.message.precheck",
      "message.precheck-recipients",
      "v1.environment.export",
      "ingest.endpoint.filter-test",
      "ingest.endpoint.filter-preview",
    ]);
  });

  const expected: Readonly<Record<string, readonly string[]>> = {
    "v1.message.precheck": ["message:Read"],
    "endpoint.filter-test": ["endpoint:Read", "message:Read"],
    "ingest.endpoint.filter-test": ["ingest:Read", "message:Read"],
    "v1.environment.export": ["environment:Read", "event-type:Read", "payload-version:Read"],
    "v1.environment.import": ["environment:Write", "event-type:Write", "payload-version:Write"],
    "v1.admin.redrive-dlq": ["dead-letter:Write"],
    "v1.statistics.aggregate-app-stats": ["statistics:Write"],
    "v1.message.poller.consumer-seek": ["message:Write"],
    "v1.operational-webhook.endpoint.get-secret": ["operational-webhook:Read"],
    "v1.management.authentication.create-api-token": ["authentication:Write"],
    "overview.live": ["overview:Read"],
    "message.poller.group-lease": ["message:Read", "message:Write"],
    "endpoint.connect": ["endpoint:Write", "message:Read"],
    "ingest.endpoint.connect": ["ingest:Write", "message:Read"],
  };
  for (const [id, names] of Object.entries(expected)) {
    test(`the operation ${id} needs ${names.join(" and ")}`, () => {
      expect(neededScopes(byId.get(id)!)).toEqual(names as never);
    });
  }
});
