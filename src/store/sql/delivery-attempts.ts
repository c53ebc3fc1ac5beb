/** Expressions in SQL about the attempts of the delivery `d`, in a query that also reads its message `m`. */
export interface DeliveryAttempts {
  /** True if an attempt has succeeded. */
  readonly hasSucceeded: string;
  /** The response status of the latest attempt. Null if there is none. */
  readonly latestStatus: string;
}
