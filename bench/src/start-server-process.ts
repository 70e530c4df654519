import { randomBytes, randomUUID } from "node:crypto";
import { makeEncryptionKey } from "@waybill/db";
import { SignJWT } from "jose";
import { Pool } from "undici";
import { z } from "zod";
import { type Child, MEASURED, startChild } from "./child.ts";
import type { Contender } from "./paired.ts";
import { slices } from "./slice.ts";

/** Keep-alive connections, each with one request after the other. */
export const CONNECTIONS = 32;

/** A project's secrets, and somebody who is signed in. */
export interface Project {
  readonly url: string;
  readonly jwtSecret: string;
  readonly encryptionKey: string;
  readonly accessToken: string;
}

export async function makeProject(url: string): Promise<Project> {
  const jwtSecret = randomBytes(32).toString("base64url");
  const accessToken = await new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(randomUUID())
    .setAudience("authenticated")
    .setIssuer(`${url}/auth/v1`)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret));
  return { url, jwtSecret, encryptionKey: makeEncryptionKey(), accessToken };
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: Child;
  /** What was counted of its CPU. */
  readonly process: { counted?: number };
  readonly url: string;
  /** Of Waybill: where nobody asks who calls. */
  readonly openUrl?: string | undefined;
}

const readySchema = z.object({ url: z.string(), openUrl: z.string().optional() });

export async function startServerProcess(
  name: "waybill" | "express" | "expressPerCaller",
  project: Project,
): Promise<ServerProcess> {
  const { child, ready } = await startChild("server-process.ts", MEASURED, { name, ...project });
  return { child, process: {}, ...readySchema.parse(ready) };
}

/** What a contender asks again and again. */
export interface Asked {
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One way to ask a server process; several of one process are compared by its CPU in their own slices. */
export function contenderOf(
  { child, process, url }: ServerProcess,
  opened: AsyncDisposableStack,
  asked: Asked,
): Contender {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  opened.defer(() => pool.destroy());
  const cpu = async (): Promise<number> => z.number().parse(await child.ask({}));
  const call = async (): Promise<void> => {
    const { statusCode, body } = await pool.request({ ...asked });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${asked.path} answered ${statusCode}: ${text.slice(0, 300)}`);
  };
  return { slice: slices(call, cpu, process), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
