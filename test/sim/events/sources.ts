import { rotateSourceToken } from "../../../src/commands/source-tokens.ts";
import {
  changeSource as changeSourceCommand,
  createSource,
  deleteSource as deleteSourceCommand,
  type SourcePatch,
} from "../../../src/commands/sources.ts";
import { addEndpoint } from "../furnish.ts";
import type { Program } from "../program.ts";
import { EVENT_TYPES, type Event, type Scene } from "../scene.ts";
import { KIND_NAMES, kindOf } from "../sources/kinds.ts";
import { SourceRecord } from "../sources/record.ts";
import { learnUrl } from "../sources/url.ts";
import { postTo } from "./posting.ts";
import { unless } from "./problems.ts";

const SOURCES_MAX = 8;

/** Creates a source of a random kind with one or two endpoints. */
export const addSource: Event = async (scene, program) => {
  const { dice, checks, environment } = scene;
  if (scene.rates.sources === 0 || checks.sources.sources.length >= SOURCES_MAX) return;
  const name = dice.pick(KIND_NAMES);
  const kind = kindOf(name);
  const secret = kind.newSecret(dice);
  const eventType = dice.pick([null, ...EVENT_TYPES]);
  const answer = dice.pick([null, { status: 202, headers: {}, body: "" }]);
  // Ids are not the same in each run, but they would be part of facts.
  const uid = checks.sources.newUid();
  const wanted = { ...kind.settings(secret, dice), uid, name, answer, ...(eventType === null ? {} : { eventType }) };
  const source = await createSource(program.kernel, environment, wanted);
  if (!program.isAlive) return;
  const record = new SourceRecord(name, source, secret);
  if (name === "cron") checks.sources.cron.add(source.seq, JSON.parse(String(source.config.payload)).every);
  checks.sources.add(record);
  await learnUrl(scene, program, record);
  for (let e = 0; e < dice.pick([1, 1, 2]); e++) await addEndpoint(scene, program, source.applicationSeq);
};

function pickSource({ dice, checks }: Scene, isWanted: (source: SourceRecord) => boolean): SourceRecord | null {
  return dice.pick(checks.sources.sources.filter((source) => source.state === "live" && isWanted(source))) ?? null;
}

/** Changes the secret, the mode or the rate of a source, or removes a captured secret. */
export const changeSource: Event = async (scene, program) => {
  const { dice } = scene;
  const source = pickSource(scene, ({ kindName }) => kindName !== "cron");
  if (source === null) return;
  const { patch, done } = rollChange(scene, source);
  const posting = dice.chance(0.5) ? postTo(scene, program, source) : null;
  source.version++;
  await changeSourceCommand(program.kernel, source.seq, patch).catch((error) => unless(error, "not_found"));
  if (!program.isAlive) return;
  done();
  source.version++;
  await posting;
};

interface Change {
  readonly patch: SourcePatch;
  readonly done: () => void;
}

function rollChange({ dice }: Scene, source: SourceRecord): Change {
  const { kindName, kind } = source;
  if (kindName === "capturing") {
    source.captured.clear();
    return { patch: { config: { secret: null } }, done: () => source.captured.clear() };
  }
  if (kindName === "recording") {
    const verification = dice.pick(["enforce", "record", "record"] as const);
    return { patch: { verification }, done: source.verification.change(verification) };
  }
  if (kindName === "limited" && dice.chance(0.5)) {
    const ingestRate = dice.pick([null, 1, 3]);
    return { patch: { ingestRate }, done: source.ingestRate.change(ingestRate) };
  }
  const secret = kind.newSecret(dice);
  if (secret === "") return { patch: { metadata: { roll: String(dice.below(10)) } }, done: () => {} };
  return { patch: { config: { secret } }, done: source.secret.change(secret) };
}

/** Gives a source a new URL, often while the old one is being used. */
export const rotateUrl: Event = async (scene, program) => {
  const { dice, clock } = scene;
  const source = pickSource(scene, ({ kindName }) => kindName !== "cron");
  if (source === null) return;
  const posting = dice.chance(0.5) ? postTo(scene, program, source) : null;
  const seconds = dice.pick([0, 0, dice.below(60), dice.below(48 * 3600)]);
  const before = [...source.tokens];
  const endsAt = clock.wall + seconds * 1000;
  for (const token of before) token.mayEndAt = Math.min(token.mayEndAt, endsAt);
  try {
    await rotateSourceToken(program.kernel, source, seconds);
  } catch (error) {
    return unless(error, "limit_reached", "not_found");
  }
  if (!program.isAlive) return;
  for (const token of before) token.endsAt = Math.min(token.endsAt, endsAt);
  await learnUrl(scene, program, source);
  await posting;
};

/** Deletes a source, often while it is being used. */
export const deleteSource: Event = async (scene, program) => {
  // Only a request to a source whose keys are fetched takes long.
  const slow = scene.dice.chance(0.4) ? pickSource(scene, ({ kindName }) => kindName === "keyed") : null;
  const source = slow ?? pickSource(scene, () => true);
  if (source === null || scene.checks.sources.sources.length < 2) return;
  const posting = scene.dice.chance(0.7) ? postTo(scene, program, source) : null;
  await remove(scene, program, source);
  await posting;
};

async function remove({ checks }: Scene, program: Program, source: SourceRecord): Promise<void> {
  const { kernel } = program;
  const endpoints = await program.store.configuration.endpoints.ever(source.applicationSeq);
  source.state = "being deleted";
  source.version++;
  await checks.attempts.whileChanging(endpoints, () => deleteSourceCommand(kernel, source));
  if (!program.isAlive) return;
  source.state = "deleted";
  source.version++;
}

/** Checks that sources of type `cron` have run, and deletes them, so that the world can come to rest. */
export const deleteCronSources: Event = async (scene, program) => {
  const cron = scene.checks.sources.sources.filter(({ kindName, state }) => kindName === "cron" && state !== "deleted");
  scene.checks.sources.cron.nothingIsMissing(cron.filter(({ state }) => state === "live").map(({ seq }) => seq));
  for (const source of cron) await remove(scene, program, source);
};

/** Checks the counts of all sources at the end. */
export const finalCounts: Event = async ({ checks, rates }, { kernel }) => {
  const sources = [...checks.sources.sources, ...checks.sources.queues.sources];
  for (const { seq, state } of sources) if (state === "live") await kernel.sourceCounter.of(seq);
  checks.sources.counts.nothingIsMissing("at the end", { isDiskFaulty: rates.faults.fullDisk > 0 });
};
