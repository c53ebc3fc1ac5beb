import type { Command } from "commander";
import type { TailFrame } from "../../core/listener.ts";
import { counted } from "../../core/text.ts";
import { listenForStop } from "../stop-signal.ts";
import { note, Output } from "./output.ts";
import { printable } from "./printable.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { followStream } from "./stream.ts";
import { addSubjectOptions, type SubjectOptions, subjectOf } from "./subject.ts";

/** Adds the command that prints the messages and attempts of an application or a source while they happen. */
export function addTailCommand(program: Command): void {
  const tail = addSubjectOptions(
    program.command("tail").description("Print the messages and the attempts of an application or a source live."),
  ).option("--json", "print one JSON object a line");
  addServerOptions(tail).action(async (options: SubjectOptions & { readonly json?: true }) => {
    const subject = subjectOf(tail, options);
    const client = serverClient(tail);
    const output = new Output(options.json === true);
    const stop = new AbortController();
    void listenForStop().then(() => stop.abort());
    const events = {
      path: () => `${subject.path}/tail`,
      onFrame: (frame: unknown) => show(frame as TailFrame, output, subject.title),
      onDisconnected: () => note(`The connection to ${client.server} was lost. Connecting again.`),
      ready: async () => {},
    };
    await followStream(client, events, subject.names, stop.signal);
  });
}

function show(frame: TailFrame, output: Output, title: string): void {
  if (frame.type === "ready") note(`Watching ${title}.`);
  else if (frame.type === "skipped")
    note(`Skipped ${counted(frame.count, "line")}, because the output was not read in time.`);
  else if (output.isJson) output.json(frame);
  else if (frame.type === "message") {
    const { time, eventType, messageId } = frame;
    output.line(output.time(new Date(time)), "message", printable(eventType), printable(messageId));
  } else if (frame.type === "attempt") {
    const { time, messageId, endpointId, responseStatusCode: status, durationMs } = frame;
    const result = output.status(status, status === 0 ? "no response" : null);
    output.line(
      output.time(new Date(time)),
      "attempt",
      printable(messageId),
      printable(endpointId),
      result,
      printable(`${durationMs} ms`),
    );
  }
}
