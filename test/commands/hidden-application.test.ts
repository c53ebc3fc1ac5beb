import { expect, test } from "bun:test";
import { plainIncoming } from "../../src/accept/incoming.ts";
import { changeApplication, deleteApplication, putApplication } from "../../src/commands/applications.ts";
import { sendBatch, sendMessage } from "../../src/commands/send.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainSource } from "../../src/core/resources/source.ts";
import { EngineWorld } from "../support/engine-world.ts";

test("the commands of applications treat the application behind a source as missing", async () => {
  using world = await EngineWorld.open();
  const { kernel, environmentSeq, store } = world;
  const [seq, applicationSeq, now] = [world.seqs.next(), world.seqs.next(), world.now];
  const type = { type: "github", provider: "github" };
  const source = plainSource({ seq, applicationSeq, environmentSeq, ...type, name: "GitHub", now });
  const plain = plainApplication({ seq: applicationSeq, environmentSeq, name: "GitHub", now });
  const application = { ...plain, sourceSeq: seq };
  await world.do(() => store.configuration.sources.create(source, application, null));
  const key = { seq: applicationSeq };
  const settings = { name: "New", uid: null, throttleRate: null, metadata: {} };
  const to = { environmentSeq, application: key };
  const message = { incoming: plainIncoming("a", Buffer.from("{}")), content: { value: {} } };
  const onDemand = {
    settings: { ...settings, uid: "new" },
    actor: { kind: "root", id: null, name: null },
    action: "v1.application.create",
  } as const;
  const commands: (() => Promise<unknown>)[] = [
    () => changeApplication(kernel, applicationSeq, () => ({ name: "New" })),
    () => putApplication(kernel, environmentSeq, key, { settings, change: () => settings }),
    () => deleteApplication(kernel, application),
    () => sendMessage(kernel, to, message, null),
    () => sendMessage(kernel, to, message, onDemand),
    () => sendBatch(kernel, to, [message]),
  ];
  for (const command of commands) await expect(world.do(command)).rejects.toMatchObject({ status: 404 });
  expect(await store.configuration.applications.get(applicationSeq)).toEqual(application);
});
