import { afterAll, describe } from "bun:test";
import { hasPostgres } from "../support/postgres.ts";
import { closeSharedServer, openDatabase } from "./postgres/open.ts";
import { everySuite } from "./suites/index.ts";

describe.skipIf(!hasPostgres)("PostgreSQL", () => {
  afterAll(closeSharedServer);
  everySuite(openDatabase, { canMove: false });
});
