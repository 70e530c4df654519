import { sessionCookie } from "../../http/cookies.ts";
import { isOver, type RequestContext } from "../../trpc/context.ts";
import { cookieSeconds } from "./logins/delivered.ts";

type CookieContext = Pick<RequestContext, "bearer" | "delivery">;

/** The token that a call came with by cookie; null for a bearer. */
function byCookie({ bearer, delivery }: CookieContext): string | null {
  const cookie = delivery().read(sessionCookie);
  return cookie === bearer ? cookie : null;
}

/**
 * After a refresh the cookie lives as long as after a login, but in a stream, where the next refresh will do; with a
 * session that is over it goes.
 */
export async function kept<Result>(ctx: CookieContext, refresh: () => Promise<Result>): Promise<Result> {
  const token = byCookie(ctx);
  if (token === null) return refresh();
  try {
    const result = await refresh();
    ctx.delivery().prolong(sessionCookie, token, cookieSeconds);
    return result;
  } catch (error) {
    if (isOver(error)) ctx.delivery().clear(sessionCookie);
    throw error;
  }
}

/** A logout takes the cookie with it, also where the session had ended already. One that fails leaves it for another try. */
export async function ended<Result>(ctx: CookieContext, logout: () => Promise<Result>): Promise<Result> {
  const clear = (): void => {
    if (byCookie(ctx) !== null) ctx.delivery().clear(sessionCookie);
  };
  try {
    const result = await logout();
    clear();
    return result;
  } catch (error) {
    if (isOver(error)) clear();
    throw error;
  }
}
