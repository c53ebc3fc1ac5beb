import type { Identity } from "../../../src/api/identity/identity.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Marks } from "../marks.ts";
import type { Violation } from "./violation.ts";

/**
 * Whether something that ends a token was asked for, and whether the caller knows that it was done.
 */
type Ending = "no" | "asked" | "done";

/** A token as its owner knows it. */
export interface TokenRecord {
  readonly seq: Seq;
  readonly text: string;
  readonly applicationSeq: Seq | null;
  /** True time. */
  readonly createdAt: number;
  /** By the wall clock: the earliest and the latest end that the token may have. */
  mayEndAt: number;
  endsAt: number;
  revoked: Ending;
  applicationDeleted: Ending;
  /** The life of the program that has accepted it last. */
  acceptedIn: number | null;
}

interface Using {
  accepted(identity: Identity): void;
  refused(): void;
}

const FOREVER = Number.POSITIVE_INFINITY;

/** A token that has ended is never accepted again, and every other token is always accepted. */
export class TokenChecks {
  readonly #tokens: TokenRecord[] = [];
  #endings = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {}

  created(token: { seq: Seq; text: string; applicationSeq: Seq | null; expiresAt: number | null }): void {
    const endsAt = token.expiresAt ?? FOREVER;
    this.#tokens.push({
      ...{ seq: token.seq, text: token.text, applicationSeq: token.applicationSeq, createdAt: this.clock.now },
      ...{ mayEndAt: endsAt, endsAt, revoked: "no", applicationDeleted: "no", acceptedIn: null },
    });
  }

  createdWithKey({ seq, text }: { readonly seq: Seq; readonly text: string }): void {
    this.created({ seq, text, applicationSeq: null, expiresAt: null });
  }

  /** Any token, ended ones too; null if there is none. */
  pick(dice: Dice): TokenRecord | null {
    return dice.pick(dice.chance(0.5) ? this.#tokens.slice(-3) : this.#tokens) ?? null;
  }

  ofApplication(seq: Seq): readonly TokenRecord[] {
    return this.#tokens.filter(({ applicationSeq }) => applicationSeq === seq);
  }

  revocationBegins(token: TokenRecord, life: number): () => void {
    if (token.acceptedIn === life && token.revoked === "no") this.marks.hit("token: in memory, then revoked");
    if (token.revoked === "no") token.revoked = "asked";
    this.#endings++;
    return () => {
      token.revoked = "done";
      this.#endings++;
    };
  }

  endOfApplicationBegins(applicationSeq: Seq, endsAt: number): () => void {
    return this.endBegins(this.ofApplication(applicationSeq), endsAt);
  }

  /** `endsAt` is by the wall clock. */
  endBegins(tokens: readonly TokenRecord[], endsAt: number): () => void {
    for (const token of tokens) token.mayEndAt = Math.min(token.mayEndAt, endsAt);
    return () => {
      for (const token of tokens) token.endsAt = Math.min(token.endsAt, endsAt);
    };
  }

  applicationEnds(applicationSeq: Seq): () => void {
    const tokens = this.ofApplication(applicationSeq);
    for (const token of tokens) if (token.applicationDeleted === "no") token.applicationDeleted = "asked";
    return () => {
      for (const token of tokens) token.applicationDeleted = "done";
    };
  }

  useBegins(token: TokenRecord, life: number): Using {
    const { marks, violation } = this;
    const hadToFail = this.#mustFail(token);
    const stepsBefore = this.clock.stepCount;
    const endingsBefore = this.#endings;
    return {
      accepted: ({ applicationSeq }) => {
        marks.hit("token: accepted");
        if (token.revoked === "asked" || this.#endings !== endingsBefore) {
          marks.hit("token: looked up during its revocation");
        }
        token.acceptedIn = life;
        if (hadToFail && this.clock.stepCount === stepsBefore)
          violation(`token ${token.seq} is accepted after its end`);
        if (applicationSeq !== token.applicationSeq) violation(`token ${token.seq} has another application`);
      },
      refused: () => {
        if (token.revoked === "done") marks.hit("token: refused after its revocation");
        else if (token.applicationDeleted === "done") marks.hit("token: refused without its application");
        else if (token.endsAt <= this.clock.wall) marks.hit("token: refused after its expiry");
        if (this.#mustSucceed(token)) violation(`token ${token.seq} is refused although it is valid`);
      },
    };
  }

  #mustFail({ revoked, applicationDeleted, endsAt }: TokenRecord): boolean {
    return revoked === "done" || applicationDeleted === "done" || endsAt <= this.clock.wall;
  }

  /** After a clock was set back, a token that had expired may have been deleted. */
  #mustSucceed({ revoked, applicationDeleted, mayEndAt, createdAt }: TokenRecord): boolean {
    return revoked === "no" && applicationDeleted === "no" && this.clock.latestBetween(createdAt) < mayEndAt;
  }
}
