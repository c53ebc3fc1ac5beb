import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../scripts/bench/common-options.ts";
import { readOptions } from "../../scripts/bench/postgres/options.ts";
import { type Figures, markdown, medians } from "../../scripts/bench/postgres/run.ts";
import { withTable } from "../../scripts/sizing-table.ts";
import { ROOT } from "../support/binary.ts";

const ON_SQLITE: Figures = {
  ...{ deliveredPerSecond: 13_000.4, acceptP99Ms: 7.25, instanceMicros: 71.6 },
  ...{ databaseMicros: NaN, webhooksPerCommit: NaN, walBytes: NaN },
};
const ON_POSTGRES: Figures = {
  ...{ deliveredPerSecond: 6500, acceptP99Ms: 12, instanceMicros: 101 },
  ...{ databaseMicros: 52.4, webhooksPerCommit: 31.04, walBytes: 1610 },
};

describe("the bench of PostgreSQL", () => {
  test("the table has the units, and no figures of PostgreSQL for SQLite", () => {
    const table = markdown(new Map(Object.entries({ SQLite: ON_SQLITE, "PostgreSQL, 1 instance": ON_POSTGRES })));
    expect(table.split("\n")).toEqual([
      "|  | webhooks per second | response of the API, p99 | CPU time of the servers per webhook | of PostgreSQL | webhooks per commit | write-ahead log per webhook |",
      "| --- | --: | --: | --: | --: | --: | --: |",
      "| SQLite | 13,000 | 7.3 ms | 72 µs |  |  |  |",
      "| PostgreSQL, 1 instance | 6,500 | 12.0 ms | 101 µs | 52 µs | 31.0 | 1,610 bytes |",
    ]);
  });

  test("the figures of several rounds are the medians of each column", () => {
    const rounds = [3, 1, 2].map((n) => ({ ...ON_POSTGRES, deliveredPerSecond: n, walBytes: 10 - n }));
    expect(medians(rounds)).toEqual({ ...ON_POSTGRES, deliveredPerSecond: 2, walBytes: 8 });
  });

  test.each([["--instances=1,0"], ["--instances=9"], ["--instances="], ["--connections=4"], ["--what"]])(
    "the option %s is refused",
    (option) => {
      expect(() => readOptions([option])).toThrow(UsageError);
    },
  );

  test("numbers of instances that are given twice are measured once", () => {
    expect(readOptions(["--instances=2,4,2"]).instances).toEqual([2, 4]);
  });

  test("the guide has a place for the table", () => {
    const page = readFileSync(join(ROOT, "web", "guide", "pages", "postgres.md"), "utf8");
    expect(withTable(page, "TABLE", "MACHINE")).toContain("Measured on: MACHINE.\n\nTABLE\n");
  });
});
