import { invalid } from "../../../core/problem.ts";
import { uidProblem } from "../../../core/rule.ts";

/** Throws 422 if a name of a sink, a consumer or a group in a path is invalid. */
export function checkName(param: "sink_id" | "consumer_id" | "group_id", name: string): void {
  const problem = uidProblem(name, "src_");
  if (problem !== null) throw invalid(["path", param], problem);
}
