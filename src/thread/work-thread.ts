import { FairQueue } from "../core/fair-queue.ts";
import type { Seq } from "../core/id.ts";
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

/**
 * Maximum duration of one task, in ms. The longest useful ones take a quarter of that. A thread that
 * runs JavaScript ends within a few ms, whatever it does.
 */
const SCHEMA_MS_MAX = 2_000;
const YAML_MS_MAX = 10_000;
/** The owner of the tasks that are not of one environment. */
const NO_ENVIRONMENT: Seq = 0;

/** A worker thread, as the main thread sees it. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<TaskResult>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: TaskMessage): void;
  terminate(): void;
}

interface Task {
  readonly owner: Seq;
  readonly message: TaskMessage;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Does heavy work on a worker thread, one task at a time. The thread starts with the first task. If
 * a task takes too long or breaks the thread, the task fails and the next task gets a new thread.
 */
export class WorkThread implements HeavyWork, Service {
  #worker: WorkerLike | null = null;
  #isStopped = false;
  readonly #queue = new FairQueue<Task>();
  #isRunning = false;
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
    for (const { reject } of this.#queue.drain()) reject(stopped());
    this.#end();
  }

  schemaProblem(schema: string): Promise<SchemaProblem | null> {
    return this.#inTurn("schemaProblem", schema) as Promise<SchemaProblem | null>;
  }

  schemaSize(schema: string): Promise<SchemaSize> {
    return this.#inTurn("schemaSize", schema) as Promise<SchemaSize>;
  }

  messageFindings(environmentSeq: Seq, schema: string, payload: string): Promise<readonly Finding[] | null> {
    const findings = this.#inTurn("messageFindings", twoTexts(schema, payload), environmentSeq);
    return findings as Promise<readonly Finding[] | null>;
  }

  payloadFindings(input: string): Promise<PayloadFindings> {
    return this.#inTurn("payloadFindings", input) as Promise<PayloadFindings>;
  }

  yamlValue(text: string): Promise<YamlValue | null> {
    return this.#inTurn("yamlValue", text) as Promise<YamlValue | null>;
  }

  #inTurn(name: TaskName, argument: string, owner: Seq = NO_ENVIRONMENT): Promise<unknown> {
    if (this.#isStopped) return Promise.reject(stopped());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#queue.add({ owner, message: { name, argument }, resolve, reject });
    if (!this.#isRunning) void this.#runAll();
    return promise;
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    for (let task = this.#next(); task !== null; task = this.#next()) {
      await this.#run(task.message).then(task.resolve, task.reject);
    }
    this.#isRunning = false;
  }

  #next(): Task | null {
    return this.#queue.take(() => true);
  }

  async #run(message: TaskMessage): Promise<unknown> {
    this.#worker ??= this.open();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
    this.#fail = reject;
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message: text }) => reject(new Error(`The worker thread failed: ${text}`));
    const taskMsMax = message.name === "yamlValue" ? YAML_MS_MAX : SCHEMA_MS_MAX;
    const cancel = this.clock.after(taskMsMax, () => {
      reject(new TaskOverdue(`The task ${message.name} takes longer than ${taskMsMax} ms.`));
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
