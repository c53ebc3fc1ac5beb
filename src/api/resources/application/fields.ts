/** The fields of an application in the API, derived from its table. */
import type { Static } from "@sinclair/typebox";
import type { ApplicationSettings } from "../../../commands/applications.ts";
import type { IdCodec } from "../../../core/id.ts";
import { type Application, applicationFields } from "../../../core/resources/application.ts";
import { settingsOf as defaultSettingsOf } from "../../../core/resources/field.ts";
import * as field from "../../http/fields.ts";
import {
  applyCreate,
  createProperties,
  exampleOf,
  outputOf,
  outputProperties,
  patchProperties,
} from "../../http/resource.ts";

/**
 * The body of requests that create or replace an application. One schema is enough, because all
 * fields can be changed.
 */
export const ApplicationIn = field.object("ApplicationIn", createProperties(applicationFields));
export const ApplicationPatch = field.object("ApplicationPatch", patchProperties(applicationFields));
export const ApplicationOut = field.object("ApplicationOut", outputProperties(applicationFields));
export const applicationExample = exampleOf(applicationFields);

export function applicationOut(application: Application, ids: IdCodec) {
  return outputOf(applicationFields, application, ids);
}

/** Returns the settings of a new application. */
export function settingsOf(sent: Static<typeof ApplicationIn>): ApplicationSettings {
  return applyCreate(applicationFields, { ...defaultSettingsOf(applicationFields), name: sent.name }, sent);
}
