import type { Transaction } from "./database.ts";
import { sealed } from "./rows.ts";

/** Rows in each table. */
export const skewedRowCount = 100_000;

/**
 * Fills every table as a busy project's would be: one client, one user and one status hold most rows, the rest are rare.
 * Number 777 stands in each of the long tails. Foreign keys are not checked meanwhile.
 */
export async function fillSkewed(tx: Transaction): Promise<void> {
  const series = tx`generate_series(0, ${skewedRowCount - 1}) n`;
  await tx`set local session_replication_role = replica`;
  await tx`
    insert into supabase_clients (client_id, supabase_url, supabase_key, client_type, is_active, connection_status)
    select 'i' || n || '/' || kind, 'https://example.supabase.co', ${sealed}, kind, n % 200 <> 0,
      case when n % 200 = 0 then 'disconnected' else 'connected' end
    from ${series}, lateral (select case when n % 250 = 1 then 'service_role' else 'anon' end as kind) k`;
  await tx`
    insert into authentication_contexts
      (session_id, user_id, access_token, refresh_token, token_hash, created_at, last_activity, expires_at, is_active)
    select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
      'user-' || case when n % 2 = 0 then 0 else n end, ${sealed}, ${sealed}, lpad(n::text, 64, '0'),
      now() - interval '1 day', now() - interval '1 day',
      now() + case when n % 100 = 1 then interval '-1 h' else n * interval '1 s' end, n % 50 < 2
    from ${series}`;
  await tx`
    insert into data_models (model_id, model_name, table_name, schema_version, fields, is_active, created_by)
    select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'M' || n, 't' || n, '1.0.0',
      '{"type": "object", "properties": {"id": {}}}', n % 200 <> 0, 'user-0'
    from ${series}`;
  await tx`
    insert into data_model_versions (model_id, schema_version, model_name, table_name, fields, created_by)
    select model_id, schema_version, model_name, table_name, fields, created_by from data_models`;
  await tx`
    insert into database_operations
      (operation_id, client_id, operation_type, table_name, status, error_message, execution_time_ms, created_at,
       completed_at, user_id, request_id, session_id, model_id, schema_version, attempts)
    select ('0193f2a4-7d1e-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
      'i' || case when n % 2 = 0 then 0 else n end || '/anon', 'read', 'airports', kind,
      case when kind = 'error' then 'it failed' end, 3, at, case when kind <> 'pending' then at + interval '3 ms' end,
      'user-' || case when n % 4 <> 0 then 0 else n % 1000 end, 'req-' || n,
      ('00000000-0000-4000-8000-' || lpad((n % 5000)::text, 12, '0'))::uuid,
      ('00000000-0000-4000-8000-' || lpad((n % 2000)::text, 12, '0'))::uuid, '1.0.0', 1
    from ${series},
      lateral (
        select case when n % 1000 = 0 then 'pending' when n % 50 = 2 then 'error' else 'success' end as kind,
          now() - n * interval '1 s' as at
      ) k`;
  for (const table of ["supabase_clients", "authentication_contexts", "data_models", "data_model_versions"]) {
    await tx`analyze ${tx(table)}`;
  }
  await tx`analyze database_operations`;
}
