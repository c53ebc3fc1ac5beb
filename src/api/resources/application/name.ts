/** The fields by which lists of an environment name the application of an item. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import type { ApplicationName } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { nullable } from "../../http/schema.ts";

export const applicationNameFields = {
  appId: field.idOut("app_"),
  appName: Type.String(),
  appUid: nullable(Type.String()),
  sourceId: Type.Optional(
    Type.String({ description: "The source that the application stands behind; absent for ordinary applications." }),
  ),
};

export const applicationNameExample = {
  appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appName: "Customer 17",
  appUid: "customer-17",
};

export function applicationNameOut({ seq, name, uid, sourceSeq }: ApplicationName, ids: IdCodec) {
  return {
    ...{ appId: ids.encode("app_", seq), appName: name, appUid: uid },
    ...(sourceSeq !== null && { sourceId: ids.encode("src_", sourceSeq) }),
  };
}
