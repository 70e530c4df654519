import { once } from "node:events";
import { createServer } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { keyFetcher } from "../start/fetch-keys.ts";
import { projectKeys, type KeyTimes } from "../features/sessions/project-keys.ts";

/** Stands for a project's Auth as far as it publishes its keys: the embedded one has none. */
export async function openIssuer() {
  const published = new Map<string, object>();
  let instead: { readonly status: number; readonly body: string } | "hangs" | undefined;
  let looks = 0;
  const server = createServer((_request, response) => {
    looks += 1;
    if (instead === "hangs") return;
    response.statusCode = instead?.status ?? 200;
    response.end(instead?.body ?? JSON.stringify({ keys: [...published.values()] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const fetch = keyFetcher(undefined);
  const publishPair = async (kid: string) => {
    const pair = await generateKeyPair("ES256");
    published.set(kid, { ...(await exportJWK(pair.publicKey)), kid, alg: "ES256", use: "sig" });
    return pair;
  };
  return {
    looks: () => looks,
    keys: (times: Partial<KeyTimes> = {}, now?: () => number) =>
      projectKeys({
        url: new URL(`http://127.0.0.1:${port}/jwks.json`),
        fetch,
        times,
        ...(now === undefined ? {} : { now }),
      }),
    publishPair,
    publish: async (kid: string) => (await publishPair(kid)).privateKey,
    withdraw: (kid: string) => void published.delete(kid),
    /** What every look meets from now on; the keys again where it is undefined. */
    answerWith(status?: number, body = "") {
      instead = status === undefined ? undefined : { status, body };
    },
    hang() {
      instead = "hangs";
    },
    sign: (claims: JWTPayload, key: CryptoKey, kid: string) =>
      new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).setExpirationTime("1h").sign(key),
    async [Symbol.asyncDispose]() {
      await fetch[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
