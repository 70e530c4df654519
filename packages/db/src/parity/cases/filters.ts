import { items, TABLE, type ParityCase } from "../parity-case.ts";

/** Each operator of PostgREST that the query builder has. */
export const filterCases: readonly ParityCase[] = [
  ["eq", (w) => items(w).select().eq("id", 2)],
  ["eq of a text with blanks and quotes", (w) => items(w).select().eq("name", ' a "quoted", text ')],
  ["neq", (w) => items(w).select().neq("id", 2).order("id")],
  ["gt", (w) => items(w).select().gt("price", 2).order("id")],
  ["gte", (w) => items(w).select().gte("price", 2.5).order("id")],
  ["lt", (w) => items(w).select().lt("price", 2).order("id")],
  ["lte", (w) => items(w).select().lte("price", 1.5).order("id")],
  ["like", (w) => items(w).select().like("name", "%an%").order("id")],
  ["likeAllOf", (w) => items(w).select().likeAllOf("name", ["%an%", "b%"]).order("id")],
  ["likeAnyOf", (w) => items(w).select().likeAnyOf("name", ["a%", "b%"]).order("id")],
  ["ilike", (w) => items(w).select().ilike("name", "%AN%").order("id")],
  ["ilikeAllOf", (w) => items(w).select().ilikeAllOf("name", ["%AN%", "B%"]).order("id")],
  ["ilikeAnyOf", (w) => items(w).select().ilikeAnyOf("name", ["A%", "B%"]).order("id")],
  ["regexMatch", (w) => items(w).select().regexMatch("name", "^a").order("id")],
  ["regexIMatch", (w) => items(w).select().regexIMatch("name", "^A").order("id")],
  ["is", (w) => items(w).select().is("note", null).order("id")],
  ["isDistinct", (w) => items(w).select().isDistinct("note", null).order("id")],
  ["in", (w) => items(w).select().in("id", [1, 3]).order("id")],
  ["notIn", (w) => items(w).select().notIn("id", [1, 3]).order("id")],
  ["contains an array", (w) => items(w).select().contains("tags", ["red"]).order("id")],
  ["contains JSON", (w) => items(w).select().contains("extra", { size: 1 }).order("id")],
  ["containedBy", (w) => items(w).select().containedBy("tags", ["red", "green"]).order("id")],
  ["rangeGt", (w) => items(w).select().rangeGt("span", "[0,2)").order("id")],
  ["rangeGte", (w) => items(w).select().rangeGte("span", "[2,4)").order("id")],
  ["rangeLt", (w) => items(w).select().rangeLt("span", "[8,9)").order("id")],
  ["rangeLte", (w) => items(w).select().rangeLte("span", "[1,4)").order("id")],
  ["rangeAdjacent", (w) => items(w).select().rangeAdjacent("span", "[5,8)").order("id")],
  ["overlaps", (w) => items(w).select().overlaps("tags", ["green", "blue"]).order("id")],
  ["textSearch", (w) => items(w).select().textSearch("name", "apple", { config: "english", type: "plain" })],
  ["match", (w) => items(w).select().match({ id: 1, name: "apple" })],
  ["not", (w) => items(w).select().not("note", "is", null).order("id")],
  ["or", (w) => items(w).select().or("id.eq.1,name.eq.banana").order("id")],
  [
    "or of an embedded table",
    (w) =>
      w.admin
        .from(`${TABLE}_parts`)
        .select("*, parity_items!inner(*)")
        .or("id.eq.1", { referencedTable: TABLE })
        .order("id"),
  ],
  ["filter", (w) => items(w).select().filter("id", "gte", 2).order("id")],
  ["filter that is none", (w) => items(w).select().filter("id", "no-such", 2), "refused"],
];
