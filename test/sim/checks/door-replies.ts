import type { VirtualClock } from "../clock.ts";
import type { Marks, Stage } from "../marks.ts";
import type { Flaw } from "../sources/kinds.ts";
import type { DoorCall, Posting, SourceRecord, TokenOfSource } from "../sources/record.ts";
import type { Violation } from "./violation.ts";

/** The status of the refusal of each flaw, and its mark. */
const REFUSALS: Readonly<Record<Exclude<Flaw, "handshake">, readonly [status: number, mark: Stage]>> = {
  forged: [401, "door: refused for its signature"],
  stale: [401, "door: refused for its time"],
  early: [401, "door: refused for its time"],
  method: [405, "door: refused for its method"],
  large: [413, "door: refused as too large"],
};

/** Checks the responses of the door against what is stored. */
export class DoorReplies {
  /** The number of the program's present life. */
  life = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {}

  /** Must be called when a request gets its response. */
  replied(call: DoorCall, status: number): void {
    const { posting } = call;
    posting.underWay.delete(call);
    const isSuccess = status >= 200 && status < 300;
    if (isSuccess) posting.succeeded++;
    if (posting.flaw === "handshake") this.#handshake(call, isSuccess);
    else if (isSuccess) this.#succeeded(call);
    else this.#refused(call, status);
  }

  /**
   * Must be called when a request gets the response 503 or 404, because the door cannot check or
   * store it at the moment.
   */
  failed(call: DoorCall, because: "disk full" | "key unavailable" | "source deleted"): void {
    call.posting.underWay.delete(call);
    const { source } = call.posting;
    if (because !== "source deleted") this.marks.hit(`door: ${because}`);
    else if (source.state === "live") this.violation(`source ${source.seq} is not found although it exists`);
    else this.marks.hit("door: source deleted during a request");
  }

  /** Must be called when a URL has been looked up. */
  lookedUp(source: SourceRecord, token: TokenOfSource, wasFound: boolean, before: { mustFail: boolean }): void {
    const { clock, marks } = this;
    if (wasFound) {
      if (before.mustFail) this.violation(`a URL of source ${source.seq} is accepted after its end`);
      if (token !== source.tokens.at(-1)) marks.hit("door: earlier URL accepted");
      return;
    }
    if (source.state === "deleted") marks.hit("door: URL refused without its source");
    else if (token.endsAt <= clock.wall) marks.hit("door: URL refused after its end");
    const mustSucceed = source.state === "live" && clock.latestBetween(token.knownAt) < token.mayEndAt;
    if (mustSucceed) this.violation(`a valid URL of source ${source.seq} is refused`);
  }

  mustFail(source: SourceRecord, token: TokenOfSource): boolean {
    return source.state === "deleted" || token.endsAt <= this.clock.wall;
  }

  /** Whether nothing has changed during a request that decides about the request. */
  #isCertain({ posting, versionAtStart, clockStepsAtStart }: DoorCall): boolean {
    const { source } = posting;
    const isSame = source.version === versionAtStart;
    if (!isSame) this.marks.hit("door: source changed during a request");
    const isCertain = source.isKnown && isSame && this.clock.stepCount === clockStepsAtStart;
    if (!isCertain) posting.isUncertain = true;
    return isCertain;
  }

  #succeeded(call: DoorCall): void {
    const { posting, storedAtStart } = call;
    const { id, flaw, source, stored, succeeded } = posting;
    const isCertain = this.#isCertain(call);
    if (stored.length === 0) {
      this.violation(`event ${id} got a 2xx but is not stored`);
      return;
    }
    if (flaw !== null && isCertain && source.verification.known !== "record") {
      this.violation(`event ${id} got a 2xx although it is ${flaw}`);
    }
    const isNeverDuplicate = flaw !== null || source.windowMs === null;
    if (isNeverDuplicate && stored.length < succeeded) {
      this.violation(`event ${id} got a 2xx as a duplicate, which it is not`);
    }
    if (!isNeverDuplicate && isCertain && !this.#isInWindow(call)) {
      this.violation(`event ${id} got a 2xx, but its message is not stored or its window is over`);
    }
    source.newestAnswered = Math.max(source.newestAnswered, ...stored.map(({ seq }) => seq));
    if (!call.isStored) this.#countDuplicate(call);
    else if (stored.at(-1)!.hasFailed) this.marks.hit("door: stored although it failed its check");
    else this.marks.hit(storedAtStart > 0 && call.wasAlone ? "door: stored again after its window" : "door: stored");
  }

  #isInWindow({ posting: { source, stored }, startedAt, wallAtStart }: DoorCall): boolean {
    return stored.some(
      ({ at, acceptedAt, hasFailed }) =>
        !hasFailed && (at >= startedAt || wallAtStart < acceptedAt + (source.windowMs ?? 0)),
    );
  }

  #countDuplicate({ posting: { stored }, wasAlone, startedAt }: DoorCall): void {
    const { at, life } = stored.at(-1)!;
    if (!wasAlone && at >= startedAt) this.marks.hit("door: duplicate of a request under way");
    else this.marks.hit(life === this.life ? "door: duplicate" : "door: duplicate after a restart");
  }

  #refused(call: DoorCall, status: number): void {
    const { id, flaw, source } = call.posting;
    const isCertain = this.#isCertain(call);
    if (status === 429) {
      this.marks.hit("door: limited");
      if (source.ingestRate.mayBe(null) && isCertain)
        this.violation(`event ${id} is limited although there is no limit`);
      return;
    }
    if (flaw === null || flaw === "handshake") {
      if (isCertain) this.violation(`event ${id} is refused with ${status} although it is genuine`);
      return;
    }
    const [wanted, mark] = REFUSALS[flaw];
    if (status === wanted) this.marks.hit(mark);
    else this.violation(`event ${id} is ${flaw} and gets ${status} instead of ${wanted}`);
    if (isCertain && wanted === 401 && source.verification.known === "record") {
      this.violation(`event ${id} is refused although its source only records`);
    }
  }

  #handshake(call: DoorCall, isSuccess: boolean): void {
    const { source, id }: Pick<Posting, "source" | "id"> = call.posting;
    if (source.kindName !== "capturing") {
      if (isSuccess) this.marks.hit("door: handshake");
      else if (this.#isCertain(call)) this.violation(`the handshake ${id} is refused although it is genuine`);
      return;
    }
    if (!isSuccess) {
      this.marks.hit("door: second secret refused");
      return;
    }
    if (source.version !== call.versionAtStart) return;
    // The id of the handshake is its secret.
    source.captured.add(id);
    this.marks.hit("door: secret captured");
    if (source.captured.size > 1) this.violation(`source ${source.seq} has captured ${source.captured.size} secrets`);
  }
}
