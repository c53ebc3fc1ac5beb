/**
 * The greatest number up to which no message will become visible any more. Each instance stores in its
 * row, with every commit, the number up to which it has committed everything, so the smallest of them
 * holds for all. As a part of a query it belongs to the same snapshot as the rows that it hides.
 *
 * A process that is alone hides nothing: it commits messages in the order of their numbers. A process
 * that joins it begins after all numbers that were visible before.
 */
export const HORIZON = `(SELECT CASE WHEN count(*) > 1 THEN min(floor) ELSE ${Number.MAX_SAFE_INTEGER} END FROM instance WHERE held)`;
