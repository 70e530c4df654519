import { randomUUID } from "node:crypto";
import { parseEncryptionKeys } from "@waybill/db";
import { hashOfToken, makeSessionToken } from "../../apps/server/src/features/sessions/session-token.ts";
import { sealTokens } from "../../packages/db/src/stores/session-tokens.ts";
import type { Child } from "./child.ts";
import { type Contender, type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";
import {
  CONNECTIONS,
  contenderOf,
  makeProject,
  type ServerProcess,
  startServerProcess,
} from "./start-server-process.ts";

export type ServerName = "waybill" | "waybillSession" | "waybillOpen" | "express" | "expressPerCaller";

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
  const project = await makeProject(url);
  const { accessToken, encryptionKey } = project;
  const sessionToken = makeSessionToken();
  await stub.ask({ session: sessionRow(encryptionKey, sessionToken, accessToken) });

  const start = async (name: Parameters<typeof startServerProcess>[0]): Promise<ServerProcess> => {
    const server = await startServerProcess(name, project);
    opened.use(server.child);
    return server;
  };
  const asking = (name: ServerName, server: ServerProcess, bearer = accessToken): Contender =>
    contenderOf(server, opened, {
      path: paths[name],
      method: "GET",
      headers: { authorization: `Bearer ${bearer}` },
    });
  const waybill = await start("waybill");
  // the three of Waybill in one process: two would differ in what V8 makes of them by more than the question costs
  const contenders: Record<ServerName, Contender> = {
    waybill: asking("waybill", waybill),
    waybillSession: asking("waybillSession", waybill, sessionToken),
    waybillOpen: asking("waybillOpen", { ...waybill, url: waybill.openUrl ?? waybill.url }),
    express: asking("express", await start("express")),
    expressPerCaller: asking("expressPerCaller", await start("expressPerCaller")),
  };
  await warmUp(contenders, CONNECTIONS, pace);
  return await takeTurns(contenders, CONNECTIONS, pace);
}

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
