import { expect, test } from "bun:test";
import { getServers } from "node:dns";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { programEnvironment, testNameServer } from "./support/binary.ts";
import { makeApplication } from "./support/client.ts";
import { install } from "./support/installation.ts";

/**
 * No test may look up or connect to an outside name, because the test's result would depend on the
 * network, and the owner of the name would see the query.
 */

test("a server that a test starts looks up the names of endpoints only at the name server of the tests", async () => {
  await using boathook = await install();
  const app = await makeApplication(boathook.send);
  const host = `host-${crypto.randomUUID()}.example`;
  const { json } = await boathook.send("POST", `/app/${app}/endpoint`, { url: `https://${host}/` });
  expect(json.warnings).toMatchObject([{ code: "dns" }]);
  expect((await testNameServer()).asked).toContain(host);
});

test("lookups in the process of the tests ask only the name server of the tests", async () => {
  expect(getServers()).toEqual([(await testNameServer()).address]);
});

test("the environment of the program names a name server on this machine", async () => {
  expect((await programEnvironment()).BOATHOOK_NAME_SERVERS).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("every test file that starts the program itself sets its name servers", () => {
  const files = readdirSync(import.meta.dir, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.ts$/.test(file) && file !== "outside-names.test.ts")
    .map((file) => ({ file, text: readFileSync(join(import.meta.dir, file), "utf8") }));
  const starting = files.filter(({ text }) =>
    /\[(\.\.\.(executable\(\)|fromSources|program\b)|EXECUTABLE,)/.test(text),
  );
  expect(starting.map(({ file }) => file)).toEqual(expect.arrayContaining(["support/binary.ts", "crash/kill.ts"]));
  const setting = /programEnvironment\(|BOATHOOK_NAME_SERVERS/;
  expect(starting.filter(({ text }) => !setting.test(text)).map(({ file }) => file)).toEqual([]);
});
