/** Controls, and elements that scripts focus. */
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const PARTS = "section, form, dialog, main";
const HEADINGS = "h1, h2, h3, [role=heading]";

/** The element that the user acted on last, and the elements around it, innermost first. */
interface Used {
  readonly element: HTMLElement;
  readonly around: readonly Element[];
}

/**
 * Keeps the focus in the page. When the element with the focus is removed, the focus moves to the
 * heading of the innermost part of the page that is left. An element that is moved or disabled for
 * some time gets the focus back.
 */
export function keepFocus(root: HTMLElement): void {
  let used: Used | null = null;
  const use = (element: HTMLElement | null) => {
    used = element === null ? null : { element, around: ancestorsOf(element, root) };
  };
  const settle = (records: readonly MutationRecord[]) => {
    if (used === null || hasFocus() || used.element.matches(":disabled")) return;
    if (used.element.isConnected) used.element.focus({ preventScroll: true });
    else if (records.length > 0) focusHeading(used.around, root);
  };
  const observer = new MutationObserver(settle);
  observer.observe(root, { subtree: true, childList: true, attributeFilter: ["disabled"] });

  root.addEventListener("focusin", ({ target }) => use(target as HTMLElement));
  // Some browsers do not focus a button that is clicked. A click beside all controls gives up the focus.
  root.addEventListener("pointerdown", ({ target }) => use((target as Element).closest<HTMLElement>(FOCUSABLE)));
  root.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (relatedTarget !== null) return;
    queueMicrotask(() => {
      const records = observer.takeRecords();
      const element = target as HTMLElement;
      if (used?.element === element && !hasFocus() && !wasChanged(element, records)) used = null;
      else settle(records);
    });
  });
}

/** Whether an element has lost the focus because it was removed, moved or disabled. */
function wasChanged(element: HTMLElement, records: readonly MutationRecord[]): boolean {
  const isMoved = records.some(({ removedNodes }) => [...removedNodes].some((node) => node.contains(element)));
  return isMoved || !element.isConnected || element.matches(":disabled");
}

function hasFocus(): boolean {
  return document.activeElement !== null && document.activeElement !== document.body;
}

function ancestorsOf(element: Element, root: Element): readonly Element[] {
  const found: Element[] = [];
  for (let one = element.parentElement; one !== null; one = one.parentElement) {
    found.push(one);
    if (one === root) break;
  }
  return found;
}

function focusHeading(around: readonly Element[], root: HTMLElement): void {
  const left = around.find((element) => element.isConnected) ?? root;
  let heading: HTMLElement | null = null;
  for (
    let part = left.closest(PARTS);
    heading === null && part !== null;
    part = part.parentElement?.closest(PARTS) ?? null
  )
    heading = part.querySelector<HTMLElement>(HEADINGS);
  heading ??= root.querySelector<HTMLElement>(HEADINGS);
  if (heading === null) return;
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
