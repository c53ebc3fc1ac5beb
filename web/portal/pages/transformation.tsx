import { TransformationSection } from "../../kit/endpoint/transformation/section.tsx";
import { transformationOf } from "../api.ts";
import { EndpointFrame } from "../parts/endpoint-frame.tsx";
import { may } from "../session.ts";
import { UnknownPage } from "./unknown.tsx";

/** Shows the transformation of one endpoint. */
export function TransformationPage({ id }: { id: string }) {
  if (!may("v1.endpoint.transformation.get")) return <UnknownPage />;
  return (
    <EndpointFrame id={id} tab="transformation">
      {() => <TransformationSection of={id} api={transformationOf(id)} />}
    </EndpointFrame>
  );
}
