import type { SQL } from "bun";

/** Creates a database in PostgreSQL. It is a copy of another one that nobody uses, by default an empty one. */
export async function createDatabase(sql: SQL, name: string, template = "template1"): Promise<void> {
  const [{ version, fsync }] = await sql`
    SELECT current_setting('server_version_num')::integer AS version, current_setting('fsync')::boolean AS fsync`;
  // By default, version 15 and later write each page of the copy to the write-ahead log as well. To copy the
  // files needs less CPU time, but they are synced one by one.
  const strategy = version >= 150_000 && !fsync ? "STRATEGY file_copy" : "";
  await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template} ${strategy}`);
}
