import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn, readReadme } from "../support/readme.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";

setDefaultTimeout(60_000);

const WAIT_MS_MAX = 30_000;

/** Masks ids, secrets, times, durations and ports, which differ between runs. */
const masked = (text: string): string =>
  text
    .replace(/\bmsg_[0-9A-Za-z]{27}\b/g, "MESSAGE")
    .replace(/whsec_[\w+/]{43}=/g, "SECRET")
    .replace(/^\d\d:\d\d:\d\d/gm, "TIME")
    .replace(/\d+ ms/g, "DURATION")
    .replace(/localhost:\d+/g, "LOCAL");

/** Collects the output of a process and waits for a text in it. */
class Watched {
  #output = "";

  constructor(process: Bun.Subprocess<"ignore", "pipe", "pipe">) {
    for (const stream of [process.stderr, process.stdout]) void this.#read(stream);
  }

  /** Resolves with all output as soon as it fits. Rejects with the output if that takes too long. */
  async until(fits: (output: string) => boolean): Promise<string> {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!fits(this.#output)) {
      if (performance.now() > deadline) throw new Error(`The command has printed only: ${this.#output}`);
      await Bun.sleep(10);
    }
    return this.#output;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) this.#output += Buffer.from(chunk).toString();
  }
}

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about the command line work", async () => {
  await using local = startReceiver(withStatus(200));
  await using at = await guidePlace();
  const text = await guideText("command-line");
  let listening: { readonly watched: Watched; readonly process: ReturnType<typeof at.start> } | null = null;
  let shown = "";
  let triggered = "";
  for (const { command, output } of examplesIn(text)) {
    const here = command
      .replace("localhost:3000", `localhost:${local.port}`)
      .replace(/\bmsg_[0-9A-Za-z]{27}\b/, triggered);
    if (here.startsWith("boathook listen") && !here.includes("--print-secret")) {
      const process = at.start(here);
      listening = { process, watched: new Watched(process) };
      await listening.watched.until((text) => text.includes("signed with"));
      shown = output;
      continue;
    }
    const { code, stdout } = await at.shell(here);
    expect({ command, code, stdout: masked(stdout) }).toEqual({ command, code: 0, stdout: masked(output) });
    if (triggered === "" && command.startsWith("boathook trigger")) {
      triggered = stdout;
      const printed = await listening!.watched.until((text) => text.includes(stdout));
      expect(masked(printed).trimEnd()).toBe(masked(shown));
    }
  }
  expect(local.received.map(({ path }) => path)).toContain("/webhooks");
  listening!.process.kill("SIGINT");
  expect(await listening!.process.exited).toBe(0);
  // The README shows the same terminal.
  expect(masked(await readReadme())).toContain(masked(shown));
  expect(await at.stop()).toBe(0);
});
