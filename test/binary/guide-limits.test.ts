import { expect, test } from "bun:test";
import { join } from "node:path";
import { executable, startBoathook } from "../support/binary.ts";
import { clientOf } from "../support/client.ts";
import { guideText } from "../support/guide.ts";
import { examplesIn, masked, runExample } from "../support/readme.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const DAY_MS = 86_400_000;

test.skipIf(Bun.which("curl") === null)(
  "the commands of the guide's page about limits print what is shown there",
  async () => {
    using directory = temporaryDirectory();
    const env = { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN };
    const server = await startBoathook(executable(), join(directory.path, "data"), [], { env });
    try {
      const send = clientOf(server.url);
      // The messages of the page are of one day.
      const left = DAY_MS - (Date.now() % DAY_MS);
      if (left < 10_000) await Bun.sleep(left);
      await send("POST", "/app", { name: "Acme", uid: "acme" });
      const endpoint = { url: "https://acme.example/hooks", uid: "billing", disabled: true };
      expect((await send("POST", "/app/acme/endpoint", endpoint)).status).toBe(201);
      for (const invoice of ["in_1000001", "in_1000002"]) {
        const { status } = await send("POST", "/app/acme/msg", { eventType: "invoice.paid", payload: { invoice } });
        expect(status).toBe(202);
      }
      const examples = examplesIn(await guideText("limits"));
      expect(examples).toHaveLength(4);
      for (const { command, output } of examples) {
        const here = command.replace("http://127.0.0.1:8071", server.url);
        expect(masked(await runExample(here, { TOKEN: ROOT_TOKEN }))).toBe(masked(output));
      }
    } finally {
      await server.stop();
    }
  },
);
