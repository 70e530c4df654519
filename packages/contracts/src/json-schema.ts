export type { DataModelFields } from "./data-model/fields.ts";
