import { randomBytes, randomUUID } from "node:crypto";
import { makeEncryptionKey } from "@waybill/db";
import { SignJWT } from "jose";
import { Pool } from "undici";
import { z } from "zod";
import { MEASURED, startChild } from "./child.ts";
import { CONNECTIONS } from "./measure-servers.ts";
import { type Contender, type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";
import { slices } from "./slice.ts";

/** The stub's models of one table: one with a schema and three rules, one that takes any values. */
export type CreatedModel = "checked" | "unchecked";

const row = { id: 7, iata: "LAX", name: "Los Angeles International", note: "x".repeat(100) };

/** The whole way of a create: what validation adds to it. */
export async function measureCreates(url: string, pace: Pace): Promise<Rounds<CreatedModel>> {
  await using opened = new AsyncDisposableStack();
  const jwtSecret = randomBytes(32).toString("base64url");
  const accessToken = await new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(randomUUID())
    .setAudience("authenticated")
    .setIssuer(`${url}/auth/v1`)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret));
  const encryptionKey = makeEncryptionKey();

  const open = async (model: CreatedModel): Promise<Contender> => {
    const setup = { name: "waybill", url, jwtSecret, encryptionKey, accessToken };
    const { child, ready } = await startChild("server-process.ts", MEASURED, setup);
    opened.use(child);
    const pool = new Pool(z.string().parse(ready), { connections: CONNECTIONS, pipelining: 1 });
    opened.defer(() => pool.destroy());
    const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
    const input = JSON.stringify({ model, row });
    const call = async (): Promise<void> => {
      const { statusCode, body } = await pool.request({
        path: "/trpc/data.create",
        method: "POST",
        headers,
        body: input,
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${model} answered ${statusCode}: ${text.slice(0, 300)}`);
    };
    return {
      slice: slices(call, async () => z.number().parse(await child.ask({}))),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  };
  const contenders = { checked: await open("checked"), unchecked: await open("unchecked") };
  await warmUp(contenders, CONNECTIONS, pace);
  return await takeTurns(contenders, CONNECTIONS, pace);
}
