import { expect, test } from "bun:test";
import { join } from "node:path";
import { FUNCTION_HOPS_MAX } from "../../../src/api/resources/message/function-sender.ts";
import { PAYLOAD_VERSIONS_MAX } from "../../../src/commands/payload-versions.ts";
import { batchMessagesMax, batchWaitMsMax } from "../../../src/core/batch.ts";
import { payloadLinkLifeMs } from "../../../src/core/payload-link.ts";
import { functionCodeChars } from "../../../src/core/resources/endpoint-function.ts";
import { DOWNGRADE_CHARS_MAX } from "../../../src/core/resources/payload-version.ts";
import { filterBytesMax, filterDepthMax } from "../../../src/filter/compile.ts";
import { expressionCharsMax, expressionsWeightMax } from "../../../src/filter/expression.ts";
import { messageStepsMax } from "../../../src/filter/filter.ts";
import { filterStepsMax } from "../../../src/filter/meter.ts";
import { expressionsMax } from "../../../src/filter/operators.ts";
import { filterCharsMax, filterWeightMax } from "../../../src/filter/together.ts";
import { HOST_CALLS_MAX } from "../../../src/sandbox/host-prelude.ts";
import { WAITING_MAX, WAITING_PER_OWNER_MAX } from "../../../src/sandbox/pool.ts";
import { LOG_CHARS_MAX } from "../../../src/sandbox/prelude.ts";
import { RESPONSE_BYTES_MAX } from "../../../src/targets/function-fetch.ts";

const page = await Bun.file(join(import.meta.dir, "..", "..", "..", "web", "guide", "pages", "limits.md")).text();

const number = (value: number) => value.toLocaleString("en-US");
const kib = (bytes: number) => `${bytes / 1024} KiB`;

/** The beginning of each row, and what it must say. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  "[filters](filters.md)": [
    `${kib(filterBytesMax)} and ${filterDepthMax} levels`,
    `${expressionsMax} expressions of up to ${number(expressionCharsMax)} characters, ${number(expressionsWeightMax)} together`,
    `${filterCharsMax / 1024 / 1024} MiB and ${number(filterWeightMax)} characters of expressions`,
    `${number(filterStepsMax)} steps for one filter and message, ${number(messageStepsMax)} for all`,
  ],
  "code:": [
    `${number(functionCodeChars.max)} characters`,
    `${number(DOWNGRADE_CHARS_MAX)} characters`,
    `${number(LOG_CHARS_MAX)} characters of logs`,
    `${number(WAITING_PER_OWNER_MAX)} calls of one customer and ${number(WAITING_MAX)} in total`,
  ],
  "[payload versions](versions.md)": [`${number(PAYLOAD_VERSIONS_MAX)} in an environment`],
  "[batches](batches.md)": [`${number(batchMessagesMax)} messages; ${number(batchWaitMsMax)} ms`],
  "[functions](functions.md)": [
    `${HOST_CALLS_MAX.fetch} requests and ${HOST_CALLS_MAX.send} messages`,
    `${kib(RESPONSE_BYTES_MAX)} of a response`,
    `chains of ${FUNCTION_HOPS_MAX} messages`,
  ],
  "[thin events](thin-events.md)": [`within ${payloadLinkLifeMs / 3_600_000} hours`],
};

for (const [start, texts] of Object.entries(ROWS)) {
  test(`the guide states the limits of the code in the row ${start}`, () => {
    const row = page.split("\n").find((line) => line.startsWith(`| ${start}`));
    expect(row).toBeDefined();
    for (const text of texts) expect(row!).toContain(text);
  });
}
