import fc from "fast-check";
import { type FuzzProcedure, procedures } from "./procedures.ts";

/** A call whose input the contracts refuse. */
export interface MalformedCall {
  readonly procedure: FuzzProcedure;
  readonly input: unknown;
}

const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

/** Values that have broken something somewhere. */
const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    2 ** 53,
    "",
    " ",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udc00x",
    "x".repeat(70_000),
    "9".repeat(400),
    "'; drop table airports; --",
    '") or true --',
    "eq.1",
    "not.is.null",
    "(a,b)",
    "*",
    "%",
    "../../etc/passwd",
    "null",
    "NaN",
    "Infinity",
    "2026-02-30T00:00:00Z",
    "eyJhbGciOiJub25lIn0.e30.",
    "wbs_x",
    [],
    {},
    [[]],
    [null],
    deep(100),
    deep(1000),
    JSON.parse('{"__proto__":{"roles":["admin"]}}'),
    { constructor: { prototype: { admin: true } } },
    { toString: 1, hasOwnProperty: 1 },
    { $ref: "https://example.com/schema" },
    "rivers",
    "colour",
  ),
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 30 }),
  fc.double(),
);

type Change = {
  readonly kind: "replace" | "add" | "delete";
  readonly at: number;
  readonly name: string;
  readonly value: unknown;
};

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("replace" as const, "replace" as const, "add" as const, "delete" as const),
  at: fc.nat(10_000),
  name: fc.oneof(
    fc.constantFrom("__proto__", "constructor", "limit", "id", "roles", "user_id", "Ä", "a b", ""),
    fc.string({ maxLength: 12 }),
  ),
  value: nasty,
});

/** Changes that any schema takes and only the model refuses: another column, a value of another type. */
const plausible: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("replace" as const, "add" as const, "delete" as const),
  at: fc.nat(10_000),
  name: fc.constantFrom("colour", "user_id", "iata", "name"),
  value: fc.constantFrom<unknown>(1, 91, "x", "rivers", "colour", "lower", true, null),
});
const dataProcedures = procedures.filter(({ path }) => path.startsWith("data."));

const ofAny: fc.Arbitrary<MalformedCall> = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom(...dataProcedures), fc.tuple(plausible)).map(changed), weight: 3 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...procedures), fc.array(change, { minLength: 1, maxLength: 3 })).map(changed),
    weight: 5,
  },
  { arbitrary: fc.record({ procedure: fc.constantFrom(...procedures), input: nasty }), weight: 1 },
);

/** Malformed calls of all procedures. What a change happens to leave valid is not among them. */
export const malformedCall: fc.Arbitrary<MalformedCall> = ofAny.filter(({ procedure, input }) => {
  // as it arrives: JSON has no undefined, no NaN
  const text = JSON.stringify(input);
  return text !== undefined && procedure.refuses(JSON.parse(text));
});

function changed([procedure, changes]: [FuzzProcedure, readonly Change[]]): MalformedCall {
  let input: unknown = structuredClone(procedure.valid);
  for (const one of changes) input = apply(input, { ...one, value: structuredClone(one.value) });
  return { procedure, input };
}

/** Changes one place of a JSON value, counted through all of them. */
function apply(root: unknown, { kind, at, name, value }: Change): unknown {
  const places: { holder: object; key: string }[] = [];
  const visit = (holder: unknown, depth: number): void => {
    // one place in a thousand brackets is as good as another
    if (depth > 10 || typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      visit(Reflect.get(holder, key), depth + 1);
    }
  };
  visit(root, 0);
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return kind === "add" ? { [name]: value } : value;
  const target = kind === "add" ? { holder: place.holder, key: name } : place;
  if (kind === "delete") Reflect.deleteProperty(place.holder, place.key);
  else
    Object.defineProperty(target.holder, target.key, { value, enumerable: true, configurable: true, writable: true });
  return root;
}
