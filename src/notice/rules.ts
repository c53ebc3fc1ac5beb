import type { Seq } from "../core/id.ts";
import type { NoticeChannelName, NoticeKind } from "../core/notice.ts";
import type { SentNotice } from "../store/index.ts";

/** The states that notices are about, at one time. Keys are numbers of endpoints or environments. */
export interface Observed {
  /** Endpoints that have failed for at least `notify-after`, with the time since which they fail. */
  readonly failing: ReadonlyMap<Seq, number>;
  /** Endpoints that the server has disabled. */
  readonly disabled: ReadonlyMap<Seq, number>;
  /** Endpoints that have not been verified for an hour, with the time since which they are not. */
  readonly unverified: ReadonlyMap<Seq, number>;
  /** Environments whose backlog has been growing for at least `notify-after`. */
  readonly backlogs: ReadonlyMap<Seq, number>;
  /** Endpoints and environments that a notice was sent about and that have recovered. */
  readonly recovered: ReadonlySet<Seq>;
}

export interface DueNotice {
  readonly subjectSeq: Seq;
  readonly kind: NoticeKind;
  readonly since: number;
  /** Whether the subject is an environment rather than an endpoint. */
  readonly isBacklog: boolean;
}

/** The notices that a channel accepted: the latest of each kind about each subject. */
export class SentNotices {
  readonly #bySubject = new Map<Seq, Map<NoticeKind, SentNotice>>();

  constructor(notices: Iterable<SentNotice> = []) {
    for (const notice of notices) this.put(notice);
  }

  put(notice: SentNotice): void {
    const kinds = this.#bySubject.get(notice.subjectSeq) ?? new Map<NoticeKind, SentNotice>();
    kinds.set(notice.kind, notice);
    this.#bySubject.set(notice.subjectSeq, kinds);
  }

  get(subjectSeq: Seq, kind: NoticeKind): SentNotice | null {
    return this.#bySubject.get(subjectSeq)?.get(kind) ?? null;
  }

  /** Returns the notices about states whose end has not been reported. */
  open(): SentNotice[] {
    return [...this.#bySubject.keys()].flatMap((subjectSeq) => this.openOf(subjectSeq));
  }

  openOf(subjectSeq: Seq): SentNotice[] {
    return [...(this.#bySubject.get(subjectSeq)?.values() ?? [])].filter(({ isOpen }) => isOpen);
  }

  forget(subjectSeq: Seq): void {
    this.#bySubject.delete(subjectSeq);
  }

  /** Forgets notices whose state has ended and that were sent before `endedBefore`. */
  forgetEnded(endedBefore: number): void {
    for (const [subjectSeq, kinds] of this.#bySubject) {
      for (const [kind, { isOpen, sentAt }] of kinds) if (!isOpen && sentAt < endedBefore) kinds.delete(kind);
      if (kinds.size === 0) this.#bySubject.delete(subjectSeq);
    }
  }
}

/**
 * Returns the notices that a channel should get now: those about states that were not
 * reported, unless a notice of the same kind about the same subject was sent within the quiet time. A
 * state that outlasts the quiet time is reported after it.
 */
export function dueNotices(observed: Observed, sent: SentNotices, now: number, quietMs: number): DueNotice[] {
  const isQuiet = (subjectSeq: Seq, kind: NoticeKind) => {
    const sentAt = sent.get(subjectSeq, kind)?.sentAt ?? null;
    // A notice in the future was sent before the clock was set back. It does not delay others.
    return sentAt !== null && sentAt <= now && now - sentAt < quietMs;
  };
  const begun = ([states, kind]: readonly [ReadonlyMap<Seq, number>, NoticeKind]) =>
    [...states].flatMap(([subjectSeq, since]): DueNotice[] => {
      if (sent.get(subjectSeq, kind)?.isOpen === true || isQuiet(subjectSeq, kind)) return [];
      return [{ subjectSeq, kind, since, isBacklog: kind === "backlog" }];
    });
  const states = [
    [observed.disabled, "disabled"],
    [observed.backlogs, "backlog"],
    [observed.failing, "failing"],
    [observed.unverified, "unverified"],
  ] as const;
  return [...states.flatMap(begun), ...ended(observed, sent).filter((due) => !isQuiet(due.subjectSeq, due.kind))];
}

/** Returns one notice for each subject that has recovered, with the time at which its trouble began. */
function ended({ recovered }: Observed, sent: SentNotices): DueNotice[] {
  const bySubject = new Map<Seq, DueNotice>();
  for (const { subjectSeq, kind, since } of sent.open()) {
    if (!recovered.has(subjectSeq)) continue;
    const earliest = Math.min(since, bySubject.get(subjectSeq)?.since ?? since);
    bySubject.set(subjectSeq, {
      ...{ subjectSeq, since: earliest, kind: "recovered" },
      isBacklog: kind === "backlog",
    });
  }
  return [...bySubject.values()];
}

/** Returns the records of a notice that a channel has accepted. */
export function sentNoticesOf(
  { subjectSeq, kind, since }: DueNotice,
  sent: SentNotices,
  { channel, sentAt }: { readonly channel: NoticeChannelName; readonly sentAt: number },
): SentNotice[] {
  const notice = { channel, subjectSeq, kind, since, sentAt };
  if (kind !== "recovered") return [{ ...notice, isOpen: true }];
  return [{ ...notice, isOpen: false }, ...sent.openOf(subjectSeq).map((open) => ({ ...open, isOpen: false }))];
}
