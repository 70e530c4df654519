import { randomBytes, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { Pool } from "undici";
import { z } from "zod";
import { MEASURED, startChild } from "./child.ts";
import { type Contender, type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";
import { slices } from "./slice.ts";

export type ServerName = "waybill" | "express" | "expressPerCaller";

/** Keep-alive connections, each with one request after the other. */
export const CONNECTIONS = 32;

const paths: Record<ServerName, string> = {
  waybill: `/trpc/data.list?input=${encodeURIComponent(JSON.stringify({ model: "rows", limit: 10 }))}`,
  express: "/rows",
  expressPerCaller: "/rows",
};

/** The whole way: a signed-in caller asks a server, and that asks Supabase. */
export async function measureServers(url: string, pace: Pace): Promise<Rounds<ServerName>> {
  await using opened = new AsyncDisposableStack();
  const jwtSecret = randomBytes(32).toString("base64url");
  const token = await new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(randomUUID())
    .setAudience("authenticated")
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret));
  const headers = { authorization: `Bearer ${token}` };

  const open = async (name: ServerName): Promise<Contender> => {
    const { child, ready } = await startChild("server-process.ts", MEASURED, { name, url, jwtSecret });
    opened.use(child);
    const pool = new Pool(z.string().parse(ready), { connections: CONNECTIONS, pipelining: 1 });
    opened.defer(() => pool.destroy());
    const cpu = async (): Promise<number> => z.number().parse(await child.ask({}));
    const call = async (): Promise<void> => {
      const { statusCode, body } = await pool.request({ path: paths[name], method: "GET", headers });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${name} answered ${statusCode}: ${text.slice(0, 300)}`);
    };
    return {
      slice: slices(call, cpu),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  };
  const contenders: Record<ServerName, Contender> = {
    waybill: await open("waybill"),
    express: await open("express"),
    expressPerCaller: await open("expressPerCaller"),
  };
  await warmUp(contenders, CONNECTIONS, pace);
  return await takeTurns(contenders, CONNECTIONS, pace);
}
