import type { AuditEntry } from "../../../src/api/types.ts";
import { linkWith } from "../../kit/address.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import {
  customerLink,
  endpointLink,
  eventTypeLink,
  messageLink,
  operationalEndpointLink,
  sourceLink,
  taskLink,
  tokensLink,
} from "../links.ts";
import style from "./entry.module.css";
import { kindWord, sentenceOf } from "./phrases.ts";

/** Shows an entry as a sentence: who did what to which records. */
export function Entry({ of }: { of: AuditEntry }) {
  const { parts, rest } = sentenceOf(of.action, Object.keys(of.subject));
  return (
    <div class={style.entry}>
      <Actor of={of.actor} />{" "}
      {parts.map((part, at) => ("kind" in part ? <Target key={at} of={of} kind={part.kind} /> : part.text))}
      {of.outcome === "unknown" && (
        <>
          {" "}
          <Badge tone="wait">outcome unknown</Badge>
        </>
      )}
      {rest.map((kind) => (
        <div key={kind} class={`small ${style.rest}`}>
          {kindWord(kind)} <Target of={of} kind={kind} />
        </div>
      ))}
    </div>
  );
}

const ACTORS: Readonly<Record<string, string>> = {
  root: "root token",
  token: "token",
  jwt: "JWT",
  user: "user",
  command: "command line",
};

/** The name of who made the change, as a link to everything that they did. */
function Actor({ of: { type, name, id } }: { of: AuditEntry["actor"] }) {
  const kind = ACTORS[type] ?? type;
  const named = name || id;
  return (
    <>
      <a href={linkWith({ actor: id ?? type })} title={id ?? undefined}>
        <strong>{named ?? kind}</strong>
      </a>
      {named !== null && <span class="muted"> ({kind})</span>}
    </>
  );
}

/** A changed record by its name, as a link unless it is deleted. */
function Target({ of, kind }: { of: AuditEntry; kind: string }) {
  const id = of.subject[kind] ?? "";
  const target = of.targets[kind];
  const isDeleted = target?.deleted ?? false;
  const href = isDeleted || of.action.endsWith(".delete") ? null : hrefOf(of, kind, target?.name);
  const name = target?.name || id;
  return (
    <>
      {href === null ? (
        <span title={id}>{name}</span>
      ) : (
        <a href={href} title={id}>
          {name}
        </a>
      )}
      {isDeleted && <span class="muted"> (deleted)</span>}
    </>
  );
}

function hrefOf({ action, subject }: AuditEntry, kind: string, name: string | undefined): string | null {
  const id = subject[kind] ?? "";
  const { appId, sourceId } = subject;
  switch (kind) {
    case "appId":
      return customerLink(id);
    case "endpointId":
      if (appId !== undefined) return endpointLink(appId, id);
      if (sourceId !== undefined) return sourceLink(sourceId);
      return action.includes("operational-webhook") ? operationalEndpointLink(id) : null;
    case "sourceId":
      return sourceLink(id);
    case "msgId":
      return appId === undefined ? null : messageLink(appId, id);
    case "eventTypeName":
      return eventTypeLink(id);
    case "taskId":
      return taskLink(id);
    case "tokenId":
      return name ? tokensLink({ search: name, state: "all", app_id: appId }) : null;
    default:
      return null;
  }
}
