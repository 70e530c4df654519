import { createWaybillClient } from "@waybill/client";
import { expect, test } from "vitest";
import { expectRefusal } from "./refusals.ts";

/** A call whose answer is this, over the real client. */
function callAnswered(answer: () => Response): Promise<unknown> {
  const client = createWaybillClient({ url: "http://waybill.invalid", fetch: () => Promise.resolve(answer()) });
  return client.sessions.me.query();
}

const refused = (code: string, field?: string) => () =>
  Response.json(
    {
      error: {
        code: -32600,
        message: "latitude is too large",
        data: {
          code,
          message: "latitude is too large",
          hint: "Send less.",
          operation_id: null,
          request_id: "r1",
          ...(field === undefined ? {} : { issues: [{ field, rule: "maximum", message: "must be <= 90" }] }),
        },
      },
    },
    { status: 400 },
  );

test("the refusal that was expected is described", async () => {
  const call = callAnswered(refused("VALIDATION_FAILED", "row.latitude"));
  expect(await expectRefusal(call, { code: "VALIDATION_FAILED", field: "row.latitude" })).toBe(
    "VALIDATION_FAILED at row.latitude: latitude is too large",
  );
});

test.each([
  [
    "another code",
    refused("INTERNAL"),
    "must be refused with VALIDATION_FAILED at row.latitude, and was with INTERNAL at no field",
  ],
  ["another field", refused("VALIDATION_FAILED", "row.name"), "was with VALIDATION_FAILED at row.name"],
  ["a success", () => Response.json({ result: { data: {} } }), "must be refused, but it succeeded"],
  ["no answer", () => Response.error(), "the server never answered it"],
])("%s fails the step", async (_, answer, message) => {
  const expected = { code: "VALIDATION_FAILED", field: "row.latitude" };
  await expect(expectRefusal(callAnswered(answer), expected)).rejects.toThrow(message);
});
