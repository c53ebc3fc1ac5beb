import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)(
  "the commands of the guide's page about outgoing connections work",
  async () => {
    await using at = await guidePlace();
    const answers: unknown[] = [];
    for (const { command } of examplesIn(await guideText("outgoing"))) {
      answers.push(JSON.parse((await at.shell(command)).stdout));
    }
    expect(answers).toMatchObject([
      { uid: "billing", auth: { type: "bearer", token: "[set]" } },
      { uid: "billing", auth: { type: "oauth2", clientSecret: "[set]", scope: "webhooks" } },
      { status: expect.any(String), id: expect.stringMatching(/^qtask_/) },
    ]);
    expect(await at.stop()).toBe(0);
  },
);
