import { z } from "zod";
import type { OperationClass } from "../classify/operation-class.ts";
import type { ReadRequest } from "./read-request.ts";

/** Tokens whose subject is remembered; a server sees the same few over and over. */
const REMEMBERED = 1000;

const payloadSchema = z.object({ sub: z.string().min(1).max(255) });

/** The user that a token names. Anybody can write such a token; Supabase alone can tell whether it is genuine. */
export interface Subject {
  readonly id: string;
  /** Whether Supabase has taken this very token. Until then the id goes into no record. */
  proven: boolean;
}

/** The subject of an `Authorization` header; null for a key, which names nobody. */
export type SubjectOf = (authorization: string | undefined) => Subject | null;

/** One for each project: what another one has taken proves nothing here. */
export function createSubjects(): SubjectOf {
  const subjects = new Map<string, Subject | null>();
  return (authorization) => {
    if (authorization === undefined || authorization.startsWith("Bearer sb_")) return null;
    const known = subjects.get(authorization);
    if (known !== undefined) return known;
    if (subjects.size >= REMEMBERED) subjects.clear();
    const id = readSubject(authorization);
    const subject = id === null ? null : { id, proven: false };
    subjects.set(authorization, subject);
    return subject;
  };
}

const SIGNED_IN_AUTH = /^\/auth\/v1\/(?:user|logout|factors|reauthenticate)(?:\/|$)/;
const OPEN_FILES = /^\/storage\/v1\/(?:object|render\/image)\/(?:info\/|upload\/|authenticated\/)?(?:public|sign)\//;

/** Which answers come only after the token was verified, a service. */
const proofs: Record<OperationClass["service"], (answer: ProvingAnswer) => boolean> = {
  rest: ({ succeeded, code, status }) => succeeded || (code !== null && status < 500 && status !== 401),
  rpc: (answer) => proofs.rest(answer),
  graphql: ({ succeeded }) => succeeded,
  auth: ({ succeeded, path }) => succeeded && SIGNED_IN_AUTH.test(path),
  storage: ({ succeeded, path }) => succeeded && !OPEN_FILES.test(path),
  functions: () => false,
  realtime: () => false,
  other: () => false,
};

interface ProvedRequest {
  readonly kind: Pick<OperationClass, "service">;
  readonly request: Pick<ReadRequest, "path">;
}

interface ProvingAnswer {
  readonly path: string;
  readonly status: number;
  readonly succeeded: boolean;
  readonly code: string | null;
}

/**
 * Whether an answer shows that Supabase verified the request's token. PostgREST does before all else; Auth and Storage
 * have endpoints that never look at it; what an edge function checks is its own affair.
 *
 * @param code of an error, which a gateway in front of PostgREST does not give
 */
export function provesToken({ kind, request }: ProvedRequest, status: number, code: string | null) {
  const succeeded = status >= 200 && status < 300;
  return proofs[kind.service]({ path: request.path, status, succeeded, code });
}

function readSubject(authorization: string): string | null {
  const payload = /^Bearer [^.]+\.([^.]+)\.[^.]*$/i.exec(authorization)?.[1];
  if (payload === undefined) return null;
  try {
    return payloadSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))).sub;
  } catch {
    return null;
  }
}
