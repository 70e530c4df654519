import type { OpenSession } from "@waybill/db";
import { expect, it } from "vitest";
import { createOpenSessions, type HeldSession } from "./open-sessions.ts";
import { hashOfToken, makeSessionToken } from "./session-token.ts";

const session_id = "6f0c1f57-6c6f-4d7c-9d3b-0e7b8f4f9a11";

/** A row that another statement ends, and reads of it that can be held back. */
function opened() {
  const token = makeSessionToken();
  const stored: OpenSession = {
    session: {
      session_id,
      user_id: "7b0c1f57-6c6f-4d7c-9d3b-0e7b8f4f9a12",
      token_type: "Bearer",
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      is_active: true,
      created_at: new Date().toISOString(),
      last_activity: new Date().toISOString(),
      ip_address: null,
      user_agent: null,
      permissions: {},
    },
    tokens: { access_token: "a", refresh_token: "r" },
  };
  const row = { isActive: true, reads: 0 };
  const held: (() => void)[] = [];
  let holds = false;
  const sessions = createOpenSessions({
    async findByTokenHash() {
      const is_active = row.isActive;
      row.reads += 1;
      if (holds) await new Promise<void>((resolve) => held.push(resolve));
      return { ...stored, session: { ...stored.session, is_active } };
    },
    touch: () => {},
  });
  const answer = () => {
    holds = false;
    for (const go of held.splice(0)) go();
  };
  const asKept: HeldSession = { ...stored, tokenHash: hashOfToken(token) };
  return { token, row, sessions, asKept, holdReads: () => (holds = true), answer };
}

const changes = [
  ["forget", ({ sessions, asKept }: ReturnType<typeof opened>) => sessions.forget(asKept.tokenHash)],
  ["forgetSessions", ({ sessions }: ReturnType<typeof opened>) => sessions.forgetSessions([session_id])],
] as const;

it.each(changes)("knows nothing of before a %s: not what it kept, and not what was being read", async (_, change) => {
  const world = opened();
  const { sessions, token, row } = world;
  expect((await sessions.find(token)).session.is_active).toBe(true);
  expect((await sessions.find(token)).session.is_active).toBe(true);
  expect(row.reads).toBe(1);
  row.isActive = false;
  change(world);
  expect((await sessions.find(token)).session.is_active).toBe(false);

  const other = opened();
  other.holdReads();
  const early = other.sessions.find(other.token);
  await expect.poll(() => other.row.reads).toBe(1);
  other.row.isActive = false;
  change(other);
  other.answer();
  await early;
  expect((await other.sessions.find(other.token)).session.is_active).toBe(false);
});

it.each(changes)("keeps nothing that was stored before a %s", async (_, change) => {
  const world = opened();
  const { sessions, token, row, asKept } = world;
  const since = sessions.changes();
  row.isActive = false;
  change(world);
  sessions.keep(asKept, since);
  expect((await sessions.find(token)).session.is_active).toBe(false);
  sessions.keep(asKept, sessions.changes());
  expect((await sessions.find(token)).session.is_active).toBe(true);
});
