import { formatCount } from "../../kit/format.ts";
import { counted } from "../../kit/words.ts";
import { isDisabled } from "../api/dead-letters.ts";
import { endpointLink } from "../links.ts";
import style from "./dead-letters.module.css";
import type { LeftOut } from "./selection.ts";

/** Why dead letters of an endpoint cannot be sent again. */
export interface Obstacle extends LeftOut {
  readonly why: "deleted" | "disabled" | "payload";
}

/** Maximum number of endpoints whose state is read for one question. */
const ENDPOINTS_MAX = 5;

export async function findObstacles(all: readonly LeftOut[]): Promise<readonly Obstacle[]> {
  return Promise.all(all.slice(0, ENDPOINTS_MAX).map(async (one) => ({ ...one, why: await reasonOf(one) })));
}

async function reasonOf({ group: { appId, endpointId, endpointDeleted } }: LeftOut): Promise<Obstacle["why"]> {
  if (endpointDeleted) return "deleted";
  return (await isDisabled(appId, endpointId)) ? "disabled" : "payload";
}

interface ObstaclesProps {
  readonly shown: readonly Obstacle[];
  readonly total: number;
}

/** Says which dead letters a redrive leaves out, and what to do about each cause. */
export function Obstacles({ shown, total }: ObstaclesProps) {
  if (shown.length === 0) return null;
  return (
    <>
      <p class="small">{counted(total, "dead letter")} cannot be sent again:</p>
      <ul class={style.obstacles}>
        {shown.map((one) => (
          <li key={one.group.endpointId}>
            <Reason of={one} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Reason({ of: { group, count, why } }: { of: Obstacle }) {
  const { appId, appName, endpointId, url } = group;
  if (why === "deleted") {
    return (
      <>
        {formatCount(count)}: the endpoint <span class="url">{url}</span> of {appName} was deleted. They can only be
        dropped.
      </>
    );
  }
  const link = (
    <a class="url" href={endpointLink(appId, endpointId)}>
      {url}
    </a>
  );
  if (why === "disabled") {
    return (
      <>
        {formatCount(count)}: the endpoint {link} of {appName} is disabled. Enable it, then redrive.
      </>
    );
  }
  return (
    <>
      {formatCount(count)} to {link} of {appName}: the payloads are no longer stored. They can only be dropped.
    </>
  );
}
