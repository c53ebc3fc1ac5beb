import { expect, test } from "bun:test";
import { openFilesProblem, restAfterShortageMs, shortageOf, shortResources } from "../../src/core/shortage.ts";

const table: Record<string, string> = {
  EMFILE: "open-files",
  ENFILE: "open-files",
  EADDRNOTAVAIL: "local-ports",
  EAGAIN: "local-ports",
  ENOBUFS: "memory",
  ENOMEM: "memory",
  ENETDOWN: "network",
};
for (const [code, resource] of Object.entries(table)) {
  test(`the code ${code} indicates a shortage of ${resource}, and the detail names the code`, () => {
    expect(shortageOf(code)).toEqual({ kind: "shortage", resource, detail: expect.stringContaining(code) } as never);
    expect(shortResources).toContain(resource as never);
  });
}

for (const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "EPERM", "EACCES", "constructor", ""]) {
  test(`the code "${code}" does not indicate a shortage`, () => expect(shortageOf(code)).toBeNull());
}

test("a lane pauses longer after each consecutive shortage, up to five seconds", () => {
  expect([0, 1, 2, 3, 4, 5, 100, 5000].map(restAfterShortageMs)).toEqual([
    250, 500, 1000, 2000, 4000, 5000, 5000, 5000,
  ]);
});

test("if the limit of open files is too low for the concurrency, the problem names the limit and the number needed", () => {
  expect(openFilesProblem(2816, 256)).toBeNull();
  expect(openFilesProblem(2815, 256)).toBe(
    "The limit of open files is 2815, but delivery-concurrency 256 needs 2816. Raise the limit (ulimit -n, or LimitNOFILE in systemd).",
  );
});
