import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Lists that change while they are shown: their rows stay in place until the user shows new ones. */

export interface Compared<Row> {
  /** The shown rows in their places, each in its latest version. */
  readonly rows: readonly Row[];
  /** Number of rows that would be inserted among the shown ones. */
  readonly fresh: number;
  /** Number of shown rows that are no longer in the list. */
  readonly gone: number;
}

/**
 * Compares the rows that are shown with the latest ones. Rows behind the last one that both have are
 * not counted: a page of a list ends at another row after an insertion or a removal.
 */
export function compareRows<Row>(
  shown: readonly Row[],
  latest: readonly Row[],
  keyOf: (row: Row) => string,
): Compared<Row> {
  const next = new Map(latest.map((row) => [keyOf(row), row]));
  const known = new Set(shown.map(keyOf));
  const last = latest.findLastIndex((row) => known.has(keyOf(row)));
  const lastShown = shown.findLastIndex((row) => next.has(keyOf(row)));
  const before = last < 0 ? latest : latest.slice(0, last);
  return {
    rows: shown.map((row) => next.get(keyOf(row)) ?? row),
    fresh: before.filter((row) => !known.has(keyOf(row))).length,
    gone: (latest.length === 0 ? shown : shown.slice(0, lastShown + 1)).filter((row) => !next.has(keyOf(row))).length,
  };
}

/** A page of a list. Other fields belong to its rows, such as the iterator of the next page. */
export interface RowPage<Row> {
  readonly data: readonly Row[];
}

interface HeldOptions<Row, Page extends RowPage<Row>> {
  readonly latest: Page | null;
  readonly keyOf: (row: Row) => string;
  /** Whether new rows may appear by themselves while the user does nothing in the list. */
  readonly isFlowing: boolean;
}

/** The rows of a list that are shown, and why. */
export interface HeldRows<Row, Page extends RowPage<Row>> {
  /** Null until the first page is loaded. */
  readonly shown: Page | null;
  readonly fresh: number;
  readonly gone: number;
  readonly isPaused: boolean;
  /** Why new rows are not inserted by themselves; null if they are. */
  readonly heldBy: "pause" | "user" | "speed" | null;
  pause(isPaused: boolean): void;
  /** Shows the latest rows. */
  show(): void;
  /** Attributes of the element around the rows. */
  readonly area: HoldingAttributes & { readonly ref: RefObject<HTMLDivElement | null>; readonly tabIndex: -1 };
  /** Attributes of the element around the button that shows new rows. */
  readonly button: HoldingAttributes;
}

/** Attributes of an element that holds the rows while the user is in it. */
interface HoldingAttributes {
  readonly onPointerEnter: () => void;
  readonly onPointerLeave: (event: PointerEvent) => void;
  readonly onFocusIn: (event: FocusEvent) => void;
  readonly onFocusOut: (event: FocusEvent) => void;
}

/**
 * Holds the rows of a list in their places while the pointer or the focus is in it, while its top is
 * scrolled out of view, and while it is paused. States inside the rows change in place unless the
 * list is paused. A list whose rows are all replaced at once is held too, because nobody can read it.
 */
export function useHeldRows<Row, Page extends RowPage<Row>>(options: HeldOptions<Row, Page>): HeldRows<Row, Page> {
  const { latest, keyOf, isFlowing } = options;
  const [base, setBase] = useState<Page | null>(null);
  const [isPaused, setPaused] = useState(false);
  const user = useUserIn();
  const compared = base === null || latest === null ? null : compareRows(base.data, latest.data, keyOf);
  const isTooFast = compared !== null && compared.fresh > 0 && compared.fresh === latest!.data.length;
  const heldBy = isPaused ? "pause" : user.isIn || !isFlowing ? "user" : isTooFast ? "speed" : null;

  useEffect(() => {
    if (latest === null || isPaused) return;
    const isEmpty = base === null || base.data.length === 0;
    if (isEmpty || (heldBy === null && !isOutOfView(user.area))) setBase(latest);
    else if (compared !== null) setBase({ ...base, data: compared.rows });
  }, [latest, heldBy]);

  const show = () => {
    setBase(latest);
    user.leave();
  };
  const { fresh = 0, gone = 0 } = compared ?? {};
  return {
    shown: base ?? latest,
    ...{ fresh, gone, isPaused, heldBy, show },
    pause: (next) => {
      setPaused(next);
      if (!next) setBase(latest);
    },
    area: { ...user.attributes, ref: user.area, tabIndex: -1 },
    button: user.attributes,
  };
}

function isOutOfView({ current }: RefObject<HTMLElement | null>): boolean {
  return current !== null && current.getBoundingClientRect().top < 0;
}

/** Time after which a pointer or the focus that has left counts as gone: it may be on its way to the button. */
const LEAVING_MS = 1_000;

/** Notes whether the user is in the list with the pointer or the focus. A touch counts until `leave`. */
function useUserIn() {
  const pointer = useLingering();
  const focus = useLingering();
  const area = useRef<HTMLDivElement>(null);
  const attributes: HoldingAttributes = {
    onPointerEnter: pointer.enter,
    onPointerLeave: ({ pointerType }) => {
      if (pointerType !== "touch") pointer.leave();
    },
    // The element itself gets the focus only when a control has disappeared.
    onFocusIn: ({ target }) => (target === area.current ? focus.leave() : focus.enter()),
    onFocusOut: focus.leave,
  };
  const leave = () => {
    pointer.leave();
    focus.leave();
    area.current?.focus({ preventScroll: true });
  };
  return { isIn: pointer.isIn || focus.isIn, area, attributes, leave };
}

function useLingering() {
  const [isIn, setIn] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const enter = () => {
    clearTimeout(timer.current);
    setIn(true);
  };
  const leave = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setIn(false), LEAVING_MS);
  };
  return { isIn, enter, leave };
}
