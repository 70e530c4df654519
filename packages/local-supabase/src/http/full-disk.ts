import type { RequestHandler } from "../lite-walls/guard-requests.ts";

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/** Answers 503 with Postgres's own code for a full disk to what may write, while there is no room; reading goes on. */
export function refuseWritesWithoutRoom(handler: RequestHandler, lowOnSpace: () => boolean): RequestHandler {
  return async (request) => {
    if (reading.has(request.method) || !lowOnSpace()) return handler(request);
    const message = "The disk of the data directory is almost full: nothing is written until there is more space.";
    const hint = "Free some space on that disk. Reading goes on.";
    return Response.json({ code: "53100", message, details: null, hint }, { status: 503 });
  };
}
