import type { Environment } from "../../../src/api/types.ts";
import { download } from "../../kit/download.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { exportEnvironment, getEnvironment, pauseEnvironment, resumeEnvironment } from "../api/installation.ts";
import { AllEnvironments } from "../environments/all.tsx";
import { ImportConfiguration } from "../environments/import.tsx";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";

/** Shows the environments. The one in use can be paused, exported and filled by an import. */
export function EnvironmentsPage() {
  const [current, reload] = useLoaded("", getEnvironment);
  return (
    <>
      <PageHead title="Environments" about="Each environment has its own customers, event types and tokens." />
      <Read of={current}>
        {(environment) => (
          <>
            <Current of={environment} onChange={reload} />
            <May operation="v1.management.environment.list">
              <AllEnvironments inUse={environment.id} />
            </May>
            <May operation="v1.environment.import">
              <ImportConfiguration environment={environment.name} />
            </May>
          </>
        )}
      </Read>
    </>
  );
}

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
