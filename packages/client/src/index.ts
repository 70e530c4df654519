export { createWaybillClient, type WaybillClient, type WaybillClientOptions } from "./create-client.ts";
export { modelRows, type ModelRows, type RowPage, type RowQuery } from "./model-rows.ts";
export { subscriptions, type SubscriptionOptions } from "./subscriptions.ts";
export { watchModels, type WatchOptions } from "./watch-models.ts";
export { waybillErrorOf, type WaybillErrorData } from "./waybill-error.ts";
