import { TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "@waybill/server/router";

/** The program is wrong, so there is no use in trying again. */
export class SubscriptionsMissingError extends Error {
  override readonly name = "SubscriptionsMissingError";
}

/** For a client that was not given them: says what is missing. */
export const withoutSubscriptions: TRPCLink<AppRouter> = () => () =>
  observable((observer) => {
    const cause = new SubscriptionsMissingError(
      "This client cannot subscribe: create it with createWaybillClient({ url, subscriptions })",
    );
    observer.error(TRPCClientError.from(cause));
  });
