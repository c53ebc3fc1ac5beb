import type { BackgroundTask } from "../../../src/api/types.ts";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { customerLink, deadLettersLink, endpointLink, TASKS } from "../links.ts";
import { TaskBadge, TaskCancellation, TaskProgress, useTask } from "../tasks/task-view.tsx";
import { errorOf, kindOf, rateOf, scopeOf, starterOf } from "../tasks/words.ts";

/** Shows one background task with its progress, and cancels it. */
export function TaskPage({ task: id }: { task: string }) {
  const [task, reload] = useTask(id);
  return (
    <>
      <PageHead title={task.value === null ? "Task" : kindOf(task.value)} above={[{ title: "Tasks", href: TASKS }]} />
      <Read of={task}>
        {(shown) => (
          <>
            <Facts of={shown} />
            <div class="buttons">
              <TaskCancellation of={shown} onEnd={reload} />
              {shown.task.startsWith("dead-letter.") && (
                <a href={deadLettersLink({ app_id: shown.appId, endpoint_id: shown.endpointId })}>
                  Remaining dead letters
                </a>
              )}
            </div>
          </>
        )}
      </Read>
    </>
  );
}

function Facts({ of }: { of: BackgroundTask }) {
  const failure = errorOf(of);
  const rate = rateOf(of);
  return (
    <dl class="facts">
      <Fact name="State">
        <TaskBadge of={of} />
        {failure !== null && <div>{failure}</div>}
      </Fact>
      <Fact name="Progress">
        <TaskProgress of={of} />
      </Fact>
      <Fact name="Customer">
        {of.appId === null ? scopeOf(of) : <a href={customerLink(of.appId)}>{scopeOf(of)}</a>}
      </Fact>
      {of.endpointId !== null && (
        <Fact name="Endpoint">
          <Endpoint of={of} />
        </Fact>
      )}
      <Filter of={of} />
      {rate !== null && <Fact name="Rate">{counted(rate, "dead letter")} per second</Fact>}
      <Fact name="Started">
        <Instant at={of.createdAt} /> by {starterOf(of)}
      </Fact>
      {of.endedAt !== null && (
        <Fact name="Ended">
          <Instant at={of.endedAt} />
        </Fact>
      )}
      <Fact name="ID">
        <code class="url">{of.id}</code>
      </Fact>
    </dl>
  );
}

function Endpoint({ of: { appId, endpointId, url } }: { of: BackgroundTask }) {
  const text = url ?? endpointId;
  if (appId === null || endpointId === null) return <span class="url">{text}</span>;
  return (
    <a class="url" href={endpointLink(appId, endpointId)}>
      {text}
    </a>
  );
}

interface SentFilter {
  readonly eventTypes?: readonly string[];
  readonly reason?: string;
  readonly before?: string;
  readonly after?: string;
}

function Filter({ of: { data } }: { of: BackgroundTask }) {
  const { filter } = data as { filter?: SentFilter };
  if (filter === undefined) return null;
  const { eventTypes, reason, before, after } = filter;
  return (
    <>
      {eventTypes !== undefined && <Fact name="Event types">{eventTypes.join(", ")}</Fact>}
      {reason !== undefined && <Fact name="Reason">{reasonText(reason)}</Fact>}
      {after !== undefined && (
        <Fact name="Died after">
          <Instant at={after} />
        </Fact>
      )}
      {before !== undefined && (
        <Fact name="Died before">
          <Instant at={before} />
        </Fact>
      )}
    </>
  );
}
