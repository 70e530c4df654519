import type { DataModelRow } from "./data-model.ts";
import { compareVersions, laterTimestamp } from "./primitives.ts";
import { defineMachine, type EventOf } from "./state-machine.ts";

/** The part of a row that events change (data-model.md §4, State Transitions). */
export type DataModelState = Pick<DataModelRow, "is_active" | "schema_version" | "created_at" | "updated_at">;

interface Moment {
  readonly at: string;
}

interface DataModelEvents {
  created: Moment & { readonly schema_version: string };
  /** The version must be raised; by how much, `classifyChange` tells. */
  updated: Moment & { readonly schema_version: string };
  deprecated: Moment;
  reactivated: Moment;
}
export type DataModelEvent = EventOf<DataModelEvents>;

const touched = (state: DataModelState, event: Moment): DataModelState => ({
  ...state,
  updated_at: laterTimestamp(state.updated_at, event.at),
});

const updated = (state: DataModelState, event: Moment & { readonly schema_version: string }) => {
  const order = compareVersions(event.schema_version, state.schema_version);
  return order !== null && order > 0 ? { ...touched(state, event), schema_version: event.schema_version } : null;
};

/** The next state of a model, or `ILLEGAL_TRANSITION` (data-model.md §4). Pure; `null` stands for no row yet. */
export const transitionDataModel = defineMachine<DataModelState, "active" | "inactive", DataModelEvents>({
  entity: "DataModel",
  phaseOf: (state) => (state.is_active ? "active" : "inactive"),
  birth: {
    created: ({ at, schema_version }) => ({ is_active: true, schema_version, created_at: at, updated_at: at }),
    updated: null,
    deprecated: null,
    reactivated: null,
  },
  table: {
    active: {
      created: null,
      updated,
      deprecated: (state, event) => ({ ...touched(state, event), is_active: false }),
      reactivated: null,
    },
    inactive: {
      created: null,
      updated: null,
      deprecated: null,
      reactivated: (state, event) => ({ ...touched(state, event), is_active: true }),
    },
  },
});
