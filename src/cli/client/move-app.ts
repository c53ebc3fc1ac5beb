import { type Command, InvalidArgumentError, Option } from "commander";
import { TARGET_TOKEN_VARIABLE } from "../../config/index.ts";
import { departureUrlProblem } from "../../core/departure-url.ts";
import { parseDuration } from "../../core/unit.ts";
import { abandonMove } from "./move/abandon.ts";
import { moveApplication } from "./move/mover.ts";
import { DestinationServer, OriginServer } from "./move/servers.ts";
import { printable } from "./printable.ts";
import { ServerClient } from "./server-client.ts";
import { addServerOptions, bareServerUrl, serverClient, serverName } from "./server-options.ts";

interface Flags {
  readonly to: string;
  readonly toEnvironment?: string;
  readonly withHistory?: boolean;
  readonly abandon?: boolean;
  readonly wait: number;
  readonly json?: boolean;
}

/** Adds the command that moves an application to another server. */
export function addMoveAppCommand(program: Command): void {
  const command = program
    .command("move-app")
    .description(
      "Move an application to another server, with its endpoints, tokens and waiting deliveries. After a failure, run the same command again.",
    )
    .argument("<app>", "id or uid of the application")
    .addOption(new Option("--to <url>", "URL of the other server").argParser(destinationUrl).makeOptionMandatory())
    .option("--to-environment <environment>", "name or org_ id of the environment there")
    .option("--with-history", "also copy messages that do not wait, with their attempts")
    .addOption(
      new Option("--wait <duration>", "how long to wait for attempts under way")
        .argParser(duration)
        .default(60_000, "60s"),
    )
    .option("--abandon", "give up a move that has not ended: delete what has arrived at the other server")
    .option("--json", "print the result as JSON");
  addServerOptions(command)
    .addHelpText(
      "after",
      `The token for the other server is read from ${TARGET_TOKEN_VARIABLE}. Both must be root tokens.`,
    )
    .action(async (application: string, flags: Flags) => {
      const origin = new OriginServer(serverClient(command), application);
      const target = targetClient(command, flags);
      const destinationOf = (id: string) => new DestinationServer(target, id);
      if (flags.abandon) {
        const isDeleted = await abandonMove(origin, destinationOf);
        if (flags.json) return console.log(JSON.stringify({ isDeleted }));
        const what = isDeleted ? "was deleted" : "was not found";
        return console.log(`What had arrived of ${printable(application)} at ${target.server} ${what}.`);
      }
      const result = await moveApplication(origin, destinationOf, {
        withHistory: flags.withHistory ?? false,
        attemptsMs: flags.wait,
        ...{ now: () => performance.now(), sleep: (ms) => Bun.sleep(ms) },
      });
      if (flags.json) return console.log(JSON.stringify(result));
      const { deliveries, messagesOfHistory, closedMs, wasDeparted } = result;
      const about = wasDeparted
        ? "It had departed in an earlier call."
        : `${deliveries} waiting deliveries moved with it. Requests were refused for ${Math.ceil(closedMs!)} ms.`;
      const history = messagesOfHistory === null ? "" : ` ${messagesOfHistory} messages of its history were copied.`;
      console.log(`The application ${printable(application)} is now served by ${target.server}. ${about}${history}`);
    });
}

function targetClient(command: Command, { to, toEnvironment }: Flags): ServerClient {
  const token = process.env[TARGET_TOKEN_VARIABLE] ?? "";
  if (token === "") {
    command.error(`error: Set the environment variable ${TARGET_TOKEN_VARIABLE} to the root token of ${to}.`);
  }
  const environment = toEnvironment ?? null;
  return new ServerClient({
    ...{ server: to, token, environment, isStoredToken: false },
    second: { option: "--to", tokenVariable: TARGET_TOKEN_VARIABLE },
  });
}

/** Returns the normal form of `--to`: the origin stores it as the new place of the application. */
function destinationUrl(text: string): string {
  const url = serverName(bareServerUrl(text));
  const problem = departureUrlProblem(url);
  if (problem !== null) throw new InvalidArgumentError(problem);
  return url;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError("Must be a duration such as 30s.");
  return ms;
}
