import { columnsOf, columnStorage, type DataModelCreate, type ErrorIssue } from "@waybill/contracts";

/** Whether a definition holds what the compiler leaves to Postgres: an author's SQL, or texts that a type of its own reads. */
export function needsPostgres({ fields, indexes, rls_policies: policies }: DataModelCreate): boolean {
  const hasConditions = (indexes ?? []).some(({ where, method }) => where !== undefined || method !== "btree");
  const hasPolicies = policies !== null && !("preset" in policies) && policies.length > 0;
  const hasOwnTypes = columnsOf(fields).some((column) => {
    const storage = columnStorage(fields, column);
    return storage.ok && ["array", "opaque"].includes(storage.type.family);
  });
  return hasConditions || hasPolicies || hasOwnTypes;
}

/** Whether the compiler says it of a condition that the author wrote. What Postgres says hangs on the table's types. */
export function isOfAuthorsSql({ field, layer }: ErrorIssue): boolean {
  return layer !== "database" && /^(?:rls_policies\.\d+\.|indexes\.\d+\.where$)/.test(field);
}
