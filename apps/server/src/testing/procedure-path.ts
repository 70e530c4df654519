import type { inferRouterInputs } from "@trpc/server";
import type { AppRouter } from "../app-router.ts";

type Inputs = inferRouterInputs<AppRouter>;

/** `data.list`, and every other. */
export type ProcedurePath = {
  [Feature in keyof Inputs]: `${Feature}.${keyof Inputs[Feature] & string}`;
}[keyof Inputs];

export type InputAt<Path> = Path extends `${infer Feature extends keyof Inputs}.${infer Name}`
  ? Name extends keyof Inputs[Feature]
    ? Inputs[Feature][Name]
    : never
  : never;
