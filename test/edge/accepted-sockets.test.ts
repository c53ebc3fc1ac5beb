import { expect, test } from "bun:test";
import { join } from "node:path";

const PROGRAM = join(import.meta.dir, "../support/full-descriptor-table.ts");
/** The program is the child of a shell that has few files open, so its table of descriptors is small at first. */
const SHELL = ["sh", "-c", 'ulimit -n 400; "$0" "$@"; exit $?'];

test.if(process.platform === "linux")(
  "all accepted connections are found although the table of descriptors has grown and no descriptor is free",
  async () => {
    const child = Bun.spawn([...SHELL, process.execPath, PROGRAM], { stdout: "pipe", stderr: "inherit" });
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(JSON.parse(text)).toEqual({ sizeAtFirst: 64, accepted: 150, found: 150 });
  },
);
