import { configuration } from "./configuration.ts";

type Json = Readonly<Record<string, unknown>>;
type File = Readonly<Record<"eventTypes" | "payloadVersions" | "applications" | "sources", readonly Json[]>>;

/**
 * Random configurations that have many names in common, so that one can be changed into another. The type
 * of a source cannot be changed, and the check of compatibility would refuse changes of schemas.
 */
export const similarConfiguration = configuration.map((file: File): File => {
  const names = new Map(file.eventTypes.map((one, i) => [one.name, `type-${i}`]));
  const versions = file.payloadVersions.map((_, i) => `2026-0${i}`);
  const given = file.payloadVersions.map(({ version }) => version);
  const renamed = (entries: unknown) =>
    ((entries ?? []) as readonly Json[]).map((one, i) => ({
      ...one,
      uid: `ep-${i}`,
      ...(one.apiVersion !== undefined && { apiVersion: versions[given.indexOf(one.apiVersion)] }),
      ...(Array.isArray(one.eventTypes) && { eventTypes: one.eventTypes.map((event) => names.get(event)) }),
    }));
  return {
    eventTypes: file.eventTypes.map((one, i) => ({
      ...{ ...one, name: `type-${i}` },
      ...(one.compatibility === "reject" && { compatibility: "warn" }),
    })),
    payloadVersions: file.payloadVersions.map((one, i) => ({ ...one, version: versions[i] })),
    applications: file.applications.map((one, i) => ({
      ...{ ...one, uid: `acme-${i}`, endpoints: renamed(one.endpoints) },
    })),
    sources: file.sources.map((one, i) => ({
      ...{ ...one, uid: `${one.type}-${i}`, endpoints: renamed(one.endpoints) },
    })),
  };
});
