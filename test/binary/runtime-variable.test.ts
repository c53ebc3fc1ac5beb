import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { RUNTIME_VARIABLES } from "../../src/cli/runtime-variables.ts";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Environment variables that change how Bun runs a program must not affect the executable. */

const VERSION = /^\d+\.\d+\.\d+( \(commit [0-9a-f]{12}\))?\n$/;

/**
 * Returns a script that creates a file when it is loaded, and a function that checks for that file.
 */
function intruder() {
  const dir = temporaryDirectory();
  writeFileSync(dir.file("intruder.js"), `require("node:fs").writeFileSync(${JSON.stringify(dir.file("ran"))}, "");`);
  return {
    path: dir.file("intruder.js"),
    ran: () => existsSync(dir.file("ran")),
    [Symbol.dispose]: dir[Symbol.dispose],
  };
}

for (const variable of RUNTIME_VARIABLES) {
  test(`a server that is started with ${variable} works, and logs one warning that names the variable`, async () => {
    await using boathook = await install([], { env: { [variable]: "1" } });
    await makeApplication(boathook.send);
    const warnings = boathook.process.log.filter(({ level }) => level === "warn");
    expect(warnings).toEqual([expect.objectContaining({ variable, msg: expect.stringContaining(variable) })]);
  });
}

test("BUN_OPTIONS cannot load code into the executable", async () => {
  using script = intruder();
  const { stdout, code } = await run(executable(), ["--version"], {
    env: { BUN_OPTIONS: `--preload ${script.path}` },
  });
  expect({ code, ran: script.ran() }).toEqual({ code: 0, ran: false });
  expect(stdout).toMatch(VERSION);
});

test("BUN_OPTIONS cannot replace the command", async () => {
  const { stdout } = await run(executable(), ["--version"], { env: { BUN_OPTIONS: "--help" } });
  expect(stdout).toMatch(VERSION);
});

test("BUN_BE_BUN does not turn the executable into Bun", async () => {
  using script = intruder();
  const env = { BUN_BE_BUN: "1" };
  expect(await run(executable(), ["run", script.path], { env })).toMatchObject({ code: 2, stdout: "" });
  expect(script.ran()).toBe(false);
});

test("BUN_INSPECT does not open a debugger", async () => {
  using free = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = free;
  free.stop(true);
  await using boathook = await install([], { env: { BUN_INSPECT: `ws://127.0.0.1:${port}/debug` } });
  await makeApplication(boathook.send);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test("BUN_INSPECT_PRELOAD cannot load code into the executable", async () => {
  using script = intruder();
  const env = { BUN_INSPECT: "ws://127.0.0.1:0/", BUN_INSPECT_PRELOAD: script.path };
  expect((await run(executable(), ["--version"], { env })).stdout).toMatch(VERSION);
  expect(script.ran()).toBe(false);
});

test("a command other than `serve` prints the warning to stderr", async () => {
  await using boathook = await install();
  const args = ["token", "create", `--data-dir=${boathook.dataDir}`];
  const { code, stdout, stderr } = await run(executable(), args, { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^bhk_\S+\n$/) });
  expect(stderr).toMatch(/^[^\n]*NODE_TLS_REJECT_UNAUTHORIZED[^\n]*\.\n$/);
});
