import { isJson } from "../capture/jsonb-text.ts";
import type { OperationClass } from "../classify/operation-class.ts";

const QUOTE = 34;
/** How the capture of a body that is over its limit begins; it was not looked at whole. */
const CUT = '{"truncated":true';

/**
 * Whether an answer that calls itself JSON is none: cut short by a wrong length, or spoiled on its way. supabase-js
 * makes an error of it, so the record must not call it a success.
 *
 * @param captured what the record keeps of it. The capture has parsed the text already, and keeps as a string what is no
 *   JSON; only then, and where nothing is captured, is it parsed here. Of a body over its limit only both ends are seen.
 */
export function isBrokenJson(
  kind: Pick<OperationClass, "service" | "captures">,
  contentType: string | undefined,
  text: string,
  captured: string,
): boolean {
  if (text === "" || kind.service === "functions" || contentType?.includes("json") !== true) return false;
  if (!kind.captures) return !isJson(text);
  if (captured.startsWith(CUT)) return !endsAsItBegins(text);
  return captured.charCodeAt(0) === QUOTE && text.charCodeAt(0) !== QUOTE && !isJson(text);
}

function endsAsItBegins(text: string): boolean {
  const last = text.trimEnd().at(-1);
  const first = text.trimStart().at(0);
  if (first === "[") return last === "]";
  return first === "{" ? last === "}" : true;
}
