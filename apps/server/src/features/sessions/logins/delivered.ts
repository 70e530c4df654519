import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { sessionCookie } from "../../../http/cookies.ts";
import type { RequestContext } from "../../../trpc/context.ts";
import { isSessionToken } from "../session-token.ts";
import type { Deliver, loginOutputSchema, OpenedSession } from "./login.ts";

/** How long a browser keeps the cookie after login or refresh; the session itself ends by its own rules. */
export const cookieSeconds = 30 * 86_400;

/** So long at most does a new session wait for the end of the one before, which goes on without it. */
const partingMs = 2_000;

/**
 * Opens a session and hands its token over. A token that came with the request is never taken for the new one's; the
 * session whose cookie goes ends, for nobody would hold it any more.
 */
export async function delivered(
  { delivery, services: { openSessions, sessions } }: Pick<RequestContext, "delivery" | "services">,
  deliver: Deliver,
  open: () => Promise<OpenedSession>,
): Promise<z.output<typeof loginOutputSchema>> {
  if (deliver === "token") {
    const { session, token } = await open();
    return { session, session_token: token };
  }
  const cookies = delivery();
  cookies.refuseUnlessPossible();
  const { session, token } = await open();
  const replaced = cookies.read(sessionCookie);
  cookies.set(sessionCookie, token, cookieSeconds);
  if (replaced !== null && isSessionToken(replaced)) {
    const parted = openSessions.find(replaced).then((held) => sessions.logout(held));
    // it had ended before, or ends when it has been idle for long enough; the new one is good all the same
    await Promise.race([parted.catch(() => {}), wait(partingMs, undefined, { ref: false })]);
  }
  return { session };
}
