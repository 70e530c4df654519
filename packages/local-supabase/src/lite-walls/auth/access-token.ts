import { decodeJwt, SignJWT } from "jose";
import { z } from "zod";
import type { Engine } from "../../engine.ts";

export interface TokenIssuer {
  /** `https://…/auth/v1` */
  issuer: string;
  jwtSecret: string;
  query: Engine["query"];
}

/** How a session began, as GoTrue's `amr` claim names it; `undefined` when it goes on with a refresh. */
export type AuthenticationMethod = "password" | "otp" | "oauth" | undefined;

export class UserBannedError extends Error {
  override readonly name = "UserBannedError";
}

const liteClaimsSchema = z.looseObject({
  sub: z.guid(),
  session_id: z.guid(),
  iat: z.number(),
  exp: z.number(),
});

const accountSchema = z.object({
  aud: z.string().nullable(),
  role: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  app_metadata: z.record(z.string(), z.unknown()).nullable(),
  user_metadata: z.record(z.string(), z.unknown()).nullable(),
  is_anonymous: z.boolean(),
  banned: z.boolean(),
  amr: z.array(z.object({ method: z.string(), timestamp: z.number() })),
});

/**
 * Signs lite's access token again with the claims that a hosted project's has: `iss`, `phone`,
 * `app_metadata`, `user_metadata`, `aal`, `amr`, `is_anonymous`. The metadata are read now,
 * so that a role given by an admin is in the user's next token.
 *
 * @throws UserBannedError, which lite does not look for; the session is ended
 */
export async function reissue(
  accessToken: string,
  method: AuthenticationMethod,
  { issuer, jwtSecret, query }: TokenIssuer,
): Promise<string> {
  const { sub, session_id, iat, exp } = liteClaimsSchema.parse(decodeJwt(accessToken));
  if (method) await query(rememberMethod, [session_id, method]);
  const [row] = await query(readAccount, [sub, session_id]);
  const account = accountSchema.parse(row);
  if (account.banned) {
    await query("delete from auth.sessions where id = $1", [session_id]);
    throw new UserBannedError("User is banned");
  }
  return new SignJWT({
    sub,
    iss: issuer,
    aud: account.aud ?? "authenticated",
    iat,
    exp,
    email: account.email ?? "",
    phone: account.phone ?? "",
    app_metadata: account.app_metadata ?? {},
    user_metadata: account.user_metadata ?? {},
    role: account.role ?? "authenticated",
    aal: "aal1",
    amr: account.amr,
    session_id,
    is_anonymous: account.is_anonymous,
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(jwtSecret));
}

const rememberMethod = /* sql */ `
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values (gen_random_uuid(), $1, now(), now(), $2)
  on conflict (session_id, authentication_method) do nothing`;

const readAccount = /* sql */ `
  select aud, role, email, phone, is_anonymous,
    raw_app_meta_data as app_metadata,
    raw_user_meta_data as user_metadata,
    coalesce(banned_until > now(), false) as banned,
    (select coalesce(jsonb_agg(jsonb_build_object(
        'method', authentication_method,
        'timestamp', extract(epoch from created_at)::bigint
      ) order by created_at), '[]'::jsonb)
      from auth.mfa_amr_claims where session_id = $2) as amr
  from auth.users where id = $1`;
