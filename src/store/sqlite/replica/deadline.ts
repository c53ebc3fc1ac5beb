import type { Clock } from "../../../ports.ts";

/** Resolves to whether `promise` resolved within a time. */
export async function withDeadline(clock: Clock, promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let cancel = () => {};
  const expired = new Promise<false>((resolve) => {
    cancel = clock.after(timeoutMs, () => resolve(false));
  });
  const isDone = await Promise.race([promise.then(() => true), expired]);
  cancel();
  return isDone;
}
