import { describe, expect, test } from "bun:test";
import { type Opening, type OpeningSql, open } from "../../../../src/store/postgres/commit/opening.ts";
import type { BatchVerb, Transaction, Write } from "../../../../src/store/postgres/commit/write.ts";
import { runTogether } from "../../../../src/store/postgres/commit/write-runs.ts";

interface Statement {
  readonly sql: string;
  readonly parameters: unknown;
}

/** A transaction that records its statements. Each returns one row with the number of the statement. */
function recorded() {
  const statements: Statement[] = [];
  const first = async <Row>(sql: string, parameters: unknown) => {
    statements.push({ sql, parameters });
    return { number: statements.length } as Row;
  };
  const transaction: Transaction = { first, all: async () => [], run: async () => 0 };
  return { statements, transaction };
}

const LETTERS: OpeningSql = {
  steps: { letters: "INSERT INTO letter SELECT unnest($1::text[]) RETURNING 1" },
  results: { lettersStored: "(SELECT count(*) FROM letters)" },
};
const DIGITS: OpeningSql = {
  steps: { digits: "SELECT $1, $2, $12", more: "DELETE FROM digit WHERE value = $2" },
  results: {},
};
const lettersOf = (text: string): Opening => ({ sql: LETTERS, parameters: [text] });
const digitsOf = (...parameters: number[]): Opening => ({ sql: DIGITS, parameters });

const MARK: Opening = { sql: { steps: { mark: "SELECT $1" }, results: { marked: "1" } }, parameters: [7] };

describe("openings", () => {
  test("openings become one statement, in which each keeps its own parameters", async () => {
    const { statements, transaction } = recorded();
    expect(await open(transaction, [MARK, lettersOf("{a,b}"), digitsOf(1, 2)])).toEqual({ number: 1 });
    expect(statements).toEqual([
      {
        sql: `WITH mark AS (SELECT $1),
letters AS (INSERT INTO letter SELECT unnest($2::text[]) RETURNING 1),
digits AS (SELECT $3, $4, $14),
more AS (DELETE FROM digit WHERE value = $4)
SELECT 1 AS "marked",
(SELECT count(*) FROM letters) AS "lettersStored"`,
        parameters: [7, "{a,b}", 1, 2],
      },
    ]);
  });

  test.each([
    ["step", { steps: { mark: "SELECT $1" }, results: {} }, "mark"],
    ["result", { steps: {}, results: { marked: "2" } }, "marked"],
  ])("openings with equal names of a %s are refused", async (_, sql, name) => {
    const { statements, transaction } = recorded();
    await expect(open(transaction, [MARK, { sql, parameters: [] }])).rejects.toThrow(`use the name ${name}.`);
    expect(statements).toEqual([]);
  });

  test("the same openings have the same text each time, and other ones or another order have another text", async () => {
    const { statements, transaction } = recorded();
    await open(transaction, [lettersOf("{a}"), digitsOf(1, 2)]);
    await open(transaction, [lettersOf("{b,c}"), digitsOf(3, 4)]);
    await open(transaction, [digitsOf(3, 4), lettersOf("{d}")]);
    await open(transaction, [lettersOf("{e}")]);
    const texts = statements.map(({ sql }) => sql);
    expect(texts[1]).toBe(texts[0]!);
    expect(new Set(texts).size).toBe(3);
  });
});

/** A verb of a batch, which records what it gets. */
function verb(calls: unknown[], name: string, opening: Opening | null): BatchVerb {
  return {
    opening: async () => opening,
    run: async (_, inputs, opened) => {
      calls.push([name, inputs, opened]);
      return inputs.map((input) => `${name} ${input}`);
    },
  } as BatchVerb;
}

const neverAlone = () => Promise.reject(new Error("This write is run with others."));
const settled = { resolve: () => {}, reject: () => {} };
const batched = (verb: BatchVerb, input: string): Write => ({
  ...{ run: neverAlone, rows: 1, batch: { verb, input }, ...settled },
});

describe("the first statement of a transaction", () => {
  test("the mark and the openings of the first writes share a statement, whose row each of the verbs gets", async () => {
    const { statements, transaction } = recorded();
    const calls: unknown[] = [];
    const [letters, digits] = [verb(calls, "letters", lettersOf("{a}")), verb(calls, "digits", digitsOf(1, 2))];
    const writes = [batched(letters, "x"), batched(digits, "y"), batched(letters, "z")];
    const { opened, results } = await runTogether(transaction, writes, MARK);
    expect(opened).toEqual({ number: 1 });
    expect(statements.map(({ parameters }) => parameters)).toEqual([[7, "{a}", 1, 2]]);
    expect(calls).toEqual([
      ["letters", ["x", "z"], { number: 1 }],
      ["digits", ["y"], { number: 1 }],
    ]);
    expect(results.map((result) => result.status === "fulfilled" && result.value)).toEqual([
      "letters x",
      "digits y",
      "letters z",
    ]);
  });

  test("a verb without an opening gets no row", async () => {
    const { statements, transaction } = recorded();
    const calls: unknown[] = [];
    await runTogether(transaction, [batched(verb(calls, "letters", null), "x")], MARK);
    expect(statements.map(({ parameters }) => parameters)).toEqual([[7]]);
    expect(calls).toEqual([["letters", ["x"], null]]);
  });

  test("writes after one that is no batch see its changes: their openings are a statement after it", async () => {
    const { statements, transaction } = recorded();
    const calls: unknown[] = [];
    const letters = verb(calls, "letters", lettersOf("{a}"));
    const alone: Write = {
      ...{ rows: 1, ...settled },
      run: async () => {
        calls.push(["alone", statements.length]);
        return "alone";
      },
    };
    const { results } = await runTogether(transaction, [alone, batched(letters, "x")], MARK);
    expect(statements.map(({ parameters }) => parameters)).toEqual([[7], ["{a}"]]);
    expect(calls).toEqual([
      ["alone", 1],
      ["letters", ["x"], { number: 2 }],
    ]);
    expect(results.map((result) => result.status === "fulfilled" && result.value)).toEqual(["alone", "letters x"]);
  });
});
