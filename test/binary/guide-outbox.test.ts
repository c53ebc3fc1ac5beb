import { expect, setDefaultTimeout, test } from "bun:test";
import { guideBlocks, guideText, replaced } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { examplesIn } from "../support/readme.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

const DATABASE = "postgres://shop@127.0.0.1:5432/shop";

/** Masks times and durations, which differ between runs. */
const masked = (text: string): string => text.replace(/^\d\d:\d\d:\d\d/gm, "TIME").replace(/\d+ ms/g, "DURATION");

test.skipIf(!hasPostgres)(
  "the table, the trigger and the commands of the guide's page about the outbox work",
  async () => {
    await using postgres = await startPostgres();
    await using at = await guidePlace();
    const url = await postgres.createDatabase();
    await using sql = new Bun.SQL(url, { max: 1 });
    const [table, insert, again, restored, clean] = await guideBlocks("outbox", "sql");
    await sql.unsafe(table!);
    await sql.unsafe(insert!);
    const [login, relay] = examplesIn(await guideText("outbox"));
    expect((await at.shell(login!.command)).code).toBe(0);
    const here = (command: string) => replaced(command, [DATABASE, `'${url}'`]);
    const { code, stdout } = await at.shell(here(relay!.command));
    expect({ code, stdout: masked(stdout) }).toEqual({ code: 0, stdout: masked(relay!.output) });

    // The relay of the unit for systemd gets the row that the trigger announces.
    const [unit] = await guideBlocks("outbox", "ini");
    const [, service] = /^ExecStart=\/usr\/local\/bin\/(.*)$/m.exec(unit!)!;
    const running = replaced(service!, ["postgres://shop@db.internal:5432/shop?sslmode=verify-full", `'${url}'`]);
    const lines = at.firstLines(`${running} --poll 1h`, 2);
    await untilListening(sql);
    await sql.unsafe(insert!);
    expect((await lines).split("\n").map((line) => JSON.parse(line).type)).toEqual(["ready", "batch"]);

    for (const statement of [again, restored]) await sql.unsafe(statement!);
    const repeated = await at.shell(here(relay!.command));
    expect(masked(repeated.stdout)).toBe("TIME  demo  2 sent, 2 of them again  DURATION");
    expect((await sql.unsafe(clean!)).count).toBe(0);
  },
);

/** Resolves when a relay listens. */
async function untilListening(sql: Bun.SQL): Promise<void> {
  await soon(
    async () => [...(await sql`SELECT query FROM pg_stat_activity WHERE backend_type = 'client backend'`)],
    (sessions) => sessions.some(({ query }) => query.startsWith("LISTEN")),
  );
}
