import type { Finding } from "../core/problem.ts";
import type { Service } from "../core/service.ts";
import type { Clock } from "../ports.ts";
import {
  type HeavyWork,
  type PayloadFindings,
  type SchemaProblem,
  type SchemaSize,
  type TaskName,
  TaskOverdue,
  twoTexts,
  type YamlValue,
} from "./heavy-work.ts";
import type { TaskMessage, TaskResult } from "./serve-tasks.ts";

/** Maximum duration of one task, in ms. The longest known tasks take less than 1,000 ms. */
const TASK_MS_MAX = 10_000;

/** A worker thread, as the main thread sees it. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<TaskResult>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: TaskMessage): void;
  terminate(): void;
}

/**
 * Does heavy work on a worker thread, one task at a time. The thread starts with the first task. If
 * a task takes too long or breaks the thread, the task fails and the next task gets a new thread.
 */
export class WorkThread implements HeavyWork, Service {
  #worker: WorkerLike | null = null;
  #isStopped = false;
  /** Ends when all tasks that were given so far have ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** Fails the current task. */
  #fail: ((error: Error) => void) | null = null;

  constructor(
    private readonly clock: Pick<Clock, "after">,
    /** Starts a thread that serves tasks. */
    private readonly open: () => WorkerLike,
  ) {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#fail?.(stopped());
    this.#end();
  }

  schemaProblem(schema: string): Promise<SchemaProblem | null> {
    return this.#inTurn("schemaProblem", schema) as Promise<SchemaProblem | null>;
  }

  schemaSize(schema: string): Promise<SchemaSize> {
    return this.#inTurn("schemaSize", schema) as Promise<SchemaSize>;
  }

  messageFindings(schema: string, payload: string): Promise<readonly Finding[] | null> {
    return this.#inTurn("messageFindings", twoTexts(schema, payload)) as Promise<readonly Finding[] | null>;
  }

  payloadFindings(input: string): Promise<PayloadFindings> {
    return this.#inTurn("payloadFindings", input) as Promise<PayloadFindings>;
  }

  yamlValue(text: string): Promise<YamlValue | null> {
    return this.#inTurn("yamlValue", text) as Promise<YamlValue | null>;
  }

  #inTurn(name: TaskName, argument: string): Promise<unknown> {
    const task = this.#last.then(() => this.#run({ name, argument }));
    this.#last = task.catch(() => {});
    return task;
  }

  async #run(message: TaskMessage): Promise<unknown> {
    if (this.#isStopped) throw stopped();
    this.#worker ??= this.open();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
    this.#fail = reject;
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message: text }) => reject(new Error(`The worker thread failed: ${text}`));
    const cancel = this.clock.after(TASK_MS_MAX, () => {
      reject(new TaskOverdue(`The task ${message.name} takes longer than ${TASK_MS_MAX} ms.`));
    });
    let answer: TaskResult;
    try {
      worker.postMessage(message);
      answer = await promise;
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      cancel();
      this.#fail = null;
    }
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}

function stopped(): Error {
  return new Error("The server is stopping.");
}
