import type { Change } from "../../apply/change.ts";
import type { Configuration } from "../../apply/configuration.ts";
import { CommandFailed, InputInvalid } from "../exit-code.ts";
import { withExpectedForm } from "./expected-form.ts";
import { printable } from "./printable.ts";
import type { ServerClient } from "./server-client.ts";

export interface ApplyFlags {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly json?: boolean;
}

/** Applies a configuration and prints the changes. `more` is added to the JSON object. */
export async function applyAndPrint(
  client: ServerClient,
  configuration: Configuration,
  { dryRun: isDryRun = false, prune: prunes = false, json = false }: ApplyFlags,
  more: object = {},
): Promise<void> {
  const { apply, ApplyFailed } = await import("../../apply/apply.ts");
  const { FileInvalid } = await import("../../apply/faults.ts");
  const { changeLine, jsonOf, summaryLine, uncomparedText } = await import("../../apply/report.ts");
  const changed = (change: Change) => {
    if (!json) console.log(printable(changeLine(change)));
  };
  try {
    const { changes, summary, uncompared } = await withExpectedForm(client.server, () =>
      apply(client, configuration, { isDryRun, prunes, changed }),
    );
    console.log(
      json ? JSON.stringify({ ...jsonOf(changes, summary, isDryRun), ...more }) : summaryLine(summary, isDryRun),
    );
    if (uncompared.length > 0) {
      console.error(
        `The server does not show these secrets, so only writing them shows whether they differ: ${uncomparedText(uncompared)}.`,
      );
    }
  } catch (error) {
    if (error instanceof FileInvalid) throw new InputInvalid(error.message);
    throw error instanceof ApplyFailed ? new CommandFailed(error.message) : error;
  }
}
