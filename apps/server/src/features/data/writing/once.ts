import { hash } from "node:crypto";
import { canonicalJson, type JsonValue } from "@waybill/contracts";

/** A write that is done once, however often it is asked for. */
export interface Once {
  readonly procedure: string;
  readonly key: string;
  /** Of all else that was asked; in whatever order it came, it is the same. */
  readonly inputHash: string;
}

/** Null for a call that brings no key. */
export function onceOf(procedure: string, { idempotency_key: key, ...asked }: Asked): Once | null {
  if (key === undefined) return null;
  return { procedure, key, inputHash: hash("sha256", canonicalJson(asked), "base64url") };
}

interface Asked {
  readonly idempotency_key?: string | undefined;
  readonly [field: string]: JsonValue | undefined;
}
