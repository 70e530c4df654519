import type { FetchImplementation } from "jose";
import { Agent, fetch } from "undici";

/** Fetches a project's public keys, trusting `ca` besides the usual certificates. */
export function keyFetcher(ca: string | undefined): FetchImplementation & AsyncDisposable {
  const agent = new Agent({ connect: ca === undefined ? {} : { ca }, headersTimeout: 5000, bodyTimeout: 5000 });
  const fetchKeys: FetchImplementation = async (url, { headers, method, signal }) => {
    const answer = await fetch(url, { headers: [...headers], method, signal, redirect: "manual", dispatcher: agent });
    return new Response(await answer.text(), { status: answer.status });
  };
  return Object.assign(fetchKeys, { [Symbol.asyncDispose]: () => agent.destroy() });
}
