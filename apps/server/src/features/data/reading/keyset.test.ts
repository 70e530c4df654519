import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { behind, decodeCursor, encodeCursor, quoteValue, textPlaces, totalOrder } from "./keyset.ts";

const order = totalOrder([{ column: "state", direction: "desc" }], ["iata"]);

describe("totalOrder", () => {
  it("ends in the primary key, and names no column twice", () => {
    expect(order.map(({ column, ascending, nullable }) => [column, ascending, nullable])).toEqual([
      ["state", false, true],
      ["iata", true, false],
    ]);
    const byKey = totalOrder([{ column: "iata", direction: "desc" }], ["iata"]);
    expect(byKey).toEqual([{ column: "iata", ascending: false, nullable: false, place: "iata" }]);
  });

  it("brings a value as text where JSON would change it, under a name that no column has", () => {
    const byAmount = totalOrder([{ column: "amount", direction: "asc" }], ["iata"], (column) => column === "amount");
    expect(textPlaces(byAmount)).toBe(",0_:amount::text");
    const cursor = encodeCursor(byAmount, { amount: 1e16, "0_": "10000000000000000.1", iata: "X" }) ?? "";
    expect(decodeCursor(byAmount, cursor)).toEqual(["10000000000000000.1", "X"]);
  });
});

describe("a cursor", () => {
  it("comes back as the values that it was made of, and belongs to one order", () => {
    fc.assert(
      fc.property(fc.option(fc.string()), fc.string(), (state, iata) => {
        const cursor = encodeCursor(order, { state, iata, other: 1 }) ?? "";
        const storable = [state ?? "", iata].every((text) => !text.includes("\0") && text.isWellFormed());
        expect(decodeCursor(order, cursor)).toEqual(storable ? [state, iata] : null);
        expect(decodeCursor(totalOrder([], ["iata"]), cursor)).toBeNull();
      }),
    );
  });

  it("is refused when it is made up", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString("base64url")),
        ),
        (text) => {
          expect(decodeCursor(order, text)).toBeNull();
        },
      ),
    );
    const nullKey = Buffer.from(JSON.stringify(["-state,iata", ["AK", null]])).toString("base64url");
    expect(decodeCursor(order, nullKey)).toBeNull();
  });

  it("has no place for what is no plain value", () => {
    expect(encodeCursor(order, { state: { a: 1 }, iata: "X" })).toBeNull();
  });
});

describe("behind", () => {
  it("puts nulls last, and nothing behind null but the ties", () => {
    expect(behind(order, ["AK", "ANC"])).toBe('or(state.lt."AK",state.is.null),and(state.eq."AK",iata.gt."ANC")');
    expect(behind(order, [null, "ANC"])).toBe('and(state.is.null,iata.gt."ANC")');
  });

  it("quotes what would have a meaning in a list", () => {
    expect(quoteValue('a"b\\c,(d)')).toBe(String.raw`"a\"b\\c,(d)"`);
    expect([quoteValue(1.5), quoteValue(true)]).toEqual(["1.5", "true"]);
  });
});
