import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { executable, ROOT, run, startBoathook } from "../support/binary.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

/** Runs the commands of the guide's pages about operation. */

setDefaultTimeout(60_000);

async function examplesOf(page: string) {
  return examplesIn(await Bun.file(join(ROOT, "web/guide/pages", `${page}.md`)).text());
}

const namesIn = (output: string) => output.split("\n").map((line) => /^(\w+) {2}([a-z-]+) {2}/.exec(line)?.slice(1, 3));

test("the commands of the page about doctor print what is shown there, and every finding is explained", async () => {
  await using at = await guidePlace();
  const [local, remote] = await examplesOf("doctor");
  const found = await at.shell(local!.command);
  expect(found.code).toBe(0);
  expect(namesIn(found.stdout)).toEqual(namesIn(local!.output));
  const { code, stdout } = await at.shell(remote!.command);
  expect(code).toBe(0);
  const page = await Bun.file(join(ROOT, "web/guide/pages/doctor.md")).text();
  for (const [, name] of namesIn(stdout) as [string, string][]) expect(page).toContain(`\`${name}\``);
  expect(stdout).toContain("ok  server  ");
});

test("the commands of the page about keys print what is shown there", async () => {
  await using at = await guidePlace();
  const before = await run(executable(), [
    "backup",
    join(at.path, "before.bak"),
    `--data-dir=${join(at.path, "data")}`,
  ]);
  expect(before.code).toBe(0);
  const examples = await examplesOf("keys");
  expect(examples).toHaveLength(4);
  for (const { command, output } of examples) {
    const { code, stdout } = await at.shell(command);
    expect({ command, code }).toEqual({ command, code: 0 });
    const withoutNumbers = (text: string) => text.replace(/: \d+ values?/, ": N values");
    if (output !== "") expect(withoutNumbers(stdout)).toBe(withoutNumbers(output));
  }
});

test("the command of the page about replicas restores data that a new server serves and holds", async () => {
  await using at = await guidePlace("--replica=replica");
  await at.stop();
  copyFileSync(join(at.path, "data/encryption.key"), join(at.path, "boathook.key"));
  rmSync(join(at.path, "data"), { recursive: true });
  const [restore] = await examplesOf("replica");
  const { code, stdout } = await at.shell(restore!.command);
  const withoutNumbers = (text: string) => text.replace(/\d{4}-\S+Z|\d+/g, "N");
  expect([code, withoutNumbers(stdout)]).toEqual([0, withoutNumbers(restore!.output)]);
  const restored = await startBoathook(executable(), join(at.path, "restored"));
  expect(await (await fetch(`${restored.url}/api/v1/health`)).json()).toMatchObject({
    delivery: "held",
    replica: null,
  });
  expect(await restored.stop()).toBe(0);
});

test("the commands of the page about moving create data that a new server serves", async () => {
  await using at = await guidePlace();
  await at.stop();
  for (const { command } of await examplesOf("moving")) {
    expect({ command, ...(await at.shell(command)) }).toMatchObject({ command, code: 0 });
  }
  const moved = await startBoathook(executable(), join(at.path, "moved"));
  expect(await (await fetch(`${moved.url}/api/v1/health`)).json()).toMatchObject({ status: "ok", delivery: "running" });
  expect(await moved.stop()).toBe(0);
});

test("the commands of the page about metrics write alert rules and a board", async () => {
  await using at = await guidePlace();
  const examples = await examplesOf("metrics");
  expect(examples).toHaveLength(2);
  for (const { command } of examples) expect(await at.shell(command)).toEqual({ code: 0, stdout: "" });
  expect(await Bun.file(join(at.path, "boathook-rules.yml")).text()).toStartWith("groups:\n");
  expect(await Bun.file(join(at.path, "boathook-dashboard.json")).json()).toHaveProperty("panels");
});
