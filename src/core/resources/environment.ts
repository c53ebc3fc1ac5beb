import {
  environmentNameCharsMax,
  environmentNamePattern,
  environmentNameProblem,
  environmentPrefix,
} from "../environment.ts";
import { createdAt, key, type RecordOf, required, requiredAtCreation, state, updatedAt } from "./field.ts";
import { choice, instant, nullableOutput, text } from "./value-type.ts";

const name = text({
  minLength: 1,
  maxLength: environmentNameCharsMax,
  rule: environmentNameProblem,
  shown: {
    description:
      "Unique. Can be used instead of the id in the `boathook-environment` header, so only printable ASCII is allowed.",
    pattern: environmentNamePattern,
    examples: ["production"],
  },
});

/** All fields of an environment. To add a field, add a line here and a column in a migration. */
export const environmentFields = {
  seq: key(environmentPrefix),
  /**
   * A unique name. An environment that a JWT creates takes its name from the `org_…` id in the JWT.
   */
  name: required(name, { example: "staging" }),
  type: requiredAtCreation(choice(["development", "production"], { description: "Informational." }), {
    example: "development",
  }),
  /** The Svix API returns the region of its hosting here. */
  region: state(choice(["eu", "us", "au", "ca", "self-hosted"]), "self-hosted", { stored: false }),
  /** Time since which no delivery of the environment is sent; null unless it is paused. */
  pausedAt: state(
    nullableOutput(instant({ description: "Since when deliveries are paused; null if they are not." })),
    null,
  ),
  createdAt,
  updatedAt,
};

export interface Environment extends RecordOf<typeof environmentFields> {}
