import { expect, test } from "vitest";
import { refusedColumns, type RefusedModel } from "./refused-columns.ts";

const routes: RefusedModel = {
  columns: ["origin", "destination", "flight_no", "count"],
  primaryKey: ["origin", "destination"],
  model: {
    table_name: "routes",
    relationships: [
      { kind: "many-to-one", name: "leg", model: "legs", columns: ["origin", "destination"], on_delete: "no action" },
    ],
  },
};

test.each([
  [
    "a key that is told",
    "violates …",
    "Key (origin, destination)=(SFO, LAX) already exists.",
    ["origin", "destination"],
  ],
  ["a column", 'null value in column "count" of relation "routes"', null, ["count"]],
  [
    "a foreign key whose value is kept back",
    'foreign key constraint "routes_destination_fkey"',
    'Key is not present in table "airports".',
    ["destination"],
  ],
  ["a primary key whose value is kept back", 'unique constraint "routes_pkey"', null, ["origin", "destination"]],
  ["a unique column", 'unique constraint "routes_flight_no_key"', null, ["flight_no"]],
  ["a second check of a column", 'check constraint "routes_count_check1"', null, ["count"]],
  ["a foreign key of several columns", 'constraint "routes_origin_destination_fkey"', null, ["origin", "destination"]],
  ["a foreign key of a compiled model", 'constraint "routes_leg_fkey"', null, ["origin", "destination"]],
  ["a check of a compiled model", 'check constraint "routes_flight_no_max_length"', null, ["flight_no"]],
  ["a constraint named after the relationship", 'constraint "leg"', null, ["origin", "destination"]],
  ["a constraint with a name of its own", 'check constraint "routes_count_positive"', null, []],
  ["a constraint of another table", 'constraint "visits_origin_fkey" on table "visits"', null, []],
  ["nothing", "new row violates row-level security policy", null, []],
])("%s", (_, message, details, columns) => {
  expect(refusedColumns({ message, details }, routes)).toEqual(columns);
});
