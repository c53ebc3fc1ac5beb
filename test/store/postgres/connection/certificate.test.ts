import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { Authority, hasOpenssl } from "../../../support/pki.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../support/postgres.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

describe.skipIf(!hasPostgres || !hasOpenssl)("the certificate of a PostgreSQL server", () => {
  const dir = temporaryDirectory();
  let postgres: PostgresServer;
  let url: string;

  beforeAll(async () => {
    const authority = new Authority();
    postgres = await startPostgres({ tls: authority.issue("127.0.0.1") });
    url = await postgres.createDatabase();
    writeFileSync(dir.file("ca.pem"), authority.ca);
    writeFileSync(dir.file("other.pem"), new Authority("Other").ca);
  });

  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  });

  test.each([
    ["127.0.0.1", "verify-full", "ca.pem", true],
    ["127.0.0.1", "verify-full", "other.pem", false],
    ["127.0.0.1", "verify-full", null, false],
    ["localhost", "verify-full", "ca.pem", false],
    ["localhost", "verify-ca", "ca.pem", true],
    ["127.0.0.1", "require", null, true],
  ] as const)("at %s with sslmode=%s and sslrootcert %s is checked", async (host, mode, file, isGood) => {
    const place = new URL(url);
    place.hostname = host;
    place.searchParams.set("sslmode", mode);
    if (file !== null) place.searchParams.set("sslrootcert", dir.file(file));
    const opened = openStore(optionsFor(place.href)).then((store) => store.close());
    if (isGood) await opened;
    else await expect(opened).rejects.toThrow(/certificate/);
  });
});
