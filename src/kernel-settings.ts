import type { Settings } from "./config/index.ts";
import { awsCredentialsIn } from "./edge/aws-environment.ts";
import type { OwnAddress } from "./edge/own-address.ts";
import type { KernelSettings } from "./kernel.ts";

/** Returns the settings of the kernel, with what only the environment of the process and its address show. */
export function kernelSettings(
  settings: Settings,
  { version, acceptClock = false }: { readonly version: string; readonly acceptClock?: boolean },
  address: OwnAddress,
): KernelSettings {
  const publicUrl = () => address.publicUrl;
  const { inbox } = address;
  const isProxied = settings.egressProxy !== null;
  const awsCredentials = settings.awsCredentials === "none" ? null : awsCredentialsIn(process.env);
  return { ...settings, userAgent: `Boathook/${version}`, inbox, publicUrl, isProxied, awsCredentials, acceptClock };
}
