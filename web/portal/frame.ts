/** What the page owes the page around it, when it stands in a frame. */

export function isFramed(): boolean {
  return window.parent !== window;
}

/**
 * Tells the page around it how tall the content is, in the form that svix-react's `fullSize` listens for. Any page may hear
 * it: it is a number of pixels.
 */
export function tellHeight(root: HTMLElement): void {
  new ResizeObserver(() => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    window.parent.postMessage({ type: "svix.iframe-resizer-height", payload: { height } }, "*");
  }).observe(root);
}
