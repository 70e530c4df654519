import { ApiError } from "../../../trpc/api-error.ts";

/**
 * The address of `allowed` that `wanted` is, as it is to be passed on. Throws VALIDATION_FAILED for any other: a sign-in
 * that ends at an address of the caller's choice would hand the user's code to whoever sent the link (open redirect).
 *
 * @param allowed addresses as URL writes them, without query and fragment
 */
export function allowedRedirect(wanted: string, allowed: readonly string[]): string {
  // parsed as the browser will: backslashes, tabs and upper case are no way around the comparison
  const address = URL.canParse(wanted) ? new URL(wanted).href : null;
  const found = allowed.find((entry) => entry === address);
  if (found !== undefined) return found;
  const message = "must be one of the addresses in WAYBILL_REDIRECTS, with nothing after its path";
  throw new ApiError({
    code: "VALIDATION_FAILED",
    message: `redirect_to ${message}`,
    hint: "The operator adds the address of your app that ends a sign-in to WAYBILL_REDIRECTS.",
    issues: [{ field: "redirect_to", rule: "allowed", message }],
  });
}
