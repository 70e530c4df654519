import { randomBytes, randomUUID } from "node:crypto";
import { makeEncryptionKey, parseEncryptionKeys } from "@waybill/db";
import { SignJWT } from "jose";
import { Pool } from "undici";
import { z } from "zod";
import { hashOfToken, makeSessionToken } from "../../apps/server/src/features/sessions/session-token.ts";
import { sealTokens } from "../../packages/db/src/stores/session-tokens.ts";
import { type Child, MEASURED, startChild } from "./child.ts";
import { type Contender, type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";
import { slices } from "./slice.ts";

export type ServerName = "waybill" | "waybillSession" | "waybillOpen" | "express" | "expressPerCaller";

/** Keep-alive connections, each with one request after the other. */
export const CONNECTIONS = 32;

const list = `/trpc/data.list?input=${encodeURIComponent(JSON.stringify({ model: "rows", limit: 10 }))}`;
const paths: Record<ServerName, string> = {
  waybill: list,
  waybillSession: list,
  waybillOpen: list,
  express: "/rows",
  expressPerCaller: "/rows",
};

/** The whole way: a signed-in caller asks a server, and that asks Supabase; and a server that does not ask who calls. */
export async function measureServers(url: string, stub: Child, pace: Pace): Promise<Rounds<ServerName>> {
  await using opened = new AsyncDisposableStack();
  const jwtSecret = randomBytes(32).toString("base64url");
  const token = await new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(randomUUID())
    .setAudience("authenticated")
    .setIssuer(`${url}/auth/v1`)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret));
  const encryptionKey = makeEncryptionKey();
  const sessionToken = makeSessionToken();
  await stub.ask({ session: sessionRow(encryptionKey, sessionToken, token) });

  const start = async (name: "waybill" | "express" | "expressPerCaller") => {
    const setup = { name, url, jwtSecret, encryptionKey, accessToken: token };
    const { child, ready } = await startChild("server-process.ts", MEASURED, setup);
    opened.use(child);
    return { child, process: {}, ...readySchema.parse(ready) };
  };
  const contender = (name: ServerName, { child, process }: Started, address: string, bearer: string): Contender => {
    const pool = new Pool(address, { connections: CONNECTIONS, pipelining: 1 });
    opened.defer(() => pool.destroy());
    const headers = { authorization: `Bearer ${bearer}` };
    const cpu = async (): Promise<number> => z.number().parse(await child.ask({}));
    const call = async (): Promise<void> => {
      const { statusCode, body } = await pool.request({ path: paths[name], method: "GET", headers });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${name} answered ${statusCode}: ${text.slice(0, 300)}`);
    };
    return { slice: slices(call, cpu, process), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
  };
  const [waybill, express, perCaller] = [
    await start("waybill"),
    await start("express"),
    await start("expressPerCaller"),
  ];
  // the three of Waybill in one process: two would differ in what V8 makes of them by more than the question costs
  const contenders: Record<ServerName, Contender> = {
    waybill: contender("waybill", waybill, waybill.url, token),
    waybillSession: contender("waybillSession", waybill, waybill.url, sessionToken),
    waybillOpen: contender("waybillOpen", waybill, waybill.openUrl ?? waybill.url, token),
    express: contender("express", express, express.url, token),
    expressPerCaller: contender("expressPerCaller", perCaller, perCaller.url, token),
  };
  await warmUp(contenders, CONNECTIONS, pace);
  return await takeTurns(contenders, CONNECTIONS, pace);
}

interface Started {
  readonly child: Child;
  /** What was counted of its CPU. */
  readonly process: { counted?: number };
}

const readySchema = z.object({ url: z.string(), openUrl: z.string().optional() });

/** A session as a login stores it. */
function sessionRow(encryptionKey: string, sessionToken: string, access_token: string): object {
  const session_id = randomUUID();
  const sealed = sealTokens(parseEncryptionKeys(encryptionKey), session_id, { access_token, refresh_token: "none" });
  return {
    ...sealed,
    session_id,
    user_id: randomUUID(),
    token_hash: hashOfToken(sessionToken),
    token_type: "Bearer",
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    is_active: true,
    created_at: new Date().toISOString(),
    last_activity: new Date().toISOString(),
    ip_address: null,
    user_agent: null,
    permissions: null,
  };
}
