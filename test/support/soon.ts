/** Repeats a read until its result fits, and returns it. Fails with the last result after a time. */
export async function soon<T>(ask: () => T | Promise<T>, fits: (answer: T) => boolean, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`The last value was ${Bun.inspect(answer)}.`);
    await Bun.sleep(10);
  }
}
