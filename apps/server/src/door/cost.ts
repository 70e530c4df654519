/** What a limit counts together. */
export type RateClass = "logins" | "reads" | "writes";

/** Procedures in a class of their own, however they are asked; all others are reads when they are asked by GET, else writes. */
export const namedClasses: Readonly<Record<string, RateClass>> = {
  "models.validate": "reads",
  "sessions.adopt": "logins",
  "sessions.changePassword": "logins",
  "sessions.login": "logins",
  "sessions.loginWithCode": "logins",
  "sessions.loginWithOauth": "logins",
  "sessions.oauthUrl": "logins",
  // Supabase Auth has one quota of them for all who come through this server; those that it makes by itself are few
  "sessions.refresh": "logins",
  "sessions.requestCode": "logins",
  "sessions.signUp": "logins",
};

export interface Asked {
  readonly method: string;
  readonly path: string;
}

/**
 * How many calls of each class a request makes: a batch costs as many as it has, `mostCalls` at the most, since a longer
 * one is refused. Names are read as tRPC reads them: percent-decoded, from the last part of the path.
 */
export function costOf({ method, path }: Asked, mostCalls: number): ReadonlyMap<RateClass, number> {
  const cost = new Map<RateClass, number>();
  for (const name of decoded(path.slice(path.lastIndexOf("/") + 1)).split(",", mostCalls)) {
    const own = Object.hasOwn(namedClasses, name) ? namedClasses[name] : undefined;
    const kind = own ?? (method === "POST" ? "writes" : "reads");
    cost.set(kind, (cost.get(kind) ?? 0) + 1);
  }
  return cost;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // such a URL reaches no procedure
    return text;
  }
}
