import { hash } from "node:crypto";
import { isJsonObject, type JsonValue } from "@waybill/contracts";

/** A write that is done once, however often it is asked for. */
export interface Once {
  readonly procedure: string;
  readonly key: string;
  /** Of all else that was asked. */
  readonly inputHash: string;
}

/** Null for a call that brings no key. */
export function onceOf(procedure: string, { idempotency_key: key, ...asked }: Asked): Once | null {
  if (key === undefined) return null;
  return { procedure, key, inputHash: hash("sha256", canonical(asked), "base64url") };
}

interface Asked {
  readonly idempotency_key?: string | undefined;
  readonly [field: string]: JsonValue | undefined;
}

/** JSON with its keys in order, so that who sends them in another one asks for the same. */
function canonical(asked: object): string {
  return JSON.stringify(asked, (_, value: unknown) =>
    isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
}
