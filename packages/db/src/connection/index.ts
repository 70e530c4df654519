export { type AddressGuard, createAddressGuard } from "./address-guard.ts";
export { type ClientRows, openClientRows } from "./client-rows.ts";
export { type Connection, type ConnectionHealth, type ConnectionOptions, openConnection } from "./connection.ts";
