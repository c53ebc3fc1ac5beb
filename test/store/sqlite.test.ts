import { describe } from "bun:test";
import { openDataDir } from "./sqlite/open.ts";
import { everySuite } from "./suites/index.ts";

describe("SQLite", () => everySuite(openDataDir));
