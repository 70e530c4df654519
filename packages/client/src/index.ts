export { createWaybillClient, type WaybillClient, type WaybillClientOptions } from "./create-client.ts";
export { waybillErrorOf, type WaybillErrorData } from "./waybill-error.ts";
