import { type TaskName, tasks } from "./heavy-work.ts";

export interface TaskMessage {
  readonly name: TaskName;
  readonly argument: string;
}

/** The result of a task, or the text of the error with which it failed. */
export type TaskResult = { readonly result: unknown } | { readonly error: string };

/** The worker thread's end of the connection to the main thread. */
interface Connection {
  onmessage: ((event: MessageEvent<TaskMessage>) => void) | null;
  postMessage(result: TaskResult): void;
}

/** Does one task per message. */
export function serveTasks(connection: Connection): void {
  connection.onmessage = ({ data: { name, argument } }) => connection.postMessage(resultOf(name, argument));
}

function resultOf(name: TaskName, argument: string): TaskResult {
  try {
    return { result: tasks[name](argument) };
  } catch (error) {
    return { error: String(error) };
  }
}
