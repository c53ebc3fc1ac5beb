/**
 * What an entry of the browser's history keeps, so that going back shows a page as it was left: the
 * positions in its lists and how far it was scrolled.
 */
interface Kept {
  /** The iterators of the pages up to the current one, by the name of the list. */
  readonly places?: Readonly<Record<string, readonly string[]>>;
  readonly scrollY?: number;
}

export function keptPlace(name: string): readonly string[] {
  return kept().places?.[name] ?? [];
}

export function keepPlace(name: string, iterators: readonly string[]): void {
  keep({ places: { ...kept().places, [name]: iterators } });
}

export function keptScroll(): number {
  return kept().scrollY ?? 0;
}

/** Time after the last scroll event before the position is kept. Browsers limit how often it may be. */
const SCROLL_PAUSE_MS = 150;

/** Keeps how far the page is scrolled, until the returned function is called. */
export function followScroll(): () => void {
  // The pages load their content after the browser would restore the position.
  history.scrollRestoration = "manual";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const keepNow = () => {
    clearTimeout(timer);
    if (Math.round(scrollY) !== keptScroll()) keep({ scrollY: Math.round(scrollY) });
  };
  const onScroll = () => {
    clearTimeout(timer);
    timer = setTimeout(keepNow, SCROLL_PAUSE_MS);
  };
  addEventListener("scroll", onScroll, { passive: true });
  // A link may be clicked right after scrolling.
  addEventListener("click", keepNow, { capture: true });
  // What was scrolled belongs to the entry that the user left, not to the present one.
  const forget = () => clearTimeout(timer);
  addEventListener("popstate", forget);
  return () => {
    clearTimeout(timer);
    removeEventListener("scroll", onScroll);
    removeEventListener("popstate", forget);
    removeEventListener("click", keepNow, { capture: true });
  };
}

/** Time in which the content of a page must have loaded so that its position is restored. */
const RESTORE_MAX_MS = 5_000;

/** Scrolls to a position as soon as the content is long enough, unless the user does something first. */
export function restoreScroll(content: HTMLElement, y: number): () => void {
  const events = ["wheel", "touchstart", "keydown", "pointerdown"] as const;
  const stop = () => {
    observer.disconnect();
    clearTimeout(timer);
    for (const event of events) removeEventListener(event, stop);
  };
  const observer = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight - innerHeight < y) return;
    scrollTo(0, y);
    stop();
  });
  const timer = setTimeout(stop, RESTORE_MAX_MS);
  for (const event of events) addEventListener(event, stop, { passive: true });
  observer.observe(content);
  return stop;
}

function kept(): Kept {
  return (history.state as Kept | null) ?? {};
}

function keep(change: Kept): void {
  history.replaceState({ ...kept(), ...change }, "");
}
