/** Cooperates with the site that embeds the page in a frame. */

export function isFramed(): boolean {
  return window.parent !== window;
}

/**
 * Reports the height of the content to the embedding page, in the format that `fullSize` of
 * svix-react expects. Every site may receive the height, because it is only a number of pixels.
 */
export function reportHeight(root: HTMLElement): void {
  new ResizeObserver(() => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    window.parent.postMessage({ type: "svix.iframe-resizer-height", payload: { height } }, "*");
  }).observe(root);
}
