import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { type ReadSettings, SettingsError, TOKEN_VARIABLE } from "../../config/index.ts";
import { SQLITE } from "../../config/store-kinds.ts";
import { certificateFindings } from "../../doctor/certificate.ts";
import { databaseFindings } from "../../doctor/database.ts";
import { directoryFindings } from "../../doctor/directory.ts";
import { type Finding, findingLine, hasFailed } from "../../doctor/finding.ts";
import { keyFindings } from "../../doctor/key.ts";
import { backupFinding, configurationFindings, filesFinding, resolverFinding } from "../../doctor/machine.ts";
import { serverFindings } from "../../doctor/server.ts";
import { storeFindings } from "../../doctor/store.ts";
import { systemClock } from "../../edge/clock.ts";
import { openFilesMax } from "../../edge/open-files.ts";
import { serverUrl } from "../client/server-options.ts";
import { FailureReported } from "../exit-code.ts";
import { addServerSettingOptions, readFor } from "../setting-options.ts";
import { version } from "../version.ts";
import { observeCertificate } from "./observe-certificate.ts";
import { observeDatabase } from "./observe-database.ts";
import { observeDirectory, observeStore } from "./observe-directory.ts";
import { observeBackups, observeResolver } from "./observe-machine.ts";
import { observeServer } from "./observe-server.ts";

interface DoctorOptions {
  readonly json?: boolean;
  readonly server?: string;
}

/** Adds the command that checks the data, the configuration and the machine, and changes nothing. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command("doctor")
    .description("Check the data directory, the configuration and the machine. Changes nothing.")
    .option("--json", "print the findings as one JSON object")
    .addOption(
      new Option("--server <url>", `also check a running server, with the root token in ${TOKEN_VARIABLE}`).argParser(
        serverUrl,
      ),
    )
    .action(async (options: DoctorOptions) => {
      const token = process.env[TOKEN_VARIABLE] ?? "";
      if (options.server !== undefined && token === "") {
        command.error(`error: Set the environment variable ${TOKEN_VARIABLE} to the root token of the server.`);
      }
      const findings = await examine(command, options.server, token);
      console.log(options.json === true ? JSON.stringify({ findings }) : findings.map(findingLine).join("\n"));
      if (hasFailed(findings)) throw new FailureReported();
    });
  addServerSettingOptions(command);
}

async function examine(command: Command, server: string | undefined, token: string): Promise<Finding[]> {
  const read = settingsOf(command);
  if (read instanceof SettingsError) {
    return configurationFindings({ problem: read.message, host: "", hasPublicUrl: false, hasMetricsToken: false });
  }
  const { settings, from } = read;
  const { host, publicUrl, metricsToken, dataDir, deliveryConcurrency, backlogThresholdMs } = settings;
  const now = systemClock.now();
  const findings = configurationFindings({
    ...{ problem: null, host, hasPublicUrl: publicUrl !== null, hasMetricsToken: metricsToken !== null },
  });
  findings.push(...certificateFindings(observeCertificate(settings, now), now));
  // The server may run on another machine.
  const isElsewhere = server !== undefined && from.dataDir === undefined && !existsSync(dataDir);
  if (settings.store !== SQLITE) findings.push(...databaseFindings(await observeDatabase(settings), now));
  else if (!isElsewhere) findings.push(...(await examineData(read, now)));
  findings.push(resolverFinding(await observeResolver(settings)), filesFinding(openFilesMax(), deliveryConcurrency));
  if (server === undefined) return findings;
  const reading = await observeServer(server, token);
  return [...findings, ...serverFindings({ url: server, reading, version, backlogThresholdMs }, now)];
}

async function examineData({ settings }: ReadSettings, now: number): Promise<Finding[]> {
  const directory = await observeDirectory(settings.dataDir);
  const findings = directoryFindings(directory);
  if (directory.kind !== "directory" || directory.problem !== null) return findings;
  const { store, key } = await observeStore(settings, directory.isInUse);
  return [...findings, ...storeFindings(store, now), ...keyFindings(key), backupFinding(observeBackups(settings), now)];
}

function settingsOf(command: Command): ReadSettings | SettingsError {
  try {
    return readFor(command);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}
