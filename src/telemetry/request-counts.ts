/** Counts the requests to the operations of the API. */
export class RequestCounts {
  // Plain numbers are counted, because this code runs for every request.
  readonly #byOperation = new Map<string, Map<number, number>>();
  #failed = 0;

  /** Counts a response with this status to a request for the operation with this id. */
  count(operation: string, status: number): void {
    let byStatus = this.#byOperation.get(operation);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#byOperation.set(operation, byStatus);
    }
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    if (status >= 500) this.#failed++;
  }

  /** The number of responses with a status of 500 or above. */
  get failed(): number {
    return this.#failed;
  }

  /** Returns the number of requests of each operation and status. */
  all(): { operation: string; status: number; count: number }[] {
    return [...this.#byOperation].flatMap(([operation, byStatus]) =>
      [...byStatus].map(([status, count]) => ({ operation, status, count })),
    );
  }
}
