import { expect, test } from "bun:test";
import type { SQL } from "bun";
import { systemClock } from "../../../../src/edge/clock.ts";
import { OwnConnection } from "../../../../src/store/postgres/connection/own-connection.ts";

/** A pool whose first connection fails with an error at its first statement. */
function poolThatFailsOnce(error: Error) {
  let opened = 0;
  const result = Object.assign([{ one: 1 }], { count: 1, command: "SELECT", columns: [] });
  const reserve = async () => {
    const isFirst = ++opened === 1;
    const execute = async () => {
      if (isFirst) throw error;
      return result;
    };
    return { unsafe: () => ({ execute }), close: async () => {}, release() {} };
  };
  return { pool: { reserve, close: async () => {} } as unknown as SQL, opened: () => opened };
}

test("after the server has cancelled the statement that sets up a connection, the next statement opens another one", async () => {
  const cancelled = Object.assign(new Error("canceling statement due to statement timeout"), {
    ...{ code: "ERR_POSTGRES_SERVER_ERROR", errno: "57014" },
  });
  const { pool, opened } = poolThatFailsOnce(cancelled);
  const timeout = { setting: "lock_timeout", ms: 900 } as const;
  const connection = new OwnConnection({ pool, clock: systemClock, limitMs: 1000, limitFrom: "response", timeout });
  await expect(connection.run("SELECT 1 AS one", [])).rejects.toBe(cancelled);
  expect(Array.from(await connection.run("SELECT 1 AS one", []))).toEqual([{ one: 1 }]);
  expect(opened()).toBe(2);
  await connection.close();
});
