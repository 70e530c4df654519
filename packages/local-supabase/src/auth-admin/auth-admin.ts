import { jwtVerify } from "jose";
import { z } from "zod";
import { toUser, type Query } from "./account.ts";
import { AdminError, toAdminError, validationFailed } from "./admin-error.ts";
import {
  inviteSchema,
  linkSchema,
  pageSchema,
  parseInput,
  readJson,
  userCreateSchema,
  userDeleteSchema,
  userUpdateSchema,
} from "./admin-input.ts";
import { generateLink, invite, type Link } from "./links.ts";
import { createUser, deleteUser, getUser, listUsers, updateUser } from "./manage-users.ts";

export interface AuthAdminOptions {
  /** The stack's own address, where a link leads to. */
  url: string;
  /** Where a verified link leads on to, unless the caller names another place. */
  siteUrl: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  query: Query;
}

/**
 * Answers `auth.admin.*` and `auth.admin.inviteUserByEmail` of supabase-js as GoTrue does, which lite leaves out.
 * No mail is sent: the invited user's link comes from `generateLink`.
 *
 * @returns `null` for a request that is not for it
 */
export function authAdminHandler(options: AuthAdminOptions): (request: Request) => Promise<Response | null> {
  return async (request) => {
    const url = new URL(request.url);
    const route = /^\/auth\/v1\/(invite$|admin\/.*)/.exec(url.pathname)?.[1];
    // A browser asks first what it may send; lite answers that for all of /auth/v1.
    if (route === undefined || request.method === "OPTIONS") return null;
    try {
      await authorize(request, options);
      return await answer(`${request.method} ${route}`, request, url, options);
    } catch (error) {
      return toAdminError(error).toResponse();
    }
  };
}

async function answer(call: string, request: Request, url: URL, options: AuthAdminOptions): Promise<Response> {
  const { query } = options;
  const redirectTo = url.searchParams.get("redirect_to");
  switch (call) {
    case "POST invite": {
      const { account } = await invite(query, parseInput(inviteSchema, await readJson(request)));
      return Response.json(toUser(account));
    }
    case "POST admin/generate_link": {
      const input = parseInput(linkSchema, await readJson(request));
      return Response.json(toLink(await generateLink(query, input), input.redirect_to ?? redirectTo, options));
    }
    case "POST admin/users":
      return Response.json(toUser(await createUser(query, parseInput(userCreateSchema, await readJson(request)))));
    case "GET admin/users":
      return userPage(query, url);
  }
  const [, method, userId, rest] = /^(\w+) admin\/users\/([^/]+)(\/factors)?$/.exec(call) ?? [];
  if (userId === undefined) throw new AdminError(404, "not_found", "This admin endpoint is not available locally");
  if (!z.guid().safeParse(userId).success) throw validationFailed("user_id must be an UUID", 404);
  if (rest !== undefined && method === "GET") return Response.json([]);
  if (rest === undefined && method === "GET") return Response.json(toUser(await getUser(query, userId)));
  if (rest === undefined && method === "PUT") {
    const changes = parseInput(userUpdateSchema, await readJson(request));
    return Response.json(toUser(await updateUser(query, userId, changes)));
  }
  if (rest === undefined && method === "DELETE") {
    const { should_soft_delete } = parseInput(userDeleteSchema, await readJson(request));
    if (should_soft_delete)
      throw validationFailed("The local stack deletes users for good; leave should_soft_delete out");
    await deleteUser(query, userId);
    return Response.json({});
  }
  throw new AdminError(405, "not_found", `${method} is not allowed here`);
}

async function userPage(query: Query, url: URL): Promise<Response> {
  // supabase-js sends `page=` for a page that is not given.
  const given = [...url.searchParams].filter(([, value]) => value !== "");
  const request = parseInput(pageSchema, Object.fromEntries(given));
  const { users, total } = await listUsers(query, request);
  const last = Math.max(1, Math.ceil(total / request.per_page));
  const link = (page: number, rel: string): string =>
    `</admin/users?page=${page}&per_page=${request.per_page}>; rel="${rel}"`;
  const links = [...(request.page < last ? [link(request.page + 1, "next")] : []), link(last, "last")];
  return Response.json(
    { users: users.map(toUser), aud: "authenticated" },
    { headers: { "x-total-count": String(total), link: links.join(", ") } },
  );
}

function toLink(link: Link, redirectTo: string | null | undefined, { url, siteUrl }: AuthAdminOptions): object {
  const target = redirectTo ?? siteUrl;
  const parameters = new URLSearchParams({
    token: link.hashedToken,
    type: link.verificationType,
    redirect_to: target,
  });
  return {
    ...toUser(link.account),
    action_link: `${url}/auth/v1/verify?${parameters.toString()}`,
    email_otp: link.otp,
    hashed_token: link.hashedToken,
    verification_type: link.verificationType,
    redirect_to: target,
  };
}

/** Only the secret key, or a token signed for the role `service_role`, as GoTrue has it. */
async function authorize(request: Request, options: AuthAdminOptions): Promise<void> {
  const bearer = request.headers.get("authorization")?.replace(/^Bearer\s+/i, "");
  const apiKey = request.headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");
  const notAdmin = new AdminError(403, "not_admin", "User not allowed");
  if (!bearer && !apiKey) {
    throw new AdminError(401, "no_authorization", "This endpoint requires a valid Bearer token");
  }
  if (apiKey !== options.secretKey && apiKey !== options.publishableKey && bearer !== options.secretKey) {
    throw new AdminError(401, "no_authorization", "This endpoint requires a valid API key");
  }
  if (bearer && !bearer.startsWith("sb_")) {
    const verified = await jwtVerify(bearer, new TextEncoder().encode(options.jwtSecret), {
      algorithms: ["HS256"],
    }).catch(() => undefined);
    if (!verified) throw new AdminError(403, "bad_jwt", "invalid JWT: unable to verify the token's signature");
    if (verified.payload["role"] !== "service_role") throw notAdmin;
    return;
  }
  if ((bearer || apiKey) !== options.secretKey) throw notAdmin;
}
