import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { ApplicationName, EndpointName } from "../../index.ts";
import type { Survey } from "../../survey.ts";

export function names(db: Database): Survey["names"] {
  const application = db.prepare<ApplicationName, [number, number]>(
    "SELECT seq, name, uid, source_seq AS sourceSeq FROM application WHERE seq = ? AND environment_seq = ?",
  );
  const endpoint = db.prepare<Omit<EndpointName, "isDeleted"> & { readonly isDeleted: number }, [number, number]>(
    `SELECT e.seq, e.uid, e.url, e.description, e.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL AS isDeleted
     FROM endpoint e JOIN application a ON a.seq = e.application_seq WHERE e.seq = ? AND a.environment_seq = ?`,
  );
  return async (environmentSeq, { applicationSeqs = [], endpointSeqs = [] }) => {
    const applications = new Map<Seq, ApplicationName>();
    for (const seq of new Set(applicationSeqs)) {
      const row = application.get(seq, environmentSeq);
      if (row !== null) applications.set(seq, row);
    }
    const endpoints = new Map<Seq, EndpointName>();
    for (const seq of new Set(endpointSeqs)) {
      const row = endpoint.get(seq, environmentSeq);
      if (row !== null) endpoints.set(seq, { ...row, isDeleted: row.isDeleted === 1 });
    }
    return { applications, endpoints };
  };
}
