import { ApiError } from "../../../trpc/api-error.ts";

/** Of the database itself, for what the Data API cannot do. Throws DATABASE_URL_MISSING. */
export function neededUrl(dbUrl: string | undefined): string {
  if (dbUrl !== undefined) return dbUrl;
  throw new ApiError({ code: "DATABASE_URL_MISSING" });
}
