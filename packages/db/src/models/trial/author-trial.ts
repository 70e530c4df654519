/**
 * A function for a database that is taken back: tries each row by itself, as `authenticated`, and counts what went well.
 * A row that may not be inserted is put there all the same, so that the rest can be tried; once one was inserted, the
 * others no longer count.
 */
export const authorTrialSql = `
create function public.waybill_author_trial(target text, key text, samples jsonb, may_insert boolean) returns jsonb
language plpgsql as $trial$
declare
  sample jsonb;
  names text;
  statement text;
  is_own boolean;
  is_seen boolean;
  is_updated boolean;
  is_deleted boolean;
  changed bigint;
  counts jsonb := '{"tried": 0, "inserted": 0, "seen": 0, "updated": 0, "deleted": 0}';
begin
  for sample in select s from jsonb_array_elements(samples) as s loop
    is_own := false;
    is_seen := false;
    is_updated := false;
    is_deleted := false;
    select string_agg(quote_ident(n), ', ') into names from jsonb_object_keys(sample) as n;
    statement := case when names is null then format('insert into %s default values', target) else
      format('insert into %1$s (%2$s) select %2$s from jsonb_populate_record(null::%1$s, $1)', target, names) end;
    begin
      if may_insert then
        begin
          perform set_config('role', 'authenticated', true);
          execute statement using sample;
          is_own := true;
        exception when others then
          null;
        end;
      end if;
      perform set_config('role', 'none', true);
      if not is_own then
        execute statement using sample;
      end if;
      perform set_config('role', 'authenticated', true);
      begin
        execute format('select exists (select from %s)', target) into is_seen;
        execute format('update %1$s set %2$s = %2$s', target, key);
        get diagnostics changed = row_count;
        is_updated := changed > 0;
      exception when insufficient_privilege then
        null;
      end;
      begin
        execute format('delete from %s', target);
        get diagnostics changed = row_count;
        is_deleted := changed > 0;
      exception when insufficient_privilege then
        null;
      end;
      raise exception using errcode = 'WB000';
    exception
      when sqlstate 'WB000' then
        if is_own and counts ->> 'inserted' = '0' then
          counts := jsonb_build_object(
            'tried', counts -> 'tried', 'inserted', 0, 'seen', 0, 'updated', 0, 'deleted', 0
          );
        end if;
        counts := counts || jsonb_build_object('tried', (counts ->> 'tried')::int + 1);
        if is_own or counts ->> 'inserted' = '0' then
          counts := counts || jsonb_build_object(
            'inserted', (counts ->> 'inserted')::int + is_own::int,
            'seen', (counts ->> 'seen')::int + is_seen::int,
            'updated', (counts ->> 'updated')::int + is_updated::int,
            'deleted', (counts ->> 'deleted')::int + is_deleted::int
          );
        end if;
      when others then
        -- no row of this table
        null;
    end;
  end loop;
  return counts;
end;
$trial$`;
