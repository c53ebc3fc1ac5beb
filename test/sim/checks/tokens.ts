import type { Identity } from "../../../src/api/identity/identity.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Marks } from "../marks.ts";
import type { Violation } from "./violation.ts";

/**
 * Whether an operation that ends a token has been requested (`asked`) and acknowledged (`done`).
 */
type Ending = "no" | "asked" | "done";

/** A token, with its state as far as the owner knows it. */
export interface TokenRecord {
  readonly seq: Seq;
  readonly text: string;
  readonly applicationSeq: Seq | null;
  /** True time of the creation. */
  readonly createdAt: number;
  /**
   * The earliest (`mayEndAt`) and the latest (`endsAt`) time at which the token ends, by the wall
   * clock.
   */
  mayEndAt: number;
  endsAt: number;
  revoked: Ending;
  applicationDeleted: Ending;
  /** The life of the program in which the token was last accepted. */
  acceptedIn: number | null;
}

interface Using {
  accepted(identity: Identity): void;
  refused(): void;
}

const FOREVER = Number.POSITIVE_INFINITY;

/** Checks that a token is always accepted before its end and never afterwards. */
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

  /** Returns a random token, perhaps one that has ended; null if there is none. */
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

  /**
   * Must be called before tokens are made to expire at `endsAt`, a time of the wall clock. The
   * returned function must be called when the change is done.
   */
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

  /**
   * Returns whether a token must be accepted. An expired token need not be accepted after the clock
   * was set back, because it may have been deleted before.
   */
  #mustSucceed({ revoked, applicationDeleted, mayEndAt, createdAt }: TokenRecord): boolean {
    return revoked === "no" && applicationDeleted === "no" && this.clock.latestBetween(createdAt) < mayEndAt;
  }
}
