export { openClientRows } from "./client-rows.ts";
export { type Connection, type ConnectionHealth, type ConnectionOptions, openConnection } from "./connection.ts";
