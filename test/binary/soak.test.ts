import { expect, test } from "bun:test";
import { join } from "node:path";
import { RECEIVER_NAMES } from "../../scripts/soak/receivers.ts";
import { FIGURES, type Sample } from "../../scripts/soak/verdict.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const ROOT = join(import.meta.dir, "../..");

test.if(process.platform === "linux")(
  "a short soak measures every figure, finds nothing lost and writes its samples to a file",
  async () => {
    using scratch = temporaryDirectory();
    const file = join(scratch.path, "soak.json");
    const options = ["--minutes", "0.1", "--rate", "50", "--json", file];
    const child = Bun.spawn([process.execPath, "scripts/soak/run.ts", ...options], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    for (const name of RECEIVER_NAMES) {
      expect(output, errors).toMatch(new RegExp(`^${name}: acknowledged [1-9]\\d*, lost 0$`, "m"));
    }
    expect(output).toContain("\nstill pending 0\n");
    expect(output).not.toContain("fault:");
    for (const figure of Object.keys(FIGURES)) {
      expect(output).toMatch(new RegExp(`^${figure}[, ].*(?:flat|GROWS)$`, "m"));
    }
    const { samples } = (await Bun.file(file).json()) as { samples: Sample[] };
    expect(samples.length).toBeGreaterThan(3);
    expect(samples.at(-1)!.heap).toBeGreaterThan(0);
  },
  60_000,
);
