import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, programEnvironment, ROOT, startBoathook } from "../support/binary.ts";
import { guideBlocks, replaced } from "../support/guide.ts";
import { startMailServer } from "../support/mail-server.ts";
import { examplesIn } from "../support/readme.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)(
  "the settings and the command of the guide's page about notices work",
  async () => {
    using directory = temporaryDirectory();
    await using mail = await startMailServer({ login: { user: "user", password: "password" } });
    await using chat = startReceiver();
    const [settings] = await guideBlocks("notices", "toml");
    const changed = replaced(
      settings!,
      ["mail.example.com:587?starttls=required", `127.0.0.1:${mail.port}?starttls=off`],
      ["https://hooks.slack.example", chat.url],
      ["https://flows.example.com", chat.url],
    );
    writeFileSync(directory.file("boathook.toml"), changed);
    const server = await startBoathook(executable(), directory.file("data"), [
      `--config=${directory.file("boathook.toml")}`,
    ]);
    try {
      const [example, ...others] = examplesIn(await Bun.file(join(ROOT, "web/guide/pages/notices.md")).text());
      expect(others).toEqual([]);
      const child = Bun.spawn(["sh", "-c", example!.command.replace("http://127.0.0.1:8071", server.url)], {
        cwd: directory.path,
        env: await programEnvironment({ PATH: process.env.PATH! }),
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect((await new Response(child.stdout).text()).trim()).toBe(example!.output);
      expect(mail.received).toMatchObject([{ to: ["ops@example.com", "on-call@example.com"] }]);
      expect(chat.received.map(({ path }) => path).sort()).toEqual([
        "/services/T000/B000/XXXX",
        "/workflows/XXXX?sig=YYYY",
      ]);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  },
);
