import type { ErrorCode } from "@waybill/contracts";
import type { ProcedurePath } from "../testing/procedure-path.ts";

/**
 * Who gets what: written by hand, from the documents, before the test that holds every answer against it; never from
 * what the server does. `acts.ts` says what is asked. A new procedure does not compile without its row.
 *
 * Ada owns what is asked for, Bea is another user, the admin has the role, the revoked session was Ada's, and so is the
 * access token, which expired an hour ago.
 */
export const callers = ["nobody", "ada", "bea", "admin", "revoked", "expired"] as const;
export type CallerName = (typeof callers)[number];

/** `done`: answered, and what is Ada's is in it where that was asked for. `without`: answered with nothing of Ada's. */
export type Outcome = "done" | "without" | ErrorCode;

type Row = readonly [nobody: Outcome, ada: Outcome, bea: Outcome, admin: Outcome, revoked: Outcome, expired: Outcome];

/** Beside tRPC. */
export type Route = "GET /operations/export";

const done = "done";
const without = "without";
const unknown = "UNAUTHENTICATED";
const over = "SESSION_OVER";
const expired = "SESSION_EXPIRED";
const forbidden = "FORBIDDEN";
const hidden = "NOT_FOUND";
const invalid = "TOKEN_INVALID";

// prettier-ignore
export const accessTable: Readonly<Record<ProcedurePath | Route, Row>> = {
  //                              nobody   ada        bea        admin      revoked expired
  "clients.deactivate":         [unknown, forbidden, forbidden, done,      over,   expired],
  "clients.get":                [unknown, forbidden, forbidden, done,      over,   expired],
  "clients.list":               [unknown, forbidden, forbidden, done,      over,   expired],
  "clients.reconnect":          [unknown, forbidden, forbidden, done,      over,   expired],
  "clients.register":           [unknown, forbidden, forbidden, done,      over,   expired],
  "clients.remove":             [unknown, forbidden, forbidden, done,      over,   expired],

  "data.aggregate":             [unknown, done,      without,   without,   over,   expired],
  "data.count":                 [unknown, done,      done,      done,      over,   expired],
  "data.create":                [unknown, done,      done,      done,      over,   expired],
  "data.createMany":            [unknown, done,      done,      done,      over,   expired],
  "data.get":                   [unknown, done,      hidden,    hidden,    over,   expired],
  "data.list":                  [unknown, done,      without,   without,   over,   expired],
  "data.remove":                [unknown, done,      hidden,    hidden,    over,   expired],
  "data.update":                [unknown, done,      hidden,    hidden,    over,   expired],
  "data.updateMany":            [unknown, done,      hidden,    hidden,    over,   expired],
  "data.upsert":                [unknown, done,      "RLS_DENIED", "RLS_DENIED", over, expired],

  "models.check":               [unknown, forbidden, forbidden, done,      over,   expired],
  "models.create":              [unknown, forbidden, forbidden, done,      over,   expired],
  "models.deprecate":           [unknown, forbidden, forbidden, done,      over,   expired],
  "models.diff":                [unknown, forbidden, forbidden, done,      over,   expired],
  "models.drift":              [unknown, forbidden, forbidden, done,      over,   expired],
  "models.get":                 [unknown, done,      done,      done,      over,   expired],
  "models.history":             [unknown, forbidden, forbidden, done,      over,   expired],
  "models.import":             [unknown, forbidden, forbidden, done,      over,   expired],
  "models.list":                [unknown, done,      done,      done,      over,   expired],
  "models.migrate":             [unknown, forbidden, forbidden, done,      over,   expired],
  "models.migrations":         [unknown, forbidden, forbidden, done,      over,   expired],
  "models.plan":               [unknown, forbidden, forbidden, done,      over,   expired],
  "models.purge":              [unknown, forbidden, forbidden, done,      over,   expired],
  "models.reactivate":          [unknown, forbidden, forbidden, done,      over,   expired],
  "models.rollback":           [unknown, forbidden, forbidden, done,      over,   expired],
  "models.update":              [unknown, forbidden, forbidden, done,      over,   expired],
  "models.usage":               [unknown, forbidden, forbidden, done,      over,   expired],
  "models.validate":            [unknown, done,      done,      done,      over,   expired],
  "models.watch":               [unknown, done,      done,      done,      over,   expired],

  "operations.advise":          [unknown, forbidden, forbidden, done,      over,   expired],
  "operations.get":             [unknown, done,      hidden,    done,      over,   expired],
  "operations.list":            [unknown, done,      without,   done,      over,   expired],
  "operations.retention":       [unknown, forbidden, forbidden, done,      over,   expired],
  "operations.slow":            [unknown, forbidden, forbidden, done,      over,   expired],
  "operations.stats":           [unknown, forbidden, forbidden, done,      over,   expired],
  "GET /operations/export":     [unknown, done,      without,   done,      over,   expired],

  "sessions.adopt":             [done,    done,      done,      done,      done,   done],
  "sessions.changePassword":    [unknown, done,      done,      done,      over,   expired],
  "sessions.list":              [unknown, done,      without,   done,      over,   expired],
  "sessions.login":             [done,    done,      done,      done,      done,   done],
  "sessions.loginWithCode":     [done,    done,      done,      done,      done,   done],
  "sessions.loginWithOauth":    [done,    done,      done,      done,      done,   done],
  "sessions.logout":            [unknown, done,      done,      done,      over,   invalid],
  "sessions.me":                [unknown, done,      without,   without,   over,   expired],
  "sessions.mine":              [unknown, done,      without,   without,   over,   expired],
  "sessions.oauthUrl":          [done,    done,      done,      done,      done,   done],
  "sessions.refresh":           [unknown, done,      done,      done,      over,   invalid],
  "sessions.requestCode":       [done,    done,      done,      done,      done,   done],
  "sessions.revoke":            [unknown, done,      hidden,    done,      over,   expired],
  "sessions.revokeOthers":      [unknown, done,      done,      done,      over,   expired],
  "sessions.signOutEverywhere": [unknown, done,      done,      done,      over,   expired],
  "sessions.signUp":            [done,    done,      done,      done,      done,   done],

  "system.health":              [done,    done,      done,      done,      done,   done],
};
