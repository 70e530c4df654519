/** Whose lock it is: two that change a schema never meet, wherever they run. */
export const advisoryLock = "pg_catalog.pg_advisory_xact_lock(hashtext('waybill'), hashtext('migrations'))";
