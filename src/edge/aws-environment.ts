import type { AwsCredentials } from "../core/aws-url.ts";
import { StartError } from "../core/start-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the keys for AWS in the environment. Throws a `StartError` if they are missing. */
export function awsCredentialsIn(environment: Environment): AwsCredentials {
  const required = (name: string) => {
    const value = environment[name];
    if (value !== undefined && value !== "") return value;
    throw new StartError(
      `The setting aws-credentials is \`environment\`, but the variable ${name} is missing. Set it, or set aws-credentials to \`none\`.`,
    );
  };
  return {
    accessKeyId: required("AWS_ACCESS_KEY_ID"),
    secretAccessKey: required("AWS_SECRET_ACCESS_KEY"),
    sessionToken: environment.AWS_SESSION_TOKEN || null,
  };
}
