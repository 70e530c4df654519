import { authenticationContextOutputSchema } from "@waybill/contracts";
import { expect, it } from "vitest";
import { calmUntil } from "./token-life.ts";

const hour = 3_600_000;
const session = authenticationContextOutputSchema.parse({
  session_id: "0198a8c0-0000-7000-8000-000000000001",
  user_id: "ada",
  token_type: "Bearer",
  expires_at: "2026-01-01T02:00:00.000Z",
  is_active: true,
  created_at: "2026-01-01T00:00:00.000Z",
  last_activity: "2026-01-01T01:00:00.000Z",
  ip_address: null,
  user_agent: null,
  permissions: null,
});
const until = (changes: object, idleMs = 24 * hour) => calmUntil({ session: { ...session, ...changes } }, idleMs);

it("is half a minute before the expiry, or when nobody has used the session for too long, and never for one that is over", () => {
  expect(until({})).toBe(Date.parse("2026-01-01T01:59:30.000Z"));
  expect(until({}, hour / 2)).toBe(Date.parse("2026-01-01T01:30:00.000Z"));
  expect(until({ is_active: false })).toBe(0);
});
