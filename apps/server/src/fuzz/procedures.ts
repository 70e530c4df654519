import { checkFields, compileFields } from "@waybill/contracts/json-schema";
import { dataModelFieldsSchema, primaryKeyOf } from "@waybill/contracts";
import { z } from "zod";
import { appRouter } from "../app-router.ts";
import { airportsModel } from "@waybill/contracts/demo-models";
import type { ProcedurePath } from "../testing/procedure-path.ts";
import { validInputs } from "./valid-inputs.ts";

const definitionSchema = z.object({
  type: z.enum(["query", "mutation", "subscription"]),
  inputs: z.tuple([z.instanceof(z.ZodType)]),
});
const built = z.object({
  procedures: z.record(
    z.string(),
    z.custom<object>((value) => typeof value === "function"),
  ),
});
const definitions = built.parse(Reflect.get(appRouter, "_def")).procedures;

export interface FuzzProcedure {
  readonly path: ProcedurePath;
  readonly type: "query" | "mutation" | "subscription";
  readonly valid: unknown;
  /** Whether the contracts refuse this input, by the schema or by the model's fields. */
  readonly refuses: (input: unknown) => boolean;
}

const fields = dataModelFieldsSchema.parse(airportsModel.fields);
const validate = compileFields(fields);
const key = primaryKeyOf(fields);

const isPath = (path: string): path is ProcedurePath => Object.hasOwn(validInputs, path);

export const procedures: readonly FuzzProcedure[] = Object.keys(validInputs)
  .filter(isPath)
  .map((path) => {
    const { type, inputs } = definitionSchema.parse(Reflect.get(definitions[path] ?? {}, "_def"));
    const refuses = (input: unknown) => {
      const parsed = inputs[0].safeParse(input);
      return !parsed.success || refusedByModel(path, parsed.data);
    };
    return { path, type, valid: validInputs[path], refuses };
  });

const rowSchema = z.record(z.string(), z.unknown());
const named = z.array(z.union([z.string(), z.object({ column: z.string() }).transform(({ column }) => column)]));
const dataSchema = z.looseObject({
  model: z.string(),
  row: rowSchema.optional(),
  rows: z.array(rowSchema).default([]),
  changes: rowSchema.default({}),
  key: rowSchema.optional(),
  columns: named.default([]),
  filters: named.default([]),
  order: named.default([]),
});

/** What only the model can tell: everything that the service has to refuse before a request goes upstream. */
function refusedByModel(path: ProcedurePath, input: unknown): boolean {
  if (path === "models.create") return checkFields(z.object({ fields: z.unknown() }).parse(input).fields).length > 0;
  if (!path.startsWith("data.")) return false;
  const { model, row, rows, changes, key: given, columns, filters, order } = dataSchema.parse(input);
  if (model !== airportsModel.model_name) return true;
  const all = row === undefined ? rows : [row];
  return (
    all.some((one) => !validate(one).ok) ||
    !validate(changes, { partial: true }).ok ||
    (given !== undefined && Object.keys(given).join() !== key.join()) ||
    [...columns, ...filters, ...order].some((column) => !Object.hasOwn(fields.properties, column))
  );
}
