import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { doorToken, Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

test("the data directory contains no configuration, captured secret or token of a source in clear text", async () => {
  using home = temporaryDirectory();
  const secrets = ["in the configuration", "captured from a handshake", "the first token", "the second token"];
  const [secret, captured, first, second] = secrets as [string, string, string, string];
  const texts = () => readdirSync(home.path).map((file) => readFileSync(home.file(file), "latin1"));
  {
    await using world = await Furnished.open(async () => openedOnce(await openStore(optionsFor(home.path))));
    const { sources } = world.store.configuration;
    const source = await world.addSource({ name: "shown name", config: { secret } }, doorToken(first));
    await sources.update(source.seq, () => ({ captured }));
    await sources.rotateToken(source.seq, doorToken(second), { now: world.now, oldExpiresAt: world.now, limit: null });
    // Before the log is copied into the database.
    for (const text of secrets) expect(texts().some((data) => data.includes(text))).toBe(false);
  }
  const data = texts();
  expect(data.some((text) => text.includes("shown name"))).toBe(true);
  for (const text of secrets) expect(data.some((one) => one.includes(text))).toBe(false);
});
