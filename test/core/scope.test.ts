import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  covers,
  missingScopes,
  parseScope,
  parseScopes,
  resourcesOf,
  type Scope,
  type ScopeName,
  scopeActions,
  scopeOfOperation,
  scopeProblem,
} from "../../src/core/scope.ts";

const resources = ["application", "event-type", "message", "message-attempt"];

function scope(text: string): Scope {
  const parsed = parseScope(text);
  if (parsed === null) throw new Error(`${text} is not a scope.`);
  return parsed;
}

describe("scope", () => {
  const spellings = ["event-type:Read", "eventType:Read", "EventType:read", "EVENT_TYPE:READ", "event_type:rEAD"];
  for (const text of spellings) {
    test(`the scope ${text} allows reading event types and keeps its spelling`, () => {
      expect(scopeProblem(text, resources)).toBeNull();
      expect(missingScopes([scope(text)], ["event-type:Read"])).toEqual([]);
      expect(scope(text).text).toBe(text);
    });
  }

  const known = ["message:Read", "message:Write", "message:*", "*:Read", "*:write", "*:*", "messageAttempt:*"];
  for (const text of known) {
    test(`the scope ${text} is known`, () => expect(scopeProblem(text, resources)).toBeNull());
  }

  const noScopes = [
    "",
    ":",
    "*",
    "message",
    "message:",
    ":Read",
    "message:Read:Read",
    "message.Read",
    " message:Read",
    "message:Read ",
    "message:Read\n",
    "message: Read",
    "**:Read",
    "mess*:Read",
    "message:R*",
    "nachricht\u00e9:Read",
    "bac\u212Aground-task:Read",
    `${"-".repeat(100_000)}message:Read`,
  ];
  for (const text of noScopes) {
    test(`${JSON.stringify(text.slice(0, 30))} is not a scope`, () => {
      expect(parseScope(text)).toBeNull();
      expect(scopeProblem(text, resources)).toStartWith(
        "Must have the form <resource>:<Action>. Resources: application, event-type",
      );
    });
  }

  test("a scope of an unknown resource or action is refused with the list of known ones", () => {
    const names = `Resources: ${resources.join(", ")}. Actions: Read, Write. Use * for all.`;
    expect(scopeProblem("invoice:Read", resources)).toBe(`Unknown resource. ${names}`);
    expect(scopeProblem("-:Read", resources)).toBe(`Unknown resource. ${names}`);
    expect(scopeProblem("message:Delete", resources)).toBe(`Unknown action. ${names}`);
    expect(scopeProblem("message:-", resources)).toBe(`Unknown action. ${names}`);
  });
});

describe("held scopes", () => {
  const cases: [held: string[], wanted: string, covered: boolean][] = [
    [[], "message:Read", false],
    [["message:Read"], "message:Read", true],
    [["message:Read"], "message:Write", false],
    [["message:Write"], "message:Read", false],
    [["message:Read"], "message-attempt:Read", false],
    [["message:*"], "message:Read", true],
    [["message:*"], "message:Write", true],
    [["message:*"], "message:*", true],
    [["message:Read", "message:Write"], "message:*", true],
    [["message:Read"], "message:*", false],
    [["*:Read"], "message:Read", true],
    [["*:Read"], "message:Write", false],
    [["*:Read", "*:Write"], "*:*", true],
    [["*:Read", "message:Write"], "message:*", true],
    [["*:*"], "*:*", true],
    [["*:*"], "message:Write", true],
    [resources.map((resource) => `${resource}:Read`), "*:Read", false],
    [["message:*"], "*:Read", false],
  ];
  for (const [held, wanted, covered] of cases) {
    test(`the held scopes [${held.join(", ")}] ${covered ? "cover" : "do not cover"} ${wanted}`, () => {
      expect(covers(parseScopes(held), scope(wanted))).toBe(covered);
    });
  }

  test("the missing scopes are those that no held scope covers", () => {
    const needed: ScopeName[] = ["message:Write", "event-type:Read", "event-type:Write"];
    expect(missingScopes(parseScopes(["*:Read", "message:*"]), needed)).toEqual(["event-type:Write"]);
  });

  test("malformed scopes grant nothing", () => {
    expect(parseScopes(["message", "", "message:Read"])).toEqual([scope("message:Read")]);
  });
});

const anyScope = fc
  .tuple(fc.constantFrom("*", ...resources), fc.constantFrom("*", ...scopeActions))
  .map(([resource, action]) => scope(`${resource}:${action}`));
const someScopes = fc.array(anyScope, { maxLength: 6 });
const anyName = fc
  .tuple(fc.constantFrom(...resources), fc.constantFrom(...scopeActions))
  .map(([resource, action]): ScopeName => `${resource}:${action}`);

describe("delegated scopes", () => {
  test("delegated scopes grant nothing beyond the scopes of the grantor", () => {
    fc.assert(
      fc.property(someScopes, someScopes, anyName, (grantor, delegated, name) => {
        fc.pre(delegated.every((one) => covers(grantor, one)));
        if (missingScopes(delegated, [name]).length === 0) expect(missingScopes(grantor, [name])).toEqual([]);
      }),
    );
  });

  test("a grantor may delegate each scope that it holds", () => {
    fc.assert(
      fc.property(someScopes, (grantor) => {
        expect(grantor.every((one) => covers(grantor, one))).toBe(true);
      }),
    );
  });

  test("a grantor may delegate a scope of a known resource exactly when its own scopes grant as much", () => {
    fc.assert(
      fc.property(someScopes, anyScope, (grantor, wanted) => {
        fc.pre(wanted.resource !== "*");
        const names = scopeActions.map((action): ScopeName => `${wanted.resource}:${action}`);
        const opened = names.filter((name) => missingScopes([wanted], [name]).length === 0);
        expect(covers(grantor, wanted)).toBe(missingScopes(grantor, opened).length === 0);
      }),
    );
  });

  test("an additional scope never removes a right", () => {
    fc.assert(
      fc.property(someScopes, anyScope, anyName, (held, more, name) => {
        if (missingScopes(held, [name]).length === 0) expect(missingScopes([...held, more], [name])).toEqual([]);
      }),
    );
  });
});

/** Returns another spelling of the same scope. */
function respelled(name: ScopeName, dice: readonly number[]): string {
  const letters = [...name.replaceAll("-", "")].map((letter, i) => {
    const die = dice[i % dice.length]!;
    if (letter === ":") return letter;
    return (die & 1 ? letter.toUpperCase() : letter) + ["", "", "-", "_"][(die >> 1) & 3];
  });
  return letters.join("");
}

test("two spellings denote the same scope exactly when they spell the same name", () => {
  const dice = fc.array(fc.nat(7), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(anyName, anyName, dice, (name, other, thrown) => {
      const text = respelled(name, thrown);
      expect(scopeProblem(text, resources)).toBeNull();
      expect(covers([scope(text)], scope(other))).toBe(name === other);
    }),
  );
});

describe("required scopes", () => {
  const cases: [id: string, method: string, needed: ScopeName][] = [
    ["v1.event-type.list", "GET", "event-type:Read"],
    ["v1.message.create", "POST", "message:Write"],
    ["v1.message.poller.poll", "GET", "message:Read"],
    ["v1.operational-webhook.endpoint.delete", "DELETE", "operational-webhook:Write"],
    ["v1.management.authentication.patch-api-token", "PATCH", "authentication:Write"],
    ["dead-letter.list", "GET", "dead-letter:Read"],
    ["v1.health.head", "HEAD", "health:Read"],
  ];
  for (const [id, method, needed] of cases) {
    test(`the operation ${method} ${id} requires ${needed}`, () => expect(scopeOfOperation(id, method)).toBe(needed));
  }
});

test("each resource of the scopes is listed once, in alphabetical order", () => {
  expect(resourcesOf(["message:Write", "application:Read", "message:Read"])).toEqual(["application", "message"]);
});
