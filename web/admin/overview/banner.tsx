import type { AttentionEntry } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { resumeEnvironment } from "../api/installation.ts";
import { resumeDelivery } from "../api/overview.ts";
import { overview, refresh } from "../live.ts";
import { May } from "../parts/may.tsx";
import style from "./overview.module.css";

type StoppedKind = "delivery_held" | "environment_paused";

const RESUME: Readonly<
  Record<StoppedKind, { readonly label: string; readonly operation: string; run(): Promise<unknown> }>
> = {
  delivery_held: { label: "Resume all deliveries", operation: "delivery.resume", run: resumeDelivery },
  environment_paused: { label: "Resume this environment", operation: "environment.resume", run: resumeEnvironment },
};

export function isStopped(entry: AttentionEntry): entry is AttentionEntry & { readonly kind: StoppedKind } {
  return entry.kind in RESUME;
}

/** Says that nothing is sent, while the environment is paused or all deliveries are held. */
export function StoppedBanner() {
  const stopped = overview.value?.attention.filter(isStopped) ?? [];
  return stopped.map((entry) => <Banner key={entry.kind} entry={entry} />);
}

function Banner({ entry }: { entry: AttentionEntry & { readonly kind: StoppedKind } }) {
  const action = useActionThen(refresh);
  const { label, operation, run } = RESUME[entry.kind];
  return (
    <section class={style.banner} aria-label="Deliveries are stopped">
      <p>
        {entry.detail}
        {entry.since !== null && (
          <>
            {" "}
            Since <Instant at={entry.since} />.
          </>
        )}
      </p>
      <Outcome action={action} />
      <May operation={operation}>
        <button type="button" disabled={action.busy} aria-busy={action.busy} onClick={() => action.run(run)}>
          {label}
        </button>
      </May>
    </section>
  );
}
