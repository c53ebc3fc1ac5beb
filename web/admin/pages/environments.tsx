import type { Environment } from "../../../src/api/types.ts";
import { download } from "../../kit/download.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import {
  exportEnvironment,
  getEnvironment,
  getEnvironments,
  pauseEnvironment,
  resumeEnvironment,
} from "../api/installation.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";

/** Shows the environments, and pauses, resumes and exports the one in use. */
export function EnvironmentsPage() {
  const [current, reload] = useLoaded("", getEnvironment);
  return (
    <>
      <PageHead title="Environments" about="Each environment has its own customers, event types and tokens." />
      <Read of={current}>{(environment) => <Current of={environment} onChange={reload} />}</Read>
      <May operation="v1.management.environment.list">
        <All />
      </May>
    </>
  );
}

function All() {
  const place = usePlace("environments");
  const [environments] = useLoaded(`${place.iterator}`, (signal) => getEnvironments(place.iterator, signal));
  return (
    <Read of={environments}>
      {(page) => (
        <>
          <DataTable label="Environments" columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} />
          <PageButtons of={page} place={place} label="Pages of environments" />
        </>
      )}
    </Read>
  );
}

const COLUMNS: readonly Column<Environment>[] = [
  { head: "Name", kind: "title", cell: ({ name }) => name },
  { head: "Type", kind: "fit", cell: ({ type }) => type },
  { head: "Id", kind: "extra", cell: ({ id }) => <code>{id}</code> },
  { head: "Created", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
];

function Current({ of: { name, pausedAt }, onChange }: { of: Environment; onChange: () => void }) {
  const action = useActionThen(onChange);
  const save = () => action.run(async () => download(`boathook-${name}.json`, await exportEnvironment()), "Saved.");
  return (
    <CardSection title={`In use: ${name}`}>
      <p>
        {pausedAt === null ? (
          <Badge tone="good">delivering</Badge>
        ) : (
          <>
            <Badge tone="wait">paused</Badge> since <Instant at={pausedAt} />
          </>
        )}
      </p>
      <div class="buttons">
        {!may(pausedAt === null ? "environment.pause" : "environment.resume") ? null : pausedAt === null ? (
          <Confirm
            label="Pause"
            question={`Pause 1 environment, ${name}? Messages are accepted and queued, but not sent to any endpoint.`}
            confirm="Pause environment"
            action={action}
            onConfirm={() => void action.run(pauseEnvironment, "The environment is paused.")}
          />
        ) : (
          <button
            type="button"
            disabled={action.busy}
            onClick={() => action.run(resumeEnvironment, "The environment is resumed.")}
          >
            Resume
          </button>
        )}
        <May operation="v1.environment.export">
          <button type="button" class="outline" disabled={action.busy} onClick={save}>
            Export configuration
          </button>
        </May>
        <Outcome action={action} />
      </div>
    </CardSection>
  );
}
