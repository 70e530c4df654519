import { z } from "zod";
import { reissue, UserBannedError, type AuthenticationMethod, type TokenIssuer } from "./access-token.ts";

const sessionSchema = z.looseObject({ access_token: z.string() });

// Types of GoTrue that lite does not know, and those that look at the same tokens.
const otpTypes: Record<string, string> = { email: "magiclink", invite: "signup" };

/** Passes an Auth request on to lite, and puts right what lite leaves out of tokens. */
export async function guardAuth(
  request: Request,
  fetch: (request: Request) => Promise<Response>,
  issuer: TokenIssuer,
): Promise<Response> {
  const url = new URL(request.url);
  const route = url.pathname.slice("/auth/v1/".length);
  const method = authenticationMethod(route, url.searchParams.get("grant_type"));
  const response = await fetch(route === "verify" ? await withKnownType(request, url) : request);
  try {
    if (response.status === 303 || response.status === 302) return await withFullLocation(response, method, issuer);
    if (request.method !== "POST" || !response.ok) return response;
    return ["token", "signup", "verify"].includes(route) ? await withFullToken(response, method, issuer) : response;
  } catch (error) {
    if (!(error instanceof UserBannedError)) throw error;
    return Response.json({ code: 400, error_code: "user_banned", msg: error.message }, { status: 400 });
  }
}

function authenticationMethod(route: string, grantType: string | null): AuthenticationMethod {
  if (route === "verify") return "otp";
  if (route === "callback") return "oauth";
  if (route === "token" && grantType === "pkce") return "oauth";
  return route === "token" && grantType === "refresh_token" ? undefined : "password";
}

async function withKnownType(request: Request, url: URL): Promise<Request> {
  if (request.method === "GET") {
    const known = otpTypes[url.searchParams.get("type") ?? ""];
    if (known === undefined) return request;
    url.searchParams.set("type", known);
    return new Request(url, request);
  }
  const text = await request.text();
  return new Request(request.url, { method: request.method, headers: request.headers, body: rewriteType(text) });
}

function rewriteType(text: string): string {
  try {
    const body = z.looseObject({ type: z.string() }).parse(JSON.parse(text));
    return JSON.stringify({ ...body, type: otpTypes[body.type] ?? body.type });
  } catch {
    return text;
  }
}

async function withFullToken(response: Response, method: AuthenticationMethod, issuer: TokenIssuer): Promise<Response> {
  const body: unknown = await response.json();
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const session = sessionSchema.safeParse(body);
  // A sign-up that has to be confirmed first answers with the user alone.
  if (!session.success) return Response.json(body, { status: response.status, headers });
  const access_token = await reissue(session.data.access_token, method, issuer);
  return Response.json({ ...session.data, access_token }, { status: response.status, headers });
}

/** A link's answer has its session in the fragment of the address that it leads to. */
async function withFullLocation(
  response: Response,
  method: AuthenticationMethod,
  issuer: TokenIssuer,
): Promise<Response> {
  const [address, fragment] = (response.headers.get("location") ?? "").split("#");
  const parameters = new URLSearchParams(fragment);
  const accessToken = parameters.get("access_token");
  if (accessToken === null) return response;
  parameters.set("access_token", await reissue(accessToken, method, issuer));
  const headers = new Headers(response.headers);
  headers.set("location", `${address}#${parameters.toString()}`);
  return new Response(null, { status: response.status, headers });
}
