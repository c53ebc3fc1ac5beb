/**
 * Resolves when a connection is closed, at the latest after `msMax`. Ignores errors, because a
 * connection that has already ended cannot be closed.
 */
export async function closedWithin(msMax: number, closing: Promise<unknown>): Promise<void> {
  const { promise: tooLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, msMax);
  await Promise.race([closing.catch(() => {}), tooLate]);
  clearTimeout(timer);
}
