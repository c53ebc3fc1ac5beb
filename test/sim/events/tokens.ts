import { createToken, expireApplicationTokens, expireToken, revokeToken } from "../../../src/commands/tokens.ts";
import type { Seq } from "../../../src/core/id.ts";
import { Problem } from "../../../src/core/problem.ts";
import type { TokenRecord } from "../checks/tokens.ts";
import type { Program } from "../program.ts";
import { type Event, HOUR_MS, MINUTE_MS, type Scene } from "../scene.ts";

export const makeToken: Event = async (scene, program) => {
  const { dice, applications } = scene;
  const applicationSeq = dice.chance(0.5) ? dice.pick(applications) : null;
  const { get } = program.store.configuration.applications;
  if (applicationSeq === null || (await get(applicationSeq)) !== null) await addToken(scene, program, applicationSeq);
};

export async function addToken(scene: Scene, { kernel }: Program, applicationSeq: Seq | null): Promise<void> {
  const { dice, checks, environment: environmentSeq } = scene;
  const validMs = dice.pick([null, null, dice.between(1, MINUTE_MS), dice.between(1, 48) * HOUR_MS]);
  const { token, text } = await createToken(kernel, { name: "token", environmentSeq, applicationSeq, validMs });
  checks.tokens.created({ ...token, text });
}

/** Makes several concurrent requests with a token. */
export const useToken: Event = async (scene, program) => {
  const token = scene.checks.tokens.pick(scene.dice);
  if (token === null) return;
  await Promise.all(Array.from({ length: scene.dice.pick([1, 1, 3]) }, () => use(scene, program, token)));
};

/** Makes one request with a token. */
export async function use({ checks }: Scene, { authenticator, number }: Program, token: TokenRecord): Promise<void> {
  const using = checks.tokens.useBegins(token, number);
  const headers = { authorization: `Bearer ${token.text}` };
  try {
    using.accepted(await authenticator.identify(new Request("http://localhost/", { headers })));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
    using.refused();
  }
}

/** Ends one token or all tokens of an application, often while they are being used. */
export const endToken: Event = async (scene, program) => {
  const { dice, checks, environment: environmentSeq } = scene;
  const { kernel, clock } = program;
  const token = checks.tokens.pick(dice);
  if (token === null) return;
  if (dice.chance(0.5)) scene.later(dice.below(3), "useToken", null);
  const using = dice.chance(0.5) ? use(scene, program, token) : null;
  const { seq, applicationSeq } = token;
  const inMs = dice.pick([0, dice.below(60_000)]);
  if (applicationSeq !== null && dice.chance(0.3)) {
    const end = checks.tokens.endOfApplicationBegins(applicationSeq, clock.now() + inMs);
    await expireApplicationTokens(kernel, { seq: applicationSeq, environmentSeq }, { inMs, sessionIds: [] });
    end();
  } else if (dice.chance(0.4)) {
    const end = checks.tokens.endBegins([token], clock.now() + inMs);
    await expireToken(kernel, { seq, environmentSeq }, inMs);
    end();
  } else {
    const end = checks.tokens.revocationBegins(token, program.number);
    await revokeToken(kernel, { seq, environmentSeq });
    end();
  }
  await using;
  if (dice.chance(0.5)) await use(scene, program, token);
};
