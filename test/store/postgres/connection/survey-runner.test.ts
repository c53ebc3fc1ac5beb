import { describe, expect, test } from "bun:test";
import { Problem } from "../../../../src/core/problem.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { type Party, SurveyRunner } from "../../../../src/store/postgres/connection/survey-runner.ts";

/** A runner that runs one query at a time, until the test ends it. */
class Queries {
  readonly runner = new SurveyRunner(1);
  /** The parties of the queries that have begun, in order. */
  readonly begun: Party[] = [];
  #running: PromiseWithResolvers<string> | null = null;

  start(party: Party): Promise<string> {
    return this.runner.run(party, () => {
      this.begun.push(party);
      this.#running = Promise.withResolvers();
      return this.#running.promise;
    });
  }

  async end(): Promise<void> {
    this.#running!.resolve("done");
    await Bun.sleep(0);
  }

  async fail(error: Error): Promise<void> {
    this.#running!.reject(error);
    await Bun.sleep(0);
  }
}

describe("the runner of surveys", () => {
  test("parties take turns, whatever the number of their queries that wait", async () => {
    const queries = new Queries();
    const all = ([1, 1, 1, 1, 2, "server", 2] as const).map((party) => queries.start(party));
    for (let i = 0; i < 7; i++) await queries.end();
    await Promise.all(all);
    expect(queries.begun).toEqual([1, 1, 2, "server", 1, 2, 1]);
  });

  test("the 101st query of a party that waits is refused with a 503, and other parties may wait", async () => {
    const queries = new Queries();
    const waiting = Array.from({ length: 101 }, () => queries.start(1));
    const refused = await queries.start(1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ status: 503, code: "overloaded", retry: 5 });
    const other = queries.start(2);
    for (let i = 0; i < 102; i++) await queries.end();
    expect(await Promise.all([...waiting, other])).toHaveLength(102);
  });

  test("if the server cannot be reached, all that wait fail, and later queries run", async () => {
    const queries = new Queries();
    const all = Promise.allSettled([1, 1, 2].map((party) => queries.start(party)));
    await queries.fail(new StoreUnavailable("no connection"));
    expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    const later = queries.start(1);
    await queries.end();
    expect(await later).toBe("done");
  });
});
