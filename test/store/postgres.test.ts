import { afterAll, describe } from "bun:test";
import { hasPostgres } from "../support/postgres.ts";
import { closeSharedServer, openDatabase } from "./postgres/open.ts";
import { suitesWithout } from "./suites/index.ts";

/** The suites that need verbs which the store on PostgreSQL does not have yet. */
const MISSING: readonly string[] = ["store", "moves"];

describe.skipIf(!hasPostgres)("PostgreSQL", () => {
  afterAll(closeSharedServer);
  suitesWithout(MISSING, openDatabase);
});
