import { expect, test } from "bun:test";
import { join } from "node:path";
import { FIGURES } from "../../scripts/soak/verdict.ts";

const ROOT = join(import.meta.dir, "../..");

test.if(process.platform === "linux")(
  "a short soak measures every figure and finds nothing lost",
  async () => {
    const child = Bun.spawn([process.execPath, "scripts/soak/run.ts", "--minutes", "0.1", "--rate", "50"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect(output, errors).toMatch(/^sent [1-9]\d*, lost 0; received [1-9]\d*, lost 0$/m);
    for (const figure of Object.keys(FIGURES))
      expect(output).toMatch(new RegExp(`^${figure}[, ].*(?:flat|GROWS)$`, "m"));
    expect(output).not.toContain("not 2xx");
  },
  60_000,
);
